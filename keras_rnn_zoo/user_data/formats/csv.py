"""The format `csv`: comma-separated values."""

import csv
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import alternatives
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.columns import by_number, is_header
from keras_rnn_zoo.user_data.csv_lines import RecordLines, TooManyFieldsError
from keras_rnn_zoo.user_data.prediction_inputs import Writer
from keras_rnn_zoo.user_data.prediction_outputs import SeparatedRows, row_writer
from keras_rnn_zoo.user_data.rows import BadRow, shown
from keras_rnn_zoo.user_data.separators import (
    DETECTED,
    MAX_FIELD_LENGTH,
    WORDS,
    excel_separator,
    find_separator,
    named_separator,
)
from keras_rnn_zoo.user_data.step_inputs import separated_steps
from keras_rnn_zoo.user_data.table import MAX_COLUMNS, TASKS, Record, Table, describe_fields
from keras_rnn_zoo.user_data.table_inputs import separated_inputs
from keras_rnn_zoo.user_data.tables import table_dataset
from keras_rnn_zoo.user_data.textfile import Mark, check_text

INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
"""Zero-width characters that occur at the ends of names by accident, such as a second byte order mark."""


class CsvTable(Table):
    """Values separated by commas (RFC 4180) or another character; see `separators.find_separator`."""

    separators: Sequence[str] = DETECTED
    """The separators that can be detected."""
    tsv = False
    """Whether predictions are written as TSV, with one line per row."""

    def _header(self) -> list[str]:
        named = named_separator(self.separator) if self.separator else ""
        line = next((line for line, _ in self.file.lines()), "")
        self._excel = excel_separator(line)
        if not any(line.strip() for line, _ in self._lines(self.file.start)):
            raise DataError(f"{self.file.path} is empty. Name a file with a header and rows.")
        self.delimiter = named or self._excel or self._find_separator()
        record, self._first = next(self._read(self.file.start))
        if record.bad:
            raise DataError(f"{record.bad.describe(str(self.file.path))}. Correct the header.")
        names = [field.strip().strip(INVISIBLE).strip() for field in record.fields]
        numbers = all(column.isdecimal() for column in self.given.values())
        self.has_header = not numbers or is_header(names, self.given)
        if not self.has_header:
            self._first = self.file.start
            return [str(number) for number in range(1, len(names) + 1)]
        self._check_names(names, record.where)
        if numbers and not any(name.isdecimal() for name in names):
            self.given |= by_number(names, self.given)
        return names

    def _check_names(self, names: list[str], where: str) -> None:
        seen = set()
        for name in names:
            if fault := check_text(name, where, "", self.file.encoding):
                raise DataError(f"{fault.describe(str(self.file.path))}.")
            if name in seen:
                raise DataError(f"{self.file.path}, {where}: two columns are named {name!r}. Rename one.")
            seen.update([name] if name else [])

    def _find_separator(self) -> str:
        return find_separator((line for line, _ in self._lines(self.file.start)), self.given)

    def _check_columns(self, words: tuple[str, ...]) -> None:
        if len(self.present) < len(words):
            words_for = {character: word for word, character in WORDS.items()}
            tried = [self.delimiter] if self.separator else self.separators
            named = alternatives(sorted(words_for.get(character, repr(character)) for character in tried))
            line = next(line for line, _ in self._lines(self.file.start) if line.strip())
            raise DataError(
                f"{self.file.path}: the first line, {shown(line)}, contains no {named}, so there is only one column; "
                f"{len(words)} are expected. Name the separator of columns: --set separator=CHARACTER."
            )

    def prediction_writer(self, file: IO[str]) -> Writer:
        write = row_writer(file, self.present if self.has_header else None, delimiter=self.delimiter, tsv=self.tsv)
        return lambda record, prediction: write(record.record.fields, prediction)

    def first_mark(self) -> Mark:
        return self._first

    def records(self, mark: Mark | None = None) -> Iterator[tuple[Record, Mark]]:
        if mark is None and not self.file.seekable:  # The file can only be read from its start.
            rows = self._read(self.file.start)
            if self.has_header:
                next(rows)
        else:
            rows = self._read(mark or self._first)
        for record, end in rows:
            yield (record if record.bad else self._fitted(record)), end

    def _fitted(self, record: Record) -> Record:
        """Returns a record with as many fields as there are columns, or a bad record."""
        fields, expected = list(record.fields), len(self.present)
        blank = expected > 1 and not any(map(str.strip, fields))
        if len(fields) == expected and not blank:  # Almost every row.
            return record
        if blank:
            fields = [""] * expected
        # Excel may write additional separators at the ends of lines, but not in all of them.
        if len(fields) > expected and not any(map(str.strip, fields[expected:])):
            fields = fields[:expected]
        elif len(fields) < expected and not any(self.present[len(fields) :]):
            fields += [""] * (expected - len(fields))
        if len(fields) == expected:
            return record._replace(fields=fields, blank=blank)
        return self._misfit(record.where, len(fields), ", ".join(fields))

    def _misfit(self, where: str, count: int, text: str = "") -> Record:
        """Returns the bad record for a row with an unexpected number of fields, `count`; `text` is shown."""
        expected = len(self.present)
        fault = describe_fields(count)
        if expected:
            fault += f", but {'the header' if self.has_header else 'the first line'} has {expected}"
        hint = ": a text that contains the separator or a line break needs quotes" if count > expected else ""
        return Record(where, (), BadRow(where, "", text, fault + hint))

    def _lines(self, mark: Mark) -> Iterator[tuple[str, Mark]]:
        """Yields the lines from a mark on, each with the mark of its end, without Excel's line "sep=;"."""
        for number, (line, end) in enumerate(self.file.lines(mark), mark.line + 1):
            if number > 1 or not self._excel:
                yield line, Mark(end, number)

    def _read(self, mark: Mark) -> Iterator[tuple[Record, Mark]]:
        """Yields the records from a mark on, without blank lines."""
        csv.field_size_limit(MAX_FIELD_LENGTH)
        lines = RecordLines(self._lines(mark), self.delimiter, self.file.path, mark)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while True:
            lines.begin_record()
            try:
                fields = next(reader)
            except StopIteration:
                return
            except TooManyFieldsError:
                yield self._misfit(f"line {lines.begin}", MAX_COLUMNS + 1), lines.end
                reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
                continue
            except csv.Error as error:
                where = f"line {lines.begin}"
                yield Record(where, (), BadRow(where, "", "", _csv_fault(error))), lines.end
                continue
            if fields:
                yield Record(f"line {lines.begin}", fields), lines.end


def _csv_fault(error: csv.Error) -> str:
    if "unexpected end" in str(error) or "limit" in str(error):
        return 'a quote that begins here is never closed; if it is part of the text, double it ("")'
    if "new-line" in str(error):
        return "a carriage return within a text needs quotes"
    return f"its quotes are not valid CSV ({error}); double a quote within quotes"


def table_options(*, separator: str = "") -> None:
    """Options of tables, in addition to those of all files.

    Args:
        separator: separator of columns, a character or comma, semicolon, tab, pipe, space; detected if empty.
    """


@registry.file_format(
    "csv",
    order=1,
    tasks=TASKS,
    address="csv:FILE",
    endings=("csv",),
    inputs=("text", "window"),
    column_names="table",
    joins_files=True,
    predict=functools.partial(separated_inputs, CsvTable),
    predict_steps=functools.partial(separated_steps, CsvTable),
    write=SeparatedRows,
    unclear_endings=("txt", "text", "dat", "data"),
)
def csv_file(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A CSV file with a header, or whose columns are named by number; gzip or not."""
    return table_dataset("csv", CsvTable, location, tasks, options, config, table_options)
