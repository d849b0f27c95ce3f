"""Columnar data that is held in memory if it is small, and otherwise streamed in groups of rows."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from keras_rnn_zoo.user_data.blocks import BLOCK_SIZE, Blocks, mixed_streams
from keras_rnn_zoo.user_data.columnar import Columnar
from keras_rnn_zoo.user_data.rows import BadRow, Row

MAX_HELD = 2**27
"""Maximum size of the values in memory, in bytes as estimated by `_size`."""


class HeldRows(Columnar):
    """Columns whose rows can be streamed quickly, but not be read from any row on; see `Columnar`.

    The columns that training reads are held in memory after the first pass, if they are small enough. Then rows are
    shuffled in the same blocks as those of a CSV file. Otherwise a few groups of rows are read at the same time, and
    their rows are shuffled together, so that memory does not depend on the size of the data.

    A subclass defines `group_sizes` and `read_group`.
    """

    _max_held = MAX_HELD
    _held: dict[str, list[Any]] | None = None
    _is_large = False

    def group_sizes(self) -> Sequence[int]:
        """Returns the number of rows in each group."""
        raise NotImplementedError

    def read_group(self, group: int, columns: Sequence[str], skip: int) -> Iterator[Sequence[Sequence[Any]]]:
        """Yields the values of columns in a group of rows in batches, as `Columnar.batches` does.

        Args:
            group: index of the group.
            columns: names of the columns.
            skip: number of rows of the group to skip.
        """
        raise NotImplementedError

    def limit_memory(self, files: int) -> None:
        self._max_held = MAX_HELD // files

    def count(self) -> int:
        return sum(self.group_sizes())

    def batches(self, columns: Sequence[str], start: int = 0) -> Iterator[Sequence[Sequence[Any]]]:
        if self._held is not None and set(columns) <= set(self._held):
            held = [self._held[name] for name in columns]
            for begin in range(start, len(held[0]), BLOCK_SIZE):
                yield [values[begin : begin + BLOCK_SIZE] for values in held]
        elif start or self._is_large or list(columns) != self._names_read():
            yield from self._streamed(columns, start)
        else:
            yield from self._remembered(columns)

    def _names_read(self) -> list[str]:
        """Returns the names of the columns that training reads; none until they are known."""
        return list(dict.fromkeys(self.fields[name][0] for name in getattr(self, "_read", ())))

    def _streamed(self, columns: Sequence[str], start: int) -> Iterator[Sequence[Sequence[Any]]]:
        for group, size in enumerate(self.group_sizes()):
            if start < size:
                yield from self.read_group(group, columns, start)
            start = max(0, start - size)

    def _remembered(self, columns: Sequence[str]) -> Iterator[Sequence[Sequence[Any]]]:
        """Yields all values, and holds them once they have all been read, unless they are too large."""
        held: dict[str, list[Any]] | None = {name: [] for name in columns}
        size = 0
        for batch in self._streamed(columns, 0):
            if held is not None:
                for name, values in zip(columns, batch, strict=True):
                    held[name] += values
                    size += sum(map(_size, values))
                if size > self._max_held:
                    held, self._is_large = None, True
            yield batch
        self._held = held

    def blocks(self) -> Blocks | None:
        if self._held is None and not self._is_large:
            for _ in self.batches(self._names_read()):
                pass
        return None if self._is_large else super().blocks()

    def mixed_rows(self, seed: int) -> Iterator[Row | BadRow]:
        if self.blocks() is not None:
            yield from super().mixed_rows(seed)
            return
        begin, streams = 0, []
        for size in self.group_sizes():
            streams.append(self._rows_from(begin, size))
            begin += size
        yield from mixed_streams(streams, seed)

    def _rows_from(self, begin: int, size: int) -> Callable[[], Iterator[Row | BadRow]]:
        def rows() -> Iterator[Row | BadRow]:
            for index, record in itertools.islice(self.records(self._read, begin), size):
                if row := self._row(index, record):
                    yield row

        return rows

    def is_blank(self, index: int) -> bool:
        # In large data it would take too long to look up a single row.
        is_all_read = set(self.present) == set(self._read)
        return is_all_read or (not self._is_large and super().is_blank(index))


def _size(value: Any) -> int:
    """Returns the approximate size of a value in bytes."""
    if isinstance(value, str | bytes):
        return 50 + len(value)
    if isinstance(value, dict):
        return 200 + sum(map(_size, value.values()))
    return 50 + sum(map(_size, value)) if isinstance(value, list | tuple) else 30
