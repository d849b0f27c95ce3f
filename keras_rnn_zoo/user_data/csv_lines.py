"""The lines of a CSV file, record by record, in memory that does not grow with the number of fields."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.table import MOST_COLUMNS
from keras_rnn_zoo.user_data.textfile import LONGEST_LINE, Mark


class TooManyFieldsError(Exception):
    """A record has more fields than any table has columns."""


class RecordLines:
    """Lines as `csv.reader` takes them, which reads a further line only within quotes.

    `csv.reader` makes an object of each field, some fifty bytes for a separator of one byte, before anybody can count
    them. So the separators of long lines are counted first. Where there are too many, `TooManyFieldsError` is raised; a
    new iterator goes on after that line.

    Args:
        lines: the lines, each with the mark of its end.
        separator: what separates the fields.
        path: the file, for messages.
        mark: where the lines begin.

    Attributes:
        begin: the number of the line that the current record begins on; 0 before it is read.
        end: the mark of the end of the last line read.
    """

    def __init__(self, lines: Iterator[tuple[str, Mark]], separator: str, path: Path, mark: Mark) -> None:
        self._lines, self._separator, self._path = lines, separator, path
        self.begin, self.end = 0, mark
        self._length = self._separators = 0

    def begin_record(self) -> None:
        """Tells that the next line begins a record."""
        self.begin = 0

    def __iter__(self) -> Iterator[str]:
        for line, end in self._lines:
            self.end, length = end, len(line)
            if not self.begin:
                self.begin, self._length, self._separators = end.line, length, 0
                if length > MOST_COLUMNS and line.count(self._separator) > MOST_COLUMNS:
                    self._count(line, quoted=False)
            else:
                self._length += length
                self._check_length()
                self._count(line, quoted=True)
            yield line

    def _check_length(self) -> None:
        if self._length > LONGEST_LINE:
            raise DataError(
                f"{self._path}, line {self.begin}: a row that begins here is longer than {LONGEST_LINE // 2**20} MiB, "
                f"over {self.end.line - self.begin + 1:,} lines. Close its quotes."
            )

    def _count(self, line: str, *, quoted: bool) -> None:
        self._separators += count_separators(line, self._separator, MOST_COLUMNS, quoted=quoted)
        if self._separators > MOST_COLUMNS:
            raise TooManyFieldsError


def count_separators(line: str, separator: str, most: int, *, quoted: bool = False) -> int:
    """Returns how many separators stand outside quotes in a line of CSV, `most + 1` if there are more than `most`.

    Args:
        line: the line.
        separator: the separator, one character.
        most: the number after which counting stops.
        quoted: whether the line begins within quotes, which an earlier line opened.
    """
    field, rest = _patterns(separator)
    found = (rest if quoted else field).match(line)
    count = 0
    while found and count <= most:
        count += 1
        found = field.match(line, found.end())
    return count


@functools.cache
def _patterns(separator: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Returns patterns of a field with the separator after it, and of one that begins within quotes.

    They are possessive: they never go back, so that they take the same memory for a line of any length.
    """
    mark = re.escape(separator)
    rest = rf'[^"]*+(?:""[^"]*+)*+"?+[^{mark}]*+{mark}'
    return re.compile(rf'(?:"{rest}|[^"{mark}][^{mark}]*+{mark}|{mark})'), re.compile(rest)
