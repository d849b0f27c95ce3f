"""What all tables share: named columns, and rows that are read one after another or in mixed blocks."""

import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.columns import are_measured, choose_task, resolve, words_of
from keras_rnn_zoo.user_data.prediction_inputs import Writer
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, first
from keras_rnn_zoo.user_data.text_defaults import text_defaults
from keras_rnn_zoo.user_data.textfile import Mark, TextFile, check_text

TASKS = ("classification", "regression", "translation")
"""The tasks that the rows of a table can be for, the most likely first."""
BLOCK, BLOCKS = 256, 64
"""Rows that are read in one go, and how many such blocks are mixed with one another."""
MEASURED = 10_000
"""Rows whose numbers tell whether a column has classes or values, where its name is usual for both."""
MOST_COLUMNS = 16_384
"""As many as Excel has. A short row takes as much time as there are columns, and a long one as much memory as it has
fields: rows with more are not split."""


class Record(NamedTuple):
    """One row of a table.

    Attributes:
        where: where it stands, such as "line 7".
        fields: its fields, in the order of the columns.
        bad: what is wrong with it, if it cannot be read.
        whole: the whole object, of JSON.
        blank: whether nothing stands in any of its columns, as in the rows that Excel writes below a table.
    """

    where: str
    fields: Sequence[Any]
    bad: BadRow | None = None
    whole: Mapping[str, Any] | None = None
    blank: bool = False


class Table(RowSource):
    """A file of rows with named columns; see `RowSource`.

    Args:
        words: the words whose columns are read, if not those of the task.
        separator: what separates the fields, as the option `separator` names it; "" to find it.
    """

    def __init__(
        self,
        place: str,
        tasks: tuple[str, ...],
        given: Mapping[str, str],
        encoding: str,
        words: tuple[str, ...] | None = None,
        separator: str = "",
    ) -> None:
        self.file = TextFile(place, encoding)
        self.given, self.separator, self.has_header = dict(given), separator, True
        self.present = self._header()
        if len(self.present) > MOST_COLUMNS:
            raise DataError(
                f"{self.file.path} has {len(self.present):,} columns; up to {MOST_COLUMNS:,} are read. Leave out those "
                "that are not needed."
            )
        self.task = tasks[0] if words else choose_task(tasks, self.given, self.present, self._measured)
        words = words or words_of(self.task, self.input)
        self._check_columns(words)
        self.columns = resolve(words, self.given, self.present, self.file.path, self.task)
        self.places = [self.present.index(self.columns[word]) for word in words]
        self._marks: list[Mark] = []
        self._held: list[Record] | None = None  # All records, once they were read, of a small file.

    delimiter = ","
    present: Sequence[str] = ()
    """The names of the columns; their numbers where the file has no header."""

    def _check_columns(self, words: tuple[str, ...]) -> None:
        """Raises `DataError` if the columns are not what the form can be read by."""

    def paths(self) -> list[Path]:
        return [self.file.path]

    def _header(self) -> list[str]:
        """Returns the names of the columns; their numbers where the file has none."""
        raise NotImplementedError

    def records(self, mark: Mark | None = None) -> Iterator[tuple[Record, Mark]]:
        """Gives the rows from a mark on, the header left out, each with the mark of its end."""
        raise NotImplementedError

    def prediction_writer(self, file: IO[str]) -> Writer:
        """Returns a function that writes a record of this table with its prediction."""
        raise NotImplementedError

    def _measured(self, column: str) -> bool:
        place = self.present.index(column)
        records = first(self.records(), MEASURED)
        return are_measured(record.fields[place] for record, _ in records if not record.bad)

    def rows(self) -> Iterator[Row | BadRow]:
        if self._held is not None:
            yield from (self.row_of(record) for record in self._held if not record.blank)
            return
        marks, held = [self.first_mark()], list[Record]()
        is_small = self.file.content is not None and not self.file.zipped
        for number, (record, mark) in enumerate(self.records(), 1):
            if number % BLOCK == 0:
                marks.append(mark)
            if is_small:
                held.append(record)
            if not record.blank:
                yield self.row_of(record)
        self._marks = marks  # Now that they are complete.
        self._held = held if is_small else None

    def first_mark(self) -> Mark:
        """Returns the mark of the first row."""
        return self.file.start

    def mixed_rows(self, seed: int) -> Iterator[Row | BadRow]:
        if not self.file.seekable:
            yield from self.rows()
            return
        if not self._marks:  # No pass has gone over the whole file yet.
            for _ in self.rows():
                pass
        draw = random.Random(seed)
        order = draw.sample(range(len(self._marks)), len(self._marks))
        for start in range(0, len(order), BLOCKS):
            blocks = (self._block(index) for index in order[start : start + BLOCKS])
            mixed = [self.row_of(record) for block in blocks for record in block if not record.blank]
            draw.shuffle(mixed)
            yield from mixed

    def _block(self, index: int) -> list[Record]:
        if self._held is not None:
            return self._held[index * BLOCK : (index + 1) * BLOCK]
        return [record for record, _ in first(self.records(self._marks[index]), BLOCK)]

    def row_of(self, record: Record) -> Row | BadRow:
        """Returns the row that a record is, as far as the columns wanted go."""
        if record.bad:
            return record.bad
        values: list[str] = []
        for place in self.places:
            value, column = record.fields[place], self.present[place]
            if values and (value is None or value != value):  # A target that is missing: null, or NaN.
                value = ""
            if values and isinstance(value, float) and math.isinf(value):
                return BadRow(record.where, column, value, "a finite number is expected")
            if value is None or isinstance(value, dict | list):
                return BadRow(record.where, column, value, "a text or a number is expected")
            text = value if isinstance(value, str) else json.dumps(value)
            if fault := check_text(text, record.where, column, self.file.encoding):
                return fault
            values.append(text)
        return Row(record.where, values[0], values[1] if len(values) > 1 else "")

    def checksum(self) -> str:
        return self.file.digest()

    def defaults(self) -> dict[str, Any]:
        rows = [row for row in first(self.rows_from_start(), 200) if isinstance(row, Row)]
        return text_defaults(self.task_files, [row.raw for row in rows], [row.target for row in rows])

    def rows_from_start(self) -> Iterator[Row | BadRow]:
        """Gives the rows without taking marks; for looks at the first few."""
        return (self.row_of(record) for record, _ in self.records() if not record.blank)


def describe_fields(number: int) -> str:
    """Returns a number of fields in words; beyond `MOST_COLUMNS` nobody counts them."""
    if number > MOST_COLUMNS:
        return f"more than {MOST_COLUMNS:,} fields"
    return f"{number} field{'s' if number != 1 else ''}"
