"""A process that reads files for another one.

Requests come on standard input and answers go to standard output, each as its length and plain values (`marshal`). The
first request says how to open the files. Imports no framework. See `reading_pool.ReadingPool`, the other side.
"""

import functools
import importlib
import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from keras_rnn_zoo.artifacts.run_config import SplitConfig
from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.layers.text_chunks import ChunkCounts
from keras_rnn_zoo.user_data.blocks import BLOCK_SIZE
from keras_rnn_zoo.user_data.reading_pool import DONE, FAULT, SYSTEM_FAULT, read_message, write_message
from keras_rnn_zoo.user_data.row_stream import Selection, selected
from keras_rnn_zoo.user_data.rows import BadRow, Row
from keras_rnn_zoo.user_data.table import Table
from keras_rnn_zoo.user_data.textfile import Mark
from keras_rnn_zoo.user_data.validation_pass import RowReport, read_report

BLOCKS_COUNTED = 64
"""Number of blocks of rows whose chunks are counted at a time: with more, counts need more memory; with fewer, the same
chunk is sent more often."""
_PLAIN = (str, int, float, type(None))


def plain_row(row: Row | BadRow) -> tuple[Any, ...]:
    """Returns a row as plain values, for `reading_pool.row_from`."""
    if isinstance(row, BadRow) and not isinstance(row.value, _PLAIN):
        return (row.where, row.column, str(row.value), row.fault)  # Messages show it as a text.
    return tuple(row)


class _Reader:
    """Answers requests for the rows of files.

    Args:
        opening: the module and the name of the class that reads files, their paths, and what else it needs.
    """

    def __init__(self, opening: tuple[str, str, list[str], str, dict[str, str], dict[str, Any]]) -> None:
        module, name, self._paths, self._task, self._columns, self._options = opening
        self._kind: Callable[..., Table] = getattr(importlib.import_module(module), name)
        self._streams: dict[int, Iterator[Row | BadRow]] = {}

    @functools.cache  # noqa: B019  There is one reader in a process.
    def _file(self, number: int) -> Table:
        file = self._kind(self._paths[number], (self._task,), self._columns, **self._options)
        file.limit_memory(len(self._paths))
        return file

    def block(self, number: int, mark: tuple[int, int]) -> list[tuple[Any, ...]]:
        """Returns the rows of the block that begins at a mark of a file."""
        return _plain(self._file(number).block_at(Mark(*mark)))

    def stream(self, key: int, number: int) -> list[tuple[Any, ...]] | None:
        """Returns the next rows of a file that is read from its start; `None` at its end, and afterwards."""
        return _plain(self._next_rows(key, number, BLOCK_SIZE)) or None

    def select(self, name: str, split: tuple[int, dict[str, tuple[int, int]]] | None, classes: list[str]) -> None:
        """Determines which rows the following requests are about; arguments as for `row_stream.Selection`."""
        self._selection = Selection(name, split and SplitConfig(*split), tuple(classes))

    def examples(self, number: int, mark: tuple[int, int]) -> list[tuple[bytes, Any] | None]:
        """Returns the examples of a block, with `None` for rows that are not selected."""
        file = self._file(number)
        return self._pairs(file, file.block_at(Mark(*mark)))

    def _pairs(self, file: Table, rows: Iterable[Row | BadRow]) -> list[tuple[bytes, Any] | None]:
        return [pair and (file.load(pair[0]), pair[1]) for pair in selected(file, iter(rows), self._selection)]

    def example_stream(self, key: int, number: int) -> list[tuple[bytes, Any] | None] | None:
        """Returns the next examples of a file that is read from its start; `None` at its end, and afterwards."""
        return self._pairs(self._file(number), self._next_rows(key, number, BLOCK_SIZE)) or None

    def chunk_stream(self, key: int, number: int, tokens: str) -> dict[str, int] | None:
        """Returns the numbers of the chunks in the next rows of a file, as `stream` does."""
        counts = ChunkCounts(tokens)
        for _ in range(BLOCKS_COUNTED):
            rows = self._next_rows(key, number, BLOCK_SIZE)
            if not rows:
                return counts.take() or None
            found = selected(self._file(number), iter(rows), self._selection)
            counts.add([pair[0].raw for pair in found if pair])
            if counts.are_large:
                break
        return counts.take()

    def _next_rows(self, key: int, number: int, count: int) -> list[Row | BadRow]:
        """Returns the next rows of a file that is read from its start, for the requests with this key."""
        if key not in self._streams:
            self._streams[key] = self._file(number).rows()
        return list(itertools.islice(self._streams[key], count))

    def marks(self, number: int) -> list[tuple[int, ...]]:
        """Returns the marks of the blocks of a file."""
        return [tuple(mark) for mark in self._file(number).marks()]

    def report(self, number: int, seed: int, classes: Sequence[str], compared: bool) -> dict[str, Any]:
        """Returns the fields of the report of a file, and the marks of its blocks."""
        found: RowReport = read_report(self._file(number), seed, classes, compared=compared)
        arrays = {name: getattr(found, name).tobytes() for name in ("numbers", "inputs", "strata")}
        bad = {name: _plain(getattr(found, name)) for name in ("bad", "missing")}
        rest = {"bad_rows": found.bad_rows, "left_out": found.left_out, "empty": found.empty}
        rest["strata_code"] = found.strata.typecode
        return {**arrays, **bad, **rest, "labels": dict(found.labels), "marks": self.marks(number)}


def _plain(rows: Iterable[Row | BadRow]) -> list[tuple[Any, ...]]:
    return [plain_row(row) for row in rows]


def main() -> None:
    """Answers requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The process that asks ends this one.
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Nothing else may be written there.
    try:
        reader = _Reader(read_message(requests))
        while True:
            name, *arguments = read_message(requests)
            try:
                answer = (DONE, getattr(reader, name)(*arguments))
            except ZooError as error:
                answer = (FAULT, str(error))
            except OSError as error:
                answer = (SYSTEM_FAULT, (error.errno, error.strerror, error.filename and str(error.filename)))
            write_message(answers, answer)
    except (EOFError, BrokenPipeError):  # The other process has ended, or wants no more.
        os._exit(0)  # Flushing to the broken pipe would fail again.
