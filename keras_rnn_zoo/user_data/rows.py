"""The base class of file formats: yields rows, each with its location in the file."""

import abc
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import file_digest, user_path
from keras_rnn_zoo.display.printing import alternatives, short_repr
from keras_rnn_zoo.errors import DataError, nearest
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.user_data.columns import files_of

ROWS_SAMPLED, CHARACTERS_SAMPLED = 200, 2**22
"""Maximum number of the first rows that are held to choose defaults, and of characters after which no more are read."""
MAX_SHOWN = 60
"""Maximum number of characters of a value to show in a message."""


class Row(NamedTuple):
    """One example of the files.

    Attributes:
        where: its location, such as "line 7".
        raw: the input: a text, the path of a file, or an array.
        target: the target: a text, a number, a tuple of several, or a list of texts.
    """

    where: str
    raw: Any
    target: Any


class BadRow(NamedTuple):
    """A row that cannot be used.

    Attributes:
        where: its location, such as "line 7".
        column: the column with the fault, or "".
        value: the invalid value; "" if there is none to show.
        fault: the fault, in words.
    """

    where: str
    column: str
    value: Any
    fault: str

    def describe(self, path: str) -> str:
        """Returns the fault with its location, for a message: in the file `path`, or, if it is "", in the same file."""
        same_file = self.where if "." in self.where.partition(" ")[0] else self.where[:1].upper() + self.where[1:]
        column = f", column {self.column!r}" if self.column else ""
        is_shown = not isinstance(self.value, str) or self.value  # Arrays have no single truth value.
        value = f" ({shown(self.value)})" if is_shown else ""
        return f"{f'{path}, {self.where}' if path else same_file}{column}: {self.fault}{value}"


class RowSource(abc.ABC):
    """The files at an address, opened for one task. Opening reads only enough to determine the columns.

    Args:
        location: the path, or several paths separated by commas.
        tasks: the tasks that the files may be for; the columns decide between them.
        given: for each word of the option `columns` ("text", "label"), the column that the user named.
        encoding: the encoding of texts; "" for that of a byte order mark, or else UTF-8.
    """

    input = "text"
    features = 1
    """Number of features per step, for series."""
    unspecified = ""
    """The tag of words without a tag, which is not learned; "" if every tag is learned."""
    is_text = False
    """Whether it is a table whose lines Python parses, so that several processes read several files sooner."""
    chunk = 256
    """Number of inputs that are passed to TensorFlow at once."""
    present: Sequence[str] = ()
    """The names of the columns, for tables."""
    target_columns: tuple[str, ...] = ()
    """The names of the targets if an example has several, which are then a tuple; else empty."""
    task: str
    columns: Mapping[str, str]

    @abc.abstractmethod
    def __init__(self, location: str, tasks: tuple[str, ...], given: Mapping[str, str], encoding: str) -> None: ...

    @functools.cached_property
    def task_files(self) -> registry.TaskFiles:
        """How files hold the examples of the task."""
        return files_of(self.task)

    def raw_spec(self) -> Any:
        """Returns the `tf.TensorSpec` of a raw input: a string by default."""
        return tf.TensorSpec([], tf.string)

    @classmethod
    def divided(cls, location: str) -> dict[str, str]:  # noqa: ARG003  Only folders have them.
        """Returns the folders of splits within `location`, by split; empty if there are none."""
        return {}

    @classmethod
    def roots(cls, location: str) -> list[Path]:
        """Returns the absolute paths that name data with splits of its own, as returned by `divided`."""
        return [existing_folder(location)]

    @abc.abstractmethod
    def paths(self) -> list[Path]:
        """Returns the files, in a fixed order."""

    def named(self) -> list[Path]:
        """Returns the absolute paths in the address: those of the files, or of their folder."""
        return self.paths()

    def address(self) -> str:
        """Returns the address of the files without the format, with absolute paths."""
        return ",".join(map(str, self.named()))

    @abc.abstractmethod
    def rows(self) -> Iterator[Row | BadRow]:
        """Yields the rows, always in the same order."""

    def blocks(self) -> Any:
        """Returns the `keras_rnn_zoo.user_data.blocks.Blocks` of rows that can be read in any order, or `None`."""
        return None

    def part_reports(self, seed: int, classes: Sequence[str], compared: bool) -> Iterator[Any] | None:
        """Yields the `RowReport` of each of several files that are read in parallel; `None` if they are not."""
        return None

    def part_examples(self, selection: Any) -> Iterator[tuple[bytes, Any] | None] | None:
        """Yields the raw input and the target of each selected row of several files that are read in parallel.

        Args:
            selection: the `keras_rnn_zoo.user_data.row_stream.Selection`.

        Returns:
            An iterator with `None` for rows that are not selected; `None` if the files are not read in parallel.
        """
        return None

    def part_chunks(self, selection: Any) -> Callable[[str], Iterator[Mapping[str, int]]] | None:
        """Returns a function from a kind of tokens to the numbers of chunks in the selected rows, some at a time.

        Returns `None` if files are not read in parallel. See `keras_rnn_zoo.layers.text_chunks`.
        """
        return None

    def limit_memory(self, files: int) -> None:  # noqa: B027  Most formats hold little in memory.
        """Limits what is held in memory between passes, given the number of files that are open together."""

    def mixed_rows(self, seed: int) -> Iterator[Row | BadRow]:
        """Yields the rows shuffled with `seed`, as far as memory allows."""
        return self.rows()

    def load(self, row: Row) -> Any:
        """Returns the raw input of a row as in datasets: the bytes of a text or image, or an array."""
        return row.raw.encode()

    def check(self, row: Row) -> str:
        """Returns the fault of a row's input, or ""; the validation pass calls it for every row."""
        return ""

    def key(self, row: Row) -> bytes:
        """Returns the key that determines the split of a row: rows with the same key are in the same split."""
        return bytes(row.raw.encode())

    def content(self, row: Row) -> bytes:
        """Returns a value that is equal for rows, also of different files, with the same input."""
        return self.key(row)

    def defaults(self) -> dict[str, Any]:
        """Returns defaults of settings and options that suit these files better than the general ones."""
        return {}

    def warnings(self) -> list[str]:
        """Returns warnings, as sentences: files that are not used, or that may be meant in another way."""
        return []

    def header_hint(self, bad: Sequence[BadRow]) -> str:
        """Returns a sentence for a message about bad rows if one of them may be a header, or ""."""
        return ""

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


def joined_checksum(sums: Sequence[str]) -> str:
    """Returns one checksum for several, such as those of the files of each split; that of a single one is its own."""
    import hashlib

    return sums[0] if len(sums) == 1 else hashlib.sha256(" ".join(sums).encode()).hexdigest()


def shown(value: Any) -> str:
    """Returns a value as shown in messages: quoted, truncated, and with invalid bytes escaped."""
    try:
        text = " ".join(str(value).split())
    except ValueError:  # An integer of more digits than Python formats.
        text = short_repr(value)
    if not text.isascii():
        try:
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        except UnicodeEncodeError:  # An unpaired surrogate that is escaped in JSON.
            text = text.encode("utf-8", "backslashreplace").decode()
    return f"'{text}'" if len(text) <= MAX_SHOWN else f"'{text[:MAX_SHOWN]}...'"


def existing_file(location: str) -> Path:
    """Returns the absolute path of a file that the user named; raises `DataError` if it is not a readable file."""
    path = user_path(location).absolute()
    if path.is_dir():
        raise DataError(f"{path} is a folder; a file is expected. Name the file.")
    return _readable(path)


def existing_folder(location: str) -> Path:
    """Returns the absolute path of a folder that the user named; raises `DataError` if it is not a readable folder."""
    path = user_path(location).absolute()
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
        hint = f"Did you mean {alternatives([*map(repr, close)])}?" if close else "Check the path."
        raise DataError(f"There is no {path}. {hint}")
    if not os.access(path, os.R_OK):
        raise DataError(f"{path} cannot be read: permission denied. Change its permissions.")
    return path


def sampled(rows: Iterable[Row | BadRow]) -> list[Row]:
    """Returns the valid ones of the first rows, from which defaults are chosen: a limited number, of a limited size."""
    found, size = list[Row](), 0
    for row in itertools.islice(rows, ROWS_SAMPLED):
        if isinstance(row, Row):
            found.append(row)
            size += sum(len(value) for value in row[1:] if isinstance(value, str))
        if size > CHARACTERS_SAMPLED:
            break
    return found


def first(items: Iterable[Any], number: int) -> list[Any]:
    """Returns the first `number` items."""
    return list(itertools.islice(items, number))
