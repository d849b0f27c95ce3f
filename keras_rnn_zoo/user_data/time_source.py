"""Tables of any format as rows over time: the values of named columns, and where each row is."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.columnar import Columnar, is_blank_value
from keras_rnn_zoo.user_data.joined_files import JoinedFiles
from keras_rnn_zoo.user_data.rows import BadRow, RowSource
from keras_rnn_zoo.user_data.source_files import open_source
from keras_rnn_zoo.user_data.table import Table
from keras_rnn_zoo.user_data.time_columns import TASK, TimeColumns, resolve_time_columns

_FILE = 2**40
"""What the numbers of rows of one file are below, and by which those of the next file are larger."""


class TimeRow(NamedTuple):
    """One row.

    Attributes:
        number: stands for its location; see `TimeSource.where`.
        fields: the values of the columns that were asked for: texts, or, in JSON Lines, numbers and booleans, too.
        bad: its fault, if it cannot be read.
    """

    number: int
    fields: Sequence[Any] = ()
    bad: BadRow | None = None


class TimeSource:
    """A table over time in any format: a text file, columnar data, data in memory, or several files.

    Args:
        table: the table, opened for its time alone.

    Attributes:
        present: the names of its columns.
        path: the file, the pattern of the files, or the type of data in memory, for messages.
    """

    def __init__(self, table: RowSource) -> None:
        self.table = table
        self._parts: list[Any] = table.parts if isinstance(table, JoinedFiles) else [table]
        self.present = self._parts[0].present
        self.path: Path = table.named()[0]
        self._digest = ""

    @property
    def encoding(self) -> str:
        """The encoding of texts."""
        first = self._parts[0]
        return str(first.file.encoding if isinstance(first, Table) else first.encoding)

    def rows(self, columns: Sequence[str]) -> Iterator[TimeRow]:
        """Yields the rows that are not blank, with the values of columns.

        Args:
            columns: the names of the columns.
        """
        in_memory = not self.table.paths()
        total = hashlib.sha256(json.dumps(columns).encode())
        for number, part in enumerate(self._parts):
            for row in _records(part, columns):
                if in_memory:
                    total.update(json.dumps(row.fields).encode())
                place = number * _FILE + row.number
                yield TimeRow(place, row.fields, row.bad and row.bad._replace(where=self.where(place)))
        self._digest = total.hexdigest()  # Only now has everything been read.

    def where(self, number: int) -> str:
        """Returns the location of a row for messages, such as "line 7", given its number."""
        file, inner = divmod(number, _FILE)
        part = self._parts[file]
        place = f"line {inner}" if isinstance(part, Table) else part.where(inner)
        return f"{self.table.names[file]} {place}" if isinstance(self.table, JoinedFiles) else place

    def checksum(self) -> str:
        """Returns the SHA-256 of the files, or of the rows of data in memory, which must have been read."""
        return self.table.checksum() if self.table.paths() else self._digest


def open_time_source(
    kind: type[RowSource], joins_files: bool, location: Any, given: Mapping[str, str], **reading: Any
) -> tuple[TimeSource, TimeColumns]:
    """Opens a table over time, and finds its columns without reading its rows.

    Args:
        kind: the class of the table.
        joins_files: whether the location may be a pattern of several files.
        location: the path, or data in memory.
        given: for each word of the option `columns`, the column or columns that the user named.
        **reading: the options with which `kind` reads, such as the encoding.
    """
    if kind.divided(location):
        raise DataError(
            f"{location} has splits of its own. A table over time is split by time, with the option splits: name or "
            "pass a single table with all rows."
        )
    time = {"time": given["time"]} if "time" in given else {}
    table = open_source(kind, joins_files, location, (TASK,), time, words=("time",), **reading)
    source = TimeSource(table)
    return source, resolve_time_columns(given, source.present, source.path)


def _records(part: Any, columns: Sequence[str]) -> Iterator[TimeRow]:
    """Yields the rows of one table, numbered by lines, or from 0."""
    if isinstance(part, Table):
        places = [part.present.index(name) for name in columns]
        for record, _ in part.records():
            if not record.blank:
                fields = () if record.bad else [record.fields[place] for place in places]
                yield TimeRow(int(record.where.rpartition(" ")[2]), fields, record.bad)
        return
    table: Columnar = part
    for number, values in table.records(columns):
        if all(map(is_blank_value, values)) and table.is_blank(number):
            continue
        texts = [table.text(value, name) for value, name in zip(values, columns, strict=True)]
        bad = None
        if None in texts:
            place = texts.index(None)
            fault = f"a time, a number or a name is expected; received the type {type(values[place]).__name__}"
            bad = BadRow(table.where(number), columns[place], values[place], fault)
        yield TimeRow(number, texts, bad)
