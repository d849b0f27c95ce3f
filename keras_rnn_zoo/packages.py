"""Packages that only some features need, each installed by an extra of this project."""

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.errors import DataError, ZooError


def require_packages(packages: Sequence[str], extra: str, what: str, error: type[ZooError] = DataError) -> None:
    """Raises an error unless packages are installed.

    Args:
        packages: the names that they are imported by.
        extra: the extra of this project that installs them.
        what: what needs them, as the subject of a message.
        error: the type of the error.
    """
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        noun = "package" if len(missing) == 1 else "packages"
        raise error(f'{what} needs the {noun} {" and ".join(missing)}: pip install "keras-rnn-zoo[{extra}]".')


def optional_package(module: str, extra: str, what: str, error: type[ZooError] = DataError) -> Any:
    """Imports a module of an optional package, such as `"pyarrow.parquet"`; other arguments as `require_packages`."""
    require_packages([module.partition(".")[0]], extra, what, error)
    return importlib.import_module(module)
