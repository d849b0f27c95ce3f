"""Tables: CSV, TSV and JSON lines, read row by row."""

import csv
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.addresses.columns import choose_task, resolve, words_of
from keras_rnn_zoo.addresses.opening import files_dataset
from keras_rnn_zoo.addresses.rows import BadRow, Files, Row, first
from keras_rnn_zoo.addresses.scripts import text_defaults
from keras_rnn_zoo.addresses.textfile import Mark, TextFile, check_text
from keras_rnn_zoo.errors import DataError

TASKS = ("classification", "regression", "translation")
BLOCK, BLOCKS = 256, 64
"""Rows that are read in one go, and how many such blocks are mixed with one another."""
LONGEST_FIELD = 64 * 2**20


class Record(NamedTuple):
    """One row of a table: where it stands, its fields, or what is wrong with it; of JSON the whole object."""

    where: str
    fields: Sequence[Any]
    bad: BadRow | None = None
    whole: Mapping[str, Any] | None = None


class Table(Files):
    """A file of rows with named columns; see `Files`. `words` are those wanted, if not those of the task."""

    def __init__(
        self,
        place: str,
        tasks: tuple[str, ...],
        given: Mapping[str, str],
        encoding: str,
        words: tuple[str, ...] | None = None,
    ) -> None:
        self.file = TextFile(place, encoding)
        self.has_header = not (given and all(column.isdecimal() for column in given.values()))
        self.present = self._header()
        self.task = tasks[0] if words else choose_task(tasks, given, self.present, self._measured)
        words = words or words_of(self.task, self.input)
        self.columns = resolve(words, given, self.present, self.file.path, self.task)
        self.places = [self.present.index(self.columns[word]) for word in words]
        self._marks: list[Mark] = []

    delimiter = ","

    def paths(self) -> list[Path]:
        return [self.file.path]

    def _header(self) -> list[str]:
        """Returns the names of the columns; their numbers where the file has none."""
        raise NotImplementedError

    def records(self, mark: Mark | None = None) -> Iterator[tuple[Record, Mark]]:
        """Gives the rows from a mark on, the header left out, each with the mark of its end."""
        raise NotImplementedError

    def _measured(self, column: str) -> bool:
        place = self.present.index(column)
        values = [record.fields[place] for record, _ in first(self.records(), 100) if not record.bad]
        return bool(values) and all(is_number(value) for value in values) and any("." in str(v) for v in values)

    def rows(self) -> Iterator[Row | BadRow]:
        marks = [self.first_mark()]
        for number, (record, mark) in enumerate(self.records(), 1):
            if number % BLOCK == 0:
                marks.append(mark)
            yield self.row_of(record)
        self._marks = marks  # Now that they are complete.

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
        marks = draw.sample(self._marks, len(self._marks))
        for start in range(0, len(marks), BLOCKS):
            mixed = [self.row_of(record) for mark in marks[start : start + BLOCKS] for record in self._block(mark)]
            draw.shuffle(mixed)
            yield from mixed

    def _block(self, mark: Mark) -> list[Record]:
        return [record for record, _ in first(self.records(mark), BLOCK)]

    def row_of(self, record: Record) -> Row | BadRow:
        """Returns the row that a record is, as far as the columns wanted go."""
        if record.bad:
            return record.bad
        values = []
        for place in self.places:
            value, column = record.fields[place], self.present[place]
            if value is None or isinstance(value, dict | list):
                return BadRow(record.where, column, value, "a text or a number is expected")
            text = value if isinstance(value, str) else json.dumps(value)
            if fault := check_text(text, record.where, column, self.file.encoding):
                return fault
            values.append(text)
        return Row(record.where, values[0], values[1] if len(values) > 1 else "")

    def defaults(self) -> dict[str, Any]:
        rows = [row for row in first(self.rows_from_start(), 200) if isinstance(row, Row)]
        return text_defaults(self.task, [row.raw for row in rows], [row.target for row in rows])

    def rows_from_start(self) -> Iterator[Row | BadRow]:
        """Gives the rows without taking marks; for looks at the first few."""
        return (self.row_of(record) for record, _ in self.records())


def is_number(value: Any) -> bool:
    """Whether a value, or the text of one, is a number."""
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


class CsvTable(Table):
    """Comma-separated values, RFC 4180; semicolons where the first line has no comma."""

    def _header(self) -> list[str]:
        lines = first((line for line, _ in self.file.lines() if line.strip()), 1)
        if not lines:
            raise DataError(f"{self.file.path} is empty. Name a file with a header and rows.")
        if self.delimiter == "," and "," not in lines[0]:
            self.delimiter = next((mark for mark in ";\t" if mark in lines[0]), ",")
        record, self._first = next(self._read(self.file.start))
        if record.bad:
            raise DataError(f"{record.bad.told(str(self.file.path))}. Correct the header.")
        if not self.has_header:
            self._first = self.file.start
            return [str(number) for number in range(1, len(record.fields) + 1)]
        names = [field.strip() for field in record.fields]
        for name in names:
            if fault := check_text(name, "line 1", "", self.file.encoding):
                raise DataError(f"{fault.told(str(self.file.path))}.")
            if name and names.count(name) > 1:
                raise DataError(f"{self.file.path}, line 1: two columns are named {name!r}. Rename one.")
        return names

    def first_mark(self) -> Mark:
        return self._first

    def records(self, mark: Mark | None = None) -> Iterator[tuple[Record, Mark]]:
        if mark is None and not self.file.seekable:  # Only reading from the start is possible.
            rows = self._read(self.file.start)
            if self.has_header:
                next(rows)
        else:
            rows = self._read(mark or self._first)
        expected = len(self.present)
        for record, end in rows:
            found = len(record.fields)
            if not record.bad and found != expected:
                fault = f"{_fields(found)} where {'the header' if self.has_header else 'the first line'} has {expected}"
                hint = ": a text with the separator or a line break in it needs quotes" if found > expected else ""
                record = Record(record.where, (), BadRow(record.where, "", _joined(record.fields), fault + hint))
            yield record, end

    def _read(self, mark: Mark) -> Iterator[tuple[Record, Mark]]:
        """Gives the records from a mark on, blank lines left out."""
        csv.field_size_limit(LONGEST_FIELD)
        end = mark.offset

        def lines() -> Iterator[str]:
            nonlocal end
            for line, reached in self.file.lines(mark):
                end = reached
                yield line

        reader = csv.reader(lines(), delimiter=self.delimiter, strict=True)
        while True:
            before = reader.line_num
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                where, fault = f"line {mark.line + before + 1}", _csv_fault(error)
                yield Record(where, (), BadRow(where, "", "", fault)), Mark(end, mark.line + reader.line_num)
                continue
            if fields:
                yield Record(f"line {mark.line + before + 1}", fields), Mark(end, mark.line + reader.line_num)


def _fields(number: int) -> str:
    return f"{number} field{'s' if number != 1 else ''}"


def _joined(fields: Sequence[str]) -> str:
    return ", ".join(fields)


def _csv_fault(error: csv.Error) -> str:
    if "unexpected end" in str(error) or "limit" in str(error):
        return 'a quote that begins here is never closed; double it ("") where it is part of the text'
    return f"quotes are not as CSV has them ({error}); a quote within quotes is doubled"


class TsvTable(CsvTable):
    """Tab-separated values, a line a row; a field that is quoted as in CSV is read without its quotes."""

    delimiter = "\t"

    def _read(self, mark: Mark) -> Iterator[tuple[Record, Mark]]:
        for number, (line, end) in enumerate(self.file.lines(mark), mark.line + 1):
            text = line.rstrip("\r\n")
            if text:
                fields = [_unquoted(field) for field in text.split("\t")]
                yield Record(f"line {number}", fields), Mark(end, number)


def _unquoted(field: str) -> str:
    if len(field) < 2 or field[0] != '"' or field[-1] != '"':
        return field
    inner = field[1:-1]
    return field if '"' in inner.replace('""', "") else inner.replace('""', '"')


class JsonlTable(Table):
    """JSON lines: an object a line."""

    def _header(self) -> list[str]:
        self.has_header = True
        for line, _ in self.file.lines():
            if line.strip():
                found = _parsed(line)
                if not isinstance(found, dict):
                    raise DataError(
                        f'{self.file.path}, line 1: an object such as {{"text": "...", "label": "..."}} is '
                        "expected. Put one on each line."
                    )
                return list(found)
        raise DataError(f"{self.file.path} is empty. Name a file with an object a line.")

    def records(self, mark: Mark | None = None) -> Iterator[tuple[Record, Mark]]:
        start = mark or self.file.start
        for number, (line, end) in enumerate(self.file.lines(start), start.line + 1):
            if line.strip():
                yield self._record(line, f"line {number}"), Mark(end, number)

    def _record(self, line: str, where: str) -> Record:
        found = _parsed(line)
        if isinstance(found, dict):
            wanted = {self.present[place] for place in getattr(self, "places", ())}
            missing = sorted(wanted - set(found))
            if not missing:
                return Record(where, [found.get(name) for name in self.present], None, found)
            fault = f"the object lacks {', '.join(map(repr, missing))}"
        else:
            fault = found if isinstance(found, str) else f"an object is expected, not {type(found).__name__}"
        return Record(where, (), BadRow(where, "", line.strip(), fault))


def _parsed(line: str) -> Any:
    """Returns what a line holds: an object, a list (of anything else), or a fault in words."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"it is not JSON ({str(error).partition(':')[0]})"
    return found if isinstance(found, dict) else [found]


@registry.form("csv", tasks=TASKS, address="csv:FILE", endings=("csv",))
def csv_file(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """A CSV file with a header, or whose columns are named by number; gzip or not."""
    return files_dataset("csv", CsvTable, place, tasks, options, known)


@registry.form("tsv", tasks=TASKS, address="tsv:FILE", endings=("tsv", "tab"))
def tsv_file(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """A file of tab-separated columns, with a header, or named by number; gzip or not."""
    return files_dataset("tsv", TsvTable, place, tasks, options, known)


@registry.form("jsonl", tasks=TASKS, address="jsonl:FILE", endings=("jsonl", "ndjson"))
def jsonl_file(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """A file of JSON objects, one a line; gzip or not."""
    return files_dataset("jsonl", JsonlTable, place, tasks, options, known)
