"""The base class of tables: named columns, and rows that are read in order or in shuffled blocks."""

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.blocks import BLOCK_SIZE, Blocks, mixed_blocks
from keras_rnn_zoo.user_data.columns import are_measured, choose_task, find_columns, resolve, words_of
from keras_rnn_zoo.user_data.prediction_inputs import InputRecord, Writer
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, first, sampled
from keras_rnn_zoo.user_data.text_defaults import text_defaults
from keras_rnn_zoo.user_data.textfile import Mark, TextFile, check_text

TASKS = ("classification", "regression", "translation")
"""The tasks that the rows of a table can be for, the most likely first."""
TYPE_SAMPLE = 10_000
"""Number of rows that decide whether a column has classes or values, if its name is usual for both."""
MAX_COLUMNS = 16_384
"""Maximum number of columns, as in Excel. Rows with more fields are not split, because each field takes memory, and
short rows take time for each column."""


class Record(NamedTuple):
    """One row of a table.

    Attributes:
        where: its location, such as "line 7".
        fields: its fields, in the order of the columns.
        bad: its fault, if it cannot be read.
        whole: the complete object, for JSON.
        blank: whether all of its columns are empty, as in the rows that Excel writes below a table.
    """

    where: str
    fields: Sequence[Any]
    bad: BadRow | None = None
    whole: Mapping[str, Any] | None = None
    blank: bool = False


class Table(RowSource):
    """A file of rows with named columns; see `RowSource`.

    Args:
        words: the words of the option `columns` whose columns are read; by default, those of the task.
        separator: the separator of fields, as in the option `separator`; "" to detect it.
    """

    def __init__(
        self,
        location: str,
        tasks: tuple[str, ...],
        given: Mapping[str, str],
        encoding: str,
        words: tuple[str, ...] | None = None,
        separator: str = "",
    ) -> None:
        self.file = TextFile(location, encoding)
        self.given, self.separator, self.has_header = dict(given), separator, True
        self.present = self._header()
        if len(self.present) > MAX_COLUMNS:
            raise DataError(
                f"{self.file.path} has {len(self.present):,} columns; up to {MAX_COLUMNS:,} are supported. Remove "
                "those that are not needed."
            )
        self.task = tasks[0] if words is not None else choose_task(tasks, self.given, self.present, self._measured)
        words = words_of(self.task, self.input) if words is None else words
        self._check_columns(words)
        self.columns = resolve(words, self.given, self.present, self.file.path, self.task)
        parts = [find_columns(self.columns[word], self.present, self.file.path) for word in words]
        self.target_columns = parts[-1] if len(parts) > 1 and len(parts[-1]) > 1 else ()
        self.indices = [self.present.index(column) for columns in parts for column in columns]
        self._marks: list[Mark] = []
        self._held: list[Record] | None = None  # All records of a small file, once they have been read.

    is_text = True
    delimiter = ","
    present: Sequence[str] = ()
    """The names of the columns; their numbers if the file has no header."""

    def limit_memory(self, files: int) -> None:
        if files > 1:
            self.file.release()

    def _check_columns(self, words: tuple[str, ...]) -> None:
        """Raises `DataError` if the columns are not valid for the format."""

    def paths(self) -> list[Path]:
        return [self.file.path]

    def _header(self) -> list[str]:
        """Returns the names of the columns; their numbers if the file has no header."""
        raise NotImplementedError

    def records(self, mark: Mark | None = None) -> Iterator[tuple[Record, Mark]]:
        """Yields the rows from a mark on, without the header, each with the mark of its end."""
        raise NotImplementedError

    def prediction_writer(self, file: IO[str]) -> Writer:
        """Returns a function that writes a record of this table with its prediction."""
        raise NotImplementedError

    flat = True
    """Whether predictions are written as table cells; see `InputFile`."""

    def cells(self, record: InputRecord) -> Mapping[str, Any]:
        """Returns the fields of a record by column; columns without a name get their number."""
        if record.record.whole is not None:
            return dict(record.record.whole)
        names = [name or str(number) for number, name in enumerate(self.present, 1)]
        return dict(zip(names, record.record.fields, strict=True))

    def _measured(self, column: str) -> bool:
        index = self.present.index(column)
        records = itertools.islice(self.records(), TYPE_SAMPLE)
        return are_measured(record.fields[index] for record, _ in records if not record.bad)

    def rows(self) -> Iterator[Row | BadRow]:
        if self._held is not None:
            yield from (self.row_of(record) for record in self._held if not record.blank)
            return
        marks, held = [self.first_mark()], list[Record]()
        is_small = self.file.content is not None and not self.file.zipped
        for number, (record, mark) in enumerate(self.records(), 1):
            if number % BLOCK_SIZE == 0:
                marks.append(mark)
            if is_small:
                held.append(record)
            if not record.blank:
                yield self.row_of(record)
        self._marks = marks  # Only now are they complete.
        self._held = held if is_small else None

    def first_mark(self) -> Mark:
        """Returns the mark of the first row."""
        return self.file.start

    def blocks(self) -> Blocks | None:
        """Returns the blocks of rows; `None` if the file can only be read from its start."""
        if not self.file.seekable:
            return None
        return Blocks(len(self.marks()), self._block)

    def marks(self) -> Sequence[Mark]:
        """Returns the marks at which blocks begin, for which the file is read once."""
        if not self._marks:  # The file has not been read completely yet.
            for _ in self.rows():
                pass
        return self._marks

    @property
    def has_marks(self) -> bool:
        """Whether the marks at which blocks begin are known."""
        return bool(self._marks)

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Takes the marks that another process has found."""
        self._marks = list(marks)

    def mixed_rows(self, seed: int) -> Iterator[Row | BadRow]:
        blocks = self.blocks()
        return mixed_blocks(blocks.number, blocks.read, seed) if blocks else self.rows()

    def _block(self, index: int) -> list[Row | BadRow]:
        if self._held is None:
            return self.block_at(self._marks[index])
        records = self._held[index * BLOCK_SIZE : (index + 1) * BLOCK_SIZE]
        return [self.row_of(record) for record in records if not record.blank]

    def block_at(self, mark: Mark) -> list[Row | BadRow]:
        """Returns the rows of the block that begins at a mark."""
        records = first(self.records(mark), BLOCK_SIZE)
        return [self.row_of(record) for record, _ in records if not record.blank]

    def row_of(self, record: Record) -> Row | BadRow:
        """Converts a record to a row with its input and target, or to a bad row."""
        if record.bad:
            return record.bad
        values: list[str] = []
        for index in self.indices:
            value = record.fields[index]
            if isinstance(value, str) and value.isascii():  # Most texts and labels.
                values.append(value)
                continue
            column = self.present[index]
            if values and (value is None or value != value):  # The target is missing: null, or NaN.
                value = ""
            if values and isinstance(value, float) and math.isinf(value):
                return BadRow(record.where, column, value, "a finite number is expected")
            if value is None or isinstance(value, dict | list):
                return BadRow(record.where, column, value, "a text or a number is expected")
            text = value if isinstance(value, str) else str(value) if isinstance(value, bool) else json.dumps(value)
            if fault := check_text(text, record.where, column, self.file.encoding):
                return fault
            values.append(text)
        if self.target_columns:
            return Row(record.where, values[0], tuple(values[1:]))
        return Row(record.where, values[0], values[1] if len(values) > 1 else "")

    def checksum(self) -> str:
        return self.file.digest()

    def defaults(self) -> dict[str, Any]:
        rows = sampled(self.rows_from_start())
        return text_defaults(self.task_files, [row.raw for row in rows], [row.target for row in rows])

    def header_hint(self, bad: Sequence[BadRow]) -> str:
        if self.has_header or not any(row.where == "line 1" for row in bad):
            return ""
        return " If line 1 is a header, name the columns by its names instead of by number."

    def rows_from_start(self) -> Iterator[Row | BadRow]:
        """Yields the rows without recording marks, to inspect the first few."""
        return (self.row_of(record) for record, _ in self.records() if not record.blank)


def describe_fields(number: int) -> str:
    """Returns a number of fields in words; numbers above `MAX_COLUMNS` are not exact."""
    if number > MAX_COLUMNS:
        return f"more than {MAX_COLUMNS:,} fields"
    return quantity(number, "field")
