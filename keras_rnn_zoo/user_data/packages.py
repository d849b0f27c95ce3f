"""Packages that only some file formats need."""

import importlib
import importlib.util
from typing import Any

from keras_rnn_zoo.errors import DataError


def optional_package(module: str, extra: str, what: str) -> Any:
    """Imports a module of an optional package.

    Args:
        module: name of the module, such as `"pyarrow.parquet"`.
        extra: the extra of this project that installs the package.
        what: what needs it, as the subject of a message.

    Raises:
        DataError: the package is not installed.
    """
    package = module.partition(".")[0]
    if importlib.util.find_spec(package) is None:
        raise DataError(f'{what} needs the package {package}: pip install "keras-rnn-zoo[{extra}]".')
    return importlib.import_module(module)
