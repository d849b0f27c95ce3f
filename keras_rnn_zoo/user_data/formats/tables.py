"""Tables: CSV, TSV and JSON lines, read row by row."""

import csv
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.columns import by_number, is_header
from keras_rnn_zoo.user_data.csv_lines import RecordLines, TooManyFieldsError
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.rows import BadRow, shown
from keras_rnn_zoo.user_data.separators import (
    LONGEST_FIELD,
    READ,
    WORDS,
    excel_separator,
    find_separator,
    named_separator,
)
from keras_rnn_zoo.user_data.table import MOST_COLUMNS, Record, Table, describe_fields
from keras_rnn_zoo.user_data.textfile import Mark, TextFile, check_text

TASKS = ("classification", "regression", "translation")
INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
"""Characters without width that stand at the ends of names by accident, such as a second byte order mark."""
MOST_TOKENS = 2**20
"""Texts, commas and brackets of a line of JSON; each becomes up to a hundred bytes in memory."""
_TOKEN = re.compile(r'[,\[{]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?+')


class CsvTable(Table):
    """Comma-separated values, RFC 4180, or separated otherwise; see `separators.find_separator`."""

    separators: Sequence[str] = READ
    """Those that are found without being named."""

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
            named = " or ".join(sorted(words_for.get(character, repr(character)) for character in tried))
            line = next(line for line, _ in self._lines(self.file.start) if line.strip())
            raise DataError(
                f"{self.file.path}: the first line, {shown(line)}, has no {named} in it, so that there is one column; "
                f"{len(words)} are expected. Name the character between columns: --set separator=CHARACTER."
            )

    def first_mark(self) -> Mark:
        return self._first

    def records(self, mark: Mark | None = None) -> Iterator[tuple[Record, Mark]]:
        if mark is None and not self.file.seekable:  # Only reading from the start is possible.
            rows = self._read(self.file.start)
            if self.has_header:
                next(rows)
        else:
            rows = self._read(mark or self._first)
        for record, end in rows:
            yield (record if record.bad else self._fitted(record)), end

    def _fitted(self, record: Record) -> Record:
        """Returns a record with as many fields as there are columns, or what is wrong with it."""
        fields, expected = list(record.fields), len(self.present)
        blank = expected > 1 and not any(map(str.strip, fields))
        if blank:
            fields = [""] * expected
        if len(fields) > expected and not any(map(str.strip, fields[expected:])):  # Excel's separators at line ends,
            fields = fields[:expected]
        elif len(fields) < expected and not any(self.present[len(fields) :]):  # which some lines lack.
            fields += [""] * (expected - len(fields))
        if len(fields) == expected:
            return record._replace(fields=fields, blank=blank)
        return self._misfit(record.where, len(fields), ", ".join(fields))

    def _misfit(self, where: str, found: int, text: str = "") -> Record:
        """Returns a record of `found` fields where another number is expected; `text` is shown of it."""
        expected = len(self.present)
        fault = describe_fields(found)
        if expected:
            fault += f" where {'the header' if self.has_header else 'the first line'} has {expected}"
        hint = ": a text with the separator or a line break in it needs quotes" if found > expected else ""
        return Record(where, (), BadRow(where, "", text, fault + hint))

    def _lines(self, mark: Mark) -> Iterator[tuple[str, Mark]]:
        """Gives the lines from a mark on, each with the mark of its end; not the one that names Excel's separator."""
        for number, (line, end) in enumerate(self.file.lines(mark), mark.line + 1):
            if number > 1 or not self._excel:
                yield line, Mark(end, number)

    def _read(self, mark: Mark) -> Iterator[tuple[Record, Mark]]:
        """Gives the records from a mark on, blank lines left out."""
        csv.field_size_limit(LONGEST_FIELD)
        lines = RecordLines(self._lines(mark), self.delimiter, self.file.path, mark)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while True:
            lines.begin_record()
            try:
                fields = next(reader)
            except StopIteration:
                return
            except TooManyFieldsError:
                yield self._misfit(f"line {lines.begin}", MOST_COLUMNS + 1), lines.end
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
        return 'a quote that begins here is never closed; double it ("") where it is part of the text'
    if "new-line" in str(error):
        return "a carriage return within a text needs quotes"
    return f"quotes are not as CSV has them ({error}); a quote within quotes is doubled"


class TsvTable(CsvTable):
    """Values separated by tabs, a line a row; a field that is quoted as in CSV is read without its quotes."""

    delimiter = "\t"
    separators = "\t"

    def _find_separator(self) -> str:
        return self.delimiter

    def _read(self, mark: Mark) -> Iterator[tuple[Record, Mark]]:
        for line, end in self._lines(mark):
            text = line.rstrip("\r\n")
            if text.count(self.delimiter) > MOST_COLUMNS:
                yield self._misfit(f"line {end.line}", MOST_COLUMNS + 1), end
            elif text:
                fields = [_unquoted(field) for field in text.split(self.delimiter)]
                yield Record(f"line {end.line}", fields), end


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
    if len(line) > MOST_TOKENS and _has_more_tokens(line, MOST_TOKENS):
        return f"it holds more than {MOST_TOKENS // 2:,} values"
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"it is not JSON ({str(error).partition(':')[0]})"
    return found if isinstance(found, dict) else [found]


def _has_more_tokens(line: str, most: int) -> bool:
    return next(itertools.islice(_TOKEN.finditer(line), most, None), None) is not None


def likely_separator(place: str, encoding: str, usual: str) -> str:
    """Returns the separator to name for a file like others: `usual`, or "" where the first line does not have it.

    Args:
        place: the path.
        encoding: the encoding, as of `TextFile`.
        usual: the separator that was named for the other files; "" for none.
    """
    if not usual:
        return ""
    line = next((line for line, _ in TextFile(place, encoding).lines() if line.strip()), "")
    return usual if named_separator(usual) in line else ""


def table_options(*, separator: str = "") -> None:
    """What tables have as options besides those of all files.

    Args:
        separator: what separates columns, a character or comma, semicolon, tab, pipe, space; found if empty.
    """


@registry.file_format("csv", tasks=TASKS, address="csv:FILE", endings=("csv",))
def csv_file(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """A CSV file with a header, or whose columns are named by number; gzip or not."""
    return dataset_from_files("csv", CsvTable, place, tasks, options, known, table_options)


@registry.file_format("tsv", tasks=TASKS, address="tsv:FILE", endings=("tsv", "tab"))
def tsv_file(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """A file of tab-separated columns, with a header, or named by number; gzip or not."""
    return dataset_from_files("tsv", TsvTable, place, tasks, options, known, table_options)


@registry.file_format("jsonl", tasks=TASKS, address="jsonl:FILE", endings=("jsonl", "ndjson"))
def jsonl_file(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """A file of JSON objects, one a line; gzip or not."""
    return dataset_from_files("jsonl", JsonlTable, place, tasks, options, known)
