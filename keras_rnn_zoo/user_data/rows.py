"""What every form of files provides: rows, one after another, each with the place it came from."""

import abc
import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import file_digest, user_path
from keras_rnn_zoo.errors import DataError, nearest
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.user_data.columns import files_of

SHOWN = 60
"""Characters of a value that a message shows."""


class Row(NamedTuple):
    """One example as it stands in the files.

    Attributes:
        where: where it stands, such as "line 7".
        raw: the input: a text, the path of a file, or an array.
        target: the target: a text, a number or a list of texts.
    """

    where: str
    raw: Any
    target: Any


class BadRow(NamedTuple):
    """A row that cannot be used: where it stands, in which column (or ""), what is there and what is wrong with it."""

    where: str
    column: str
    value: Any
    fault: str

    def describe(self, path: str) -> str:
        """Returns the fault in words, with the file `path`."""
        column = f", column {self.column!r}" if self.column else ""
        return f"{path}, {self.where}{column}: {self.fault}" + (f" ({shown(self.value)})" if self.value != "" else "")


class RowSource(abc.ABC):
    """The files at one place, opened for one task; reads what it must to know its columns, and nothing else.

    Args:
        place: the path, or the paths joined by commas.
        tasks: the tasks that the files may be for; the columns decide where there are several.
        given: for each word of a task ("text", "label"), the column that the user named.
        encoding: the encoding of texts; "" for the one that a byte order mark tells, else UTF-8.
    """

    input = "text"
    features = 1
    """Numbers a step; for series."""
    unspecified = ""
    """The tag of a word that has none, which teaches nothing; "" where every tag counts."""
    chunk = 256
    """Inputs that are handed to TensorFlow at once."""
    task: str
    columns: Mapping[str, str]

    @abc.abstractmethod
    def __init__(self, place: str, tasks: tuple[str, ...], given: Mapping[str, str], encoding: str) -> None: ...

    @functools.cached_property
    def task_files(self) -> registry.TaskFiles:
        """How the examples of the task stand in files."""
        return files_of(self.task)

    def raw_spec(self) -> Any:
        """Returns the `tf.TensorSpec` of a raw input: a string by default."""
        return tf.TensorSpec([], tf.string)

    @classmethod
    def divided(cls, place: str) -> dict[str, str]:  # noqa: ARG003  Only folders are.
        """Returns the places that a place is divided into, by split; empty where it is not."""
        return {}

    @abc.abstractmethod
    def paths(self) -> list[Path]:
        """Returns the files, in a fixed order."""

    def named(self) -> list[Path]:
        """Returns the paths that the address names, absolute: those of the files, or of their folder."""
        return self.paths()

    @abc.abstractmethod
    def rows(self) -> Iterator[Row | BadRow]:
        """Gives the rows, one after another, always in the same order."""

    def mixed_rows(self, seed: int) -> Iterator[Row | BadRow]:
        """Gives the rows in an order drawn with `seed`, as far as memory allows."""
        return self.rows()

    def load(self, row: Row) -> Any:
        """Returns the raw input of a row as data sets give it: bytes of a text or image, or an array."""
        return row.raw.encode()

    def check(self, row: Row) -> str:
        """Returns what is wrong with a row's input, or ""; the first pass asks it of every row."""
        return ""

    def key(self, row: Row) -> bytes:
        """Returns what tells the split of a row: rows with the same key stand in the same split."""
        return bytes(row.raw.encode())

    def content(self, row: Row) -> bytes:
        """Returns what tells whether two rows, also of different files, have the same input."""
        return self.key(row)

    def defaults(self) -> dict[str, Any]:
        """Returns the settings and options that suit these files better than the general defaults."""
        return {}

    def warnings(self) -> list[str]:
        """Returns sentences that tell what of the files is not used, or may be meant in another way."""
        return []

    def checksum(self) -> str:
        """Returns a SHA-256 over the names and contents of the files."""
        import hashlib

        paths = self.paths()
        if len(paths) == 1:
            return file_digest(paths[0])
        total = hashlib.sha256()
        for path in paths:
            total.update(f"{path.name} {file_digest(path)}\n".encode())
        return total.hexdigest()


def shown(value: Any) -> str:
    """Returns a value as messages show it, cut short; a byte that is no character as its number."""
    text = " ".join(str(value).split())
    if not text.isascii():
        try:
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        except UnicodeEncodeError:  # Half of a pair that JSON spelt out.
            text = text.encode("utf-8", "backslashreplace").decode()
    return f"'{text}'" if len(text) <= SHOWN else f"'{text[:SHOWN]}...'"


def existing_file(place: str) -> Path:
    """Returns the path of a file that a user named, absolute; raises `DataError` where there is none."""
    path = user_path(place).absolute()
    if path.is_dir():
        raise DataError(f"{path} is a folder; a file is expected. Name the file.")
    return _readable(path)


def existing_folder(place: str) -> Path:
    """Returns the path of a folder that a user named, absolute; raises `DataError` where there is none."""
    path = user_path(place).absolute()
    if path.is_file():
        raise DataError(f"{path} is a file; a folder is expected. Name the folder.")
    return _readable(path)


def _readable(path: Path) -> Path:
    import os

    if not path.exists():
        try:
            close = nearest(path.name, [other.name for other in path.parent.iterdir()])
        except OSError:
            close = []
        hint = f"Did you mean {' or '.join(map(repr, close))}?" if close else "Check the path."
        raise DataError(f"There is no {path}. {hint}")
    if not os.access(path, os.R_OK):
        raise DataError(f"{path} may not be read. Change its permissions.")
    return path


def first(items: Iterable[Any], number: int) -> list[Any]:
    """Returns the first `number` items."""
    import itertools

    return list(itertools.islice(items, number))
