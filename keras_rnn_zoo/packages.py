"""Packages that only some features need, most of them installed by an extra of this project."""

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.errors import DataError, ZooError


def require_packages(packages: Sequence[str], extra: str, what: str, error: type[ZooError] = DataError) -> None:
    """Raises an error unless packages are installed.

    Args:
        packages: the names that they are imported by.
        extra: the extra of this project that installs them; "" if none does.
        what: what needs them, as the subject of a message.
        error: the type of the error.
    """
    if missing := [package for package in packages if not is_installed(package)]:
        raise error(f"{lack_of(missing, what, install_command(extra, *missing))}.")


def optional_package(module: str, extra: str, what: str, error: type[ZooError] = DataError) -> Any:
    """Imports a module of an optional package, such as `"pyarrow.parquet"`; other arguments as `require_packages`."""
    require_packages([module.partition(".")[0]], extra, what, error)
    return importlib.import_module(module)


def is_installed(package: str) -> bool:
    """Whether a package is installed, by the name that it is imported by."""
    return importlib.util.find_spec(package) is not None


def install_command(extra: str, *packages: str) -> str:
    """Returns the command that installs an extra of this project; or packages, if the extra is ""."""
    return f'pip install "keras-rnn-zoo[{extra}]"' if extra else f"pip install {' '.join(packages)}"


def lack_of(packages: Sequence[str], what: str, command: str) -> str:
    """Says which packages something needs, and the command that installs them; without a full stop."""
    *others, last = packages
    names = f"packages {', '.join(others)} and {last}" if others else f"package {last}"
    return f"{what} needs the {names}: {command}"
