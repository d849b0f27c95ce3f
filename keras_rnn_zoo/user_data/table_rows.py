"""Tables of any format as rows of texts, as a CSV file of the same table has them, and where each row is."""

import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_rnn_zoo.conventions import MISSING
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.user_data.columnar import Columnar, is_blank_value
from keras_rnn_zoo.user_data.joined_files import JoinedFiles
from keras_rnn_zoo.user_data.labels import KnownClasses
from keras_rnn_zoo.user_data.rows import BadRow, RowSource
from keras_rnn_zoo.user_data.table import Table
from keras_rnn_zoo.user_data.target_checks import check_number
from keras_rnn_zoo.user_data.textfile import check_text
from keras_rnn_zoo.user_data.typed_values import text_of

MEMORY_FRACTION, ROW_BYTES, VALUE_BYTES = 0.8, 200, 100
"""The fraction of free memory that rows may use, and how many bytes a row, and a value that is kept, take at most."""
_TRUTH = {"true": 1.0, "false": 0.0}
_NO_CLASSES = KnownClasses(())
_FILE = 2**40
"""What the numbers of rows of one file are below, and by which those of the next file are larger."""


class TableRow(NamedTuple):
    """One row.

    Attributes:
        number: stands for its location; see `TableRows.where`.
        texts: the texts of the columns that were asked for; `None` for a value that is neither a text nor a number.
        bad: its fault, if it cannot be read.
        values: the values of all columns by name, if they are kept.
    """

    number: int
    texts: Sequence[Any] = ()
    bad: BadRow | None = None
    values: Mapping[str, Any] = {}


class TableRows:
    """The rows of a table in any format: a text file, columnar data, data in memory, or several files.

    Args:
        table: the table, opened without the columns of a task.

    Attributes:
        present: the names of its columns.
        path: the file, the pattern of the files, or the type of data in memory, for messages.
    """

    def __init__(self, table: RowSource) -> None:
        self.table = table
        self._parts: list[Any] = table.parts if isinstance(table, JoinedFiles) else [table]
        self.present: Sequence[str] = self._parts[0].present
        self.path: Path = table.named()[0]
        self._digest = ""

    def rows(self, columns: Sequence[str], *, held: bool = False, keep: bool = False) -> Iterator[TableRow]:
        """Yields the rows that are not blank.

        Args:
            columns: the names of the columns whose texts are needed.
            held: whether the numbers in the rows will be held in memory.
            keep: whether to keep the values of all columns.

        Raises:
            DataError: the rows to be held do not fit in memory.
        """
        in_memory = not self.table.paths()
        total = hashlib.sha256(json.dumps(columns).encode())
        size = ROW_BYTES + 4 * len(columns) + (VALUE_BYTES * len(self.present) if keep else 0)
        limit, count = int(available() * MEMORY_FRACTION) // size, 0
        for index, part in enumerate(self._parts):
            for row in _rows_of(part, columns, keep):
                if in_memory:
                    total.update(json.dumps(row.texts).encode())
                count += row.bad is None
                if held and count > limit:
                    raise DataError(
                        f"{self.path} has more than {limit:,} rows, which do not fit in memory. Name a part of it."
                    )
                number = index * _FILE + row.number
                yield row._replace(number=number, bad=row.bad and row.bad._replace(where=self.where(number)))
        self._digest = total.hexdigest()  # Only now has everything been read.

    def sample(self, columns: Sequence[str], count: int) -> list[list[Any]]:
        """Returns the texts of each column in the first rows, up to `count`; `None` for values without a text."""
        rows = itertools.islice((row.texts for row in self.rows(columns) if row.texts), count)
        return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]

    def where(self, number: int) -> str:
        """Returns the location of a row for messages, such as "line 7", given its number."""
        index, inner = divmod(number, _FILE)
        part = self._parts[index]
        place = f"line {inner}" if isinstance(part, Table) else part.where(inner)
        return f"{self.table.names[index]} {place}" if isinstance(self.table, JoinedFiles) else place

    def file_of(self, row: TableRow) -> str:
        """Returns the name of the file that a row is in; "" if there is only one."""
        return self.table.names[row.number // _FILE] if isinstance(self.table, JoinedFiles) else ""

    def checksum(self) -> str:
        """Returns the SHA-256 of the files, or of the rows of data in memory, which must have been read."""
        return self.table.checksum() if self.table.paths() else self._digest


def number_of(text: str) -> tuple[float, str]:
    """Returns the number in a text, NaN if it is missing, and its fault, or ""."""
    text = text.strip().casefold()
    if text in MISSING:
        return math.nan, ""
    number, fault = check_number(_TRUTH.get(text, text), _NO_CLASSES)
    return (math.nan, fault) if fault else (float(number), "")


def _rows_of(part: Table | Columnar, columns: Sequence[str], keep: bool) -> Iterator[TableRow]:
    """Yields the rows of one table, numbered by lines, or from 0."""
    if isinstance(part, Table):
        places = [part.present.index(name) for name in columns]
        for record, _ in part.records():
            number = int(record.where.rpartition(" ")[2])
            if record.bad:
                yield TableRow(number, (), record.bad)
            elif not record.blank:
                whole = (record.whole or _named(part.present, record.fields)) if keep else {}
                fields = [record.fields[place] for place in places]
                texts = [text_of(value) for value in fields]
                bad = _fault_of(columns, fields, texts, part.file.encoding)
                yield TableRow(number, texts, bad, whole)
        return
    read = list(part.present) if keep else list(columns)
    places = [read.index(name) for name in columns]
    for number, values in part.records(read):
        fields = [values[place] for place in places]
        if all(map(is_blank_value, fields)) and (len(columns) == len(part.present) or part.is_blank(number)):
            continue
        texts = [part.text(value, name) for value, name in zip(fields, columns, strict=True)]
        bad = _fault_of(columns, fields, texts, part.encoding)
        yield TableRow(number, texts, bad, _named(read, values) if keep else {})


def _named(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(names, values, strict=True))


def _fault_of(
    columns: Sequence[str], values: Sequence[Any], texts: Sequence[str | None], encoding: str
) -> BadRow | None:
    """Returns the bad row, without its location, if a value is neither text nor number, or has invalid bytes."""
    for column, value, text in zip(columns, values, texts, strict=True):
        if text is None:
            fault = f"a text or a number is expected; received the type {type(value).__name__}"
            return BadRow("", column, value, fault)
        if not text.isascii() and (bad := check_text(text, "", column, encoding)):
            return bad
    return None
