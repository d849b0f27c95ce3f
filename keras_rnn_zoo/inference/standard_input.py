"""Standard input as a file to predict."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from keras_rnn_zoo.atomic_files import STANDARD_STREAM
from keras_rnn_zoo.errors import DataError, ZooError

_NAME = "standard input"


@contextlib.contextmanager
def readable_address(address: str) -> Iterator[str]:
    """Yields the address of a file to read: for `-` and `FORMAT:-`, a temporary copy of standard input.

    A copy is needed because files are read more than once, and some formats in any order, which a pipe does not allow.

    Args:
        address: a path or an address. `-` stands for lines of text; other formats are named, as in `csv:-`.

    Raises:
        DataError: there is no standard input.
    """
    format, _, location = address.rpartition(":")
    if location != STANDARD_STREAM:
        yield address
        return
    with tempfile.TemporaryDirectory(prefix="zoo-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / _NAME
        source = getattr(sys.stdin, "buffer", None)
        if source is None:
            raise DataError("There is no standard input to read. Name a file.")
        with open(path, "wb") as file:
            shutil.copyfileobj(source, file)
        try:
            yield f"{format or 'text'}:{path}"
        except ZooError as error:  # Messages name the temporary copy.
            raise type(error)(str(error).replace(str(path), _NAME)) from error
