"""Rows of a table in memory, and texts that are its rows."""

import collections
import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.blocks import BLOCK_SIZE
from keras_rnn_zoo.user_data.columnar import Columnar
from keras_rnn_zoo.user_data.python_data import PythonData
from keras_rnn_zoo.user_data.rows import BadRow, Row

LARGEST_BATCH = 4096
"""Maximum number of rows that are converted to Python values at once."""


class InMemory:
    """The splits and the name of data in memory, whose location is a `PythonData`; to be mixed into a `RowSource`."""

    @classmethod
    def divided(cls, location: Any) -> dict[str, Any]:
        parts: dict[str, Any] = location.parts()
        return parts

    @classmethod
    def roots(cls, location: Any) -> list[Path]:
        return [Path(location.title)]


class MemoryTable(InMemory, Columnar):
    """Rows of a table in memory, such as a DataFrame. They are counted from 0, as in Python."""

    def open(self, location: PythonData) -> Mapping[str, tuple[str, ...]]:
        self._data, self._table, self._digest = location, location.table, ""
        return self._table.fields

    def paths(self) -> list[Path]:
        return []

    def named(self) -> list[Path]:
        return [Path(self._data.title)]

    def where(self, index: int) -> str:
        return f"row {index}"

    def count(self) -> int:
        return len(self._table)

    def batches(self, columns: Sequence[str], start: int = 0) -> Iterator[Sequence[Sequence[Any]]]:
        # A single block may be needed, or all rows.
        size = BLOCK_SIZE
        while start < len(self._table):
            yield self._table.read(columns, start, min(start + size, len(self._table)))
            start, size = start + size, min(2 * size, LARGEST_BATCH)

    def rows(self) -> Iterator[Row | BadRow]:
        if self._digest:
            yield from super().rows()
            return
        total = hashlib.sha256(json.dumps([self.task, *self.columns]).encode())
        rows = super().rows()
        while chunk := list(itertools.islice(rows, LARGEST_BATCH)):
            parts = [self._parts(row) if isinstance(row, Row) else row.describe("") for row in chunk]
            total.update(json.dumps(parts).encode())
            yield from chunk
        self._digest = total.hexdigest()  # Only now has everything been read.

    def checksum(self) -> str:
        """Returns a SHA-256 of the inputs and targets, which is the same for equal rows of any kind of table."""
        if not self._digest:
            collections.deque(self.rows(), maxlen=0)
        return self._digest

    def _parts(self, row: Row) -> tuple[Any, Any]:
        """Returns the input and target of a row as values that JSON can represent."""
        return row.raw, row.target


class MemoryText:
    """A single text in memory, of which each row of a table holds a line; see `keras_rnn_zoo.user_data.text_corpus`.

    Args:
        data: the table.
        given: the columns that the user named, by word.
        encoding: the encoding of bytes; "" for UTF-8.
    """

    def __init__(self, data: PythonData, given: Mapping[str, str], encoding: str) -> None:
        self._table = MemoryTable(data, ("language_modeling",), given, encoding, ("text",))
        self.encoding, self.path = self._table.encoding, self._table.named()[0]

    def lines(self) -> Iterator[tuple[str, int]]:
        for row in self._table.rows():
            if isinstance(row, BadRow):
                raise DataError(f"{row.describe(str(self.path))}. Correct the row.")
            yield (row.raw if row.raw.endswith("\n") else f"{row.raw}\n"), 0

    def digest(self) -> str:
        return self._table.checksum()
