"""The parts of files that workers answer independently, and the chunks of rows that they are read in."""

from collections.abc import Iterator
from typing import NamedTuple

from keras_rnn_zoo.inference.predict_file import CHUNK_SIZE
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.textfile import Mark

ROWS = 8 * CHUNK_SIZE
"""Number of rows in a chunk. It is a multiple of the number that `zoo predict` reads at a time, so that each row is in
the same batch as there, and its answer the same to the last digit."""
BYTES = 2**23
"""Number of bytes after which a part ends with the next row that ends a batch."""

Rows = list[InputRecord | BadRow]


class Part(NamedTuple):
    """Successive rows of a file.

    Attributes:
        number: its place among all parts, in the order of the files and of their rows.
        path: the file.
        start: where it begins; `None` for the first row of a file.
        rows: number of rows, with those that cannot be read; `None` for all that follow.
    """

    number: int
    path: str
    start: Mark | None = None
    rows: int | None = None


class Chunk(NamedTuple):
    """Rows of a part that are in memory.

    Attributes:
        part: the part.
        number: its place in the part.
        rows: the rows; those that cannot be read among them.
        last: whether it is the last one of the part.
    """

    part: Part
    number: int
    rows: Rows
    last: bool


def parts_of(source: InputFile, path: str, number: int = 0) -> Iterator[Part]:
    """Yields the parts of a file, which a pass over its rows finds: a line break may be within quotes.

    A file that can only be read from its start, such as one in gzip, is a single part.

    Args:
        source: the opened file.
        path: its path for workers.
        number: the number of its first part.
    """
    if source.marked is None:
        yield Part(number, path)
        return
    start, rows, valid = None, 0, 0
    begin: int | None = None
    for row, end in source.marked(None):
        begin = end.offset if begin is None else begin
        rows, valid = rows + 1, valid + isinstance(row, InputRecord)
        full = valid >= ROWS or (end.offset - begin >= BYTES and valid % CHUNK_SIZE == 0)
        if full and isinstance(row, InputRecord):
            yield Part(number, path, start, rows)
            number, start, rows, valid, begin = number + 1, end, 0, 0, None
    if rows or start is None:
        yield Part(number, path, start, rows)


def rows_of(source: InputFile, part: Part) -> Iterator[InputRecord | BadRow]:
    """Yields the rows of a part of an opened file."""
    if part.rows is None:
        yield from source.inputs()
        return
    assert source.marked is not None  # It has several parts.
    for _, (row, _) in zip(range(part.rows), source.marked(part.start), strict=False):
        yield row


def chunks_of(source: InputFile, part: Part) -> Iterator[Chunk]:
    """Yields the rows of a part in chunks, at least one."""
    held: Rows = []
    number = valid = 0
    for row in rows_of(source, part):
        if valid == ROWS or len(held) == 2 * ROWS:
            yield Chunk(part, number, held, last=False)
            held, number, valid = [], number + 1, 0
        held.append(row)
        valid += isinstance(row, InputRecord)
    yield Chunk(part, number, held, last=True)
