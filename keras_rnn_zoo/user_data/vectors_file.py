"""Files of word vectors, with a word and its numbers on each line, as GloVe and word2vec write them.

Imports no framework.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from keras_rnn_zoo.display.printing import quantity, short_repr
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.textfile import TextFile, undecodable

MAX_DIMENSION = 8192
"""Maximum number of numbers of a vector, as of the option `embedding_dim`."""

MAX_NUMBER = 1e6
"""Largest number of a vector without its sign: beyond it, a model computes with infinite numbers."""
_HEADER = re.compile(r"([0-9]{1,18}) ([0-9]{1,18})")


class VectorsFile:
    """A file of word vectors, compressed with gzip or not, read one line at a time.

    A line has a word and its numbers, separated by spaces. The first line may instead have the number of words and that
    of the numbers of each, as word2vec and fastText write it.

    Args:
        location: the path.

    Attributes:
        path: the path.
        dimension: number of numbers of a vector.

    Raises:
        DataError: the file cannot be read, or does not begin with a vector.
    """

    def __init__(self, location: str) -> None:
        if location.endswith(".bin"):
            raise DataError(f"{location} is a binary file of word vectors. Save it as text, in the format of word2vec.")
        self._file = TextFile(location)
        self.path: Path = self._file.path
        first = self._line(next(self._file.lines(), ("", 0))[0], 1)
        _, *numbers = first.split(" ")
        self._count: int | None = None
        if header := _HEADER.fullmatch(first):
            self._count, self.dimension = map(int, header.groups())
        else:
            self.dimension = len(numbers)
        if not 1 < self.dimension <= MAX_DIMENSION:
            raise DataError(
                f"{self.path}, line 1: expected a word and its numbers, separated by spaces, or the number of words "
                f"and that of dimensions; received {short_repr(first)}."
            )

    def vectors(self) -> Iterator[tuple[str, "Numbers"]]:
        """Yields each word with its vector; raises `DataError` for a line without the right number of numbers."""
        found = 0
        for number, (line, _) in enumerate(self._file.lines(), 1):
            if number == 1 and self._count is not None:
                continue
            text = self._line(line, number)
            if not text:
                continue
            found += 1
            # Words may contain spaces: GloVe has addresses and dots among them.
            if text.count(" ") < self.dimension or text.startswith(" "):
                received = quantity(max(len(text.split()) - 1, 0), "number")
                raise DataError(
                    f"{self.path}, line {number:,}: expected a word and {self.dimension:,} numbers, as in the lines "
                    f"before; received {received}: {short_repr(text)}."
                )
            word, *numbers = text.rsplit(" ", self.dimension)
            yield word, Numbers(self, number, numbers)
        if self._count is not None and found != self._count:
            raise DataError(
                f"{self.path}: its first line announces {quantity(self._count, 'vector')}, but it has {found:,}. Copy "
                "it again."
            )

    def _line(self, line: str, number: int) -> str:
        if fault := undecodable(line, self._file.encoding):
            raise DataError(f"{self.path}, line {number:,}: {fault.partition(';')[0]}. Save the file in UTF-8.")
        return line.rstrip("\n\r\t ")


class Numbers:
    """The numbers of a vector, not yet read.

    Args:
        file: the file.
        line: the number of its line.
        texts: the numbers as texts.
    """

    def __init__(self, file: VectorsFile, line: int, texts: list[str]) -> None:
        self._file, self._line, self._texts = file, line, texts

    def read(self) -> list[float]:
        """Returns the numbers; raises `DataError` if one of them is not a finite number."""
        values = []
        for text in self._texts:
            try:
                value = float(text)
            except ValueError:
                value = float("nan")
            if not abs(value) <= MAX_NUMBER:  # Nor is NaN.
                raise DataError(
                    f"{self._file.path}, line {self._line:,}: expected a word and {self._file.dimension:,} finite "
                    f"numbers; received {short_repr(text)}. The largest number allowed is {MAX_NUMBER:,.0f}."
                )
            values.append(value)
        return values
