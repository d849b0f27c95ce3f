"""The lines of a CSV file, grouped by records, with a limit on the number of fields."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.table import MAX_COLUMNS
from keras_rnn_zoo.user_data.textfile import MAX_LINE_LENGTH, Mark


class TooManyFieldsError(Exception):
    """A record has more fields than the maximum number of columns of a table."""


class RecordLines:
    """Lines for `csv.reader`, which reads another line of the same record only within quotes.

    `csv.reader` creates an object per field, about fifty bytes for a separator of one byte, before they can be counted.
    So the separators of long lines are counted first. If there are too many, `TooManyFieldsError` is raised; a new
    iterator continues after that line.

    Args:
        lines: the lines, each with the mark of its end.
        separator: the separator of the fields.
        path: the file, for messages.
        mark: the mark of the start of the lines.

    Attributes:
        begin: number of the line on which the current record begins; 0 before it is read.
        end: the mark of the end of the last line that was read.
    """

    def __init__(self, lines: Iterator[tuple[str, Mark]], separator: str, path: Path, mark: Mark) -> None:
        self._lines, self._separator, self._path = lines, separator, path
        self.begin, self.end = 0, mark
        self._length = self._separators = 0

    def begin_record(self) -> None:
        """Declares that the next line begins a record."""
        self.begin = 0

    def __iter__(self) -> Iterator[str]:
        for line, end in self._lines:
            self.end, length = end, len(line)
            if not self.begin:
                self.begin, self._length, self._separators = end.line, length, 0
                if length > MAX_COLUMNS and line.count(self._separator) > MAX_COLUMNS:
                    self._count(line, quoted=False)
            else:
                self._length += length
                self._check_length()
                self._count(line, quoted=True)
            yield line

    def _check_length(self) -> None:
        if self._length > MAX_LINE_LENGTH:
            raise DataError(
                f"{self._path}, line {self.begin}: the row that begins here is longer than {MAX_LINE_LENGTH // 2**20} "
                f"MiB and spans {self.end.line - self.begin + 1:,} lines. Close its quotes."
            )

    def _count(self, line: str, *, quoted: bool) -> None:
        self._separators += count_separators(line, self._separator, MAX_COLUMNS, quoted=quoted)
        if self._separators > MAX_COLUMNS:
            raise TooManyFieldsError


def count_separators(line: str, separator: str, limit: int, *, quoted: bool = False) -> int:
    """Returns the number of separators outside quotes in a line of CSV; `limit + 1` if there are more than `limit`.

    Args:
        line: the line.
        separator: the separator, one character.
        limit: the number after which counting stops.
        quoted: whether the line begins within quotes, which an earlier line opened.
    """
    field, rest = _patterns(separator)
    match = (rest if quoted else field).match(line)
    count = 0
    while match and count <= limit:
        count += 1
        match = field.match(line, match.end())
    return count


@functools.cache
def _patterns(separator: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Returns patterns for a field followed by a separator, and for the rest of a field that begins within quotes.

    Their quantifiers are possessive: without backtracking, memory does not depend on the length of a line.
    """
    mark = re.escape(separator)
    rest = rf'[^"]*+(?:""[^"]*+)*+"?+[^{mark}]*+{mark}'
    return re.compile(rf'(?:"{rest}|[^"{mark}][^{mark}]*+{mark}|{mark})'), re.compile(rest)
