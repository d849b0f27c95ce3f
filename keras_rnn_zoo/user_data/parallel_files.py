"""Text files of a pattern, read by several processes; their rows are those of reading one file after another."""

import array
import contextlib
import functools
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.user_data.reading_pool import ReadingPool, number_of_processes, row_from
from keras_rnn_zoo.user_data.row_stream import Selection
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource
from keras_rnn_zoo.user_data.textfile import Mark
from keras_rnn_zoo.user_data.validation_pass import RowReport

MIN_BYTES = 2**26
"""Minimum size of all files together for which processes are started; smaller ones are read as soon without."""


def parallel_files(
    kind: Callable[..., RowSource], parts: Sequence[Any], pattern: Path, options: Mapping[str, Any]
) -> "ParallelFiles | None":
    """Returns how to read files in parallel; `None` if that would not be quicker.

    Args:
        kind: the class that reads each file.
        parts: the files, opened with it.
        pattern: what messages call the files.
        options: the options of the format that the files were opened with.
    """
    if not isinstance(kind, type) or not all(part.is_text for part in parts):
        return None
    if kind.__module__ == "__main__" or "." in kind.__qualname__:  # Another process could not import it.
        return None
    number = min(number_of_processes(), len(parts))
    if number < 2 or sum(part.file.path.stat().st_size for part in parts) < MIN_BYTES:
        return None
    return ParallelFiles(number, kind, parts, pattern, options)


class ParallelFiles:
    """Files that several processes read; arguments as for `parallel_files`.

    Attributes:
        seekable: whether every file can be read from any mark.
    """

    def __init__(
        self, number: int, kind: type, parts: Sequence[Any], pattern: Path, options: Mapping[str, Any]
    ) -> None:
        self._number, self._parts, self._title = number, parts, str(pattern)
        paths = [str(part.file.path) for part in parts]
        columns = dict(parts[0].columns)
        self._opening = (kind.__module__, kind.__qualname__, paths, parts[0].task, columns, dict(options))
        self._idle: list[ReadingPool] = []
        weakref.finalize(self, _close, self._idle)

    @property
    def seekable(self) -> bool:
        return all(part.file.seekable for part in self._parts)

    @property
    def any_seekable(self) -> bool:
        """Whether some files can be read from any mark."""
        return any(part.file.seekable for part in self._parts)

    @contextlib.contextmanager
    def _pool(self) -> Iterator[ReadingPool]:
        """Gives a pool to one reader at a time; one that stops early leaves answers in it, so it is closed."""
        pool = self._idle.pop() if self._idle else ReadingPool(self._number, self._opening, self._title)
        try:
            yield pool
        except BaseException:
            pool.close()
            raise
        if self._idle:  # Another reader was done meanwhile; one pool is enough to keep.
            pool.close()
        else:
            self._idle.append(pool)

    def reports(self, seed: int, classes: Sequence[str], compared: bool) -> Iterator[RowReport]:
        """Yields the report of each file, and takes the marks that were found."""
        # With one request at a time, a process reads while it gets another, however many classes it names.
        requests = (("report", index, seed, list(classes), compared) for index in range(len(self._parts)))
        with self._pool() as pool:
            for part, found in zip(self._parts, pool.answers(requests, ahead=1), strict=True):
                part.set_marks([Mark(*mark) for mark in found.pop("marks")])
                codes = {"numbers": "Q", "inputs": "Q", "strata": found.pop("strata_code")}
                arrays = {name: array.array(code) for name, code in codes.items()}
                for name, values in arrays.items():
                    values.frombytes(found[name])
                bad = {name: list(map(row_from, found[name])) for name in ("bad", "missing")}
                yield RowReport(part, **{**found, **arrays, **bad, "labels": Counter(found["labels"])})

    def find_marks(self) -> None:
        """Takes the marks of files whose blocks are not known."""
        unknown = [index for index, part in enumerate(self._parts) if not part.has_marks]
        if not unknown:
            return
        with self._pool() as pool:
            for index, marks in zip(unknown, pool.answers(("marks", index) for index in unknown), strict=True):
                self._parts[index].set_marks([Mark(*mark) for mark in marks])

    def blocks(self, places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, list[Row | BadRow]]]:
        """Yields the index of a file and the rows of one of its blocks.

        Args:
            places: the blocks: the index of a file, and of the block in it.
        """
        requests = (("block", file, tuple(self._parts[file].marks()[block])) for file, block in places)
        with self._pool() as pool:
            for (file, _), rows in zip(places, pool.answers(requests), strict=True):
                yield file, list(map(row_from, rows))

    @contextlib.contextmanager
    def _selecting(self, selection: Selection) -> Iterator[ReadingPool]:
        """Gives a pool whose processes know which rows are selected."""
        split = selection.split and (selection.split.seed, dict(selection.split.bounds))
        with self._pool() as pool:
            pool.tell("select", selection.name, split, list(selection.classes))
            yield pool

    def examples(
        self, places: Iterable[tuple[int, int]], selection: Selection
    ) -> Iterator[list[tuple[bytes, Any] | None]]:
        """Yields the examples of the selected rows of each block, with `None` for the other rows.

        Args:
            places: as for `blocks`.
            selection: which rows are selected.
        """
        requests = (("examples", file, tuple(self._parts[file].marks()[block])) for file, block in places)
        with self._selecting(selection) as pool:
            yield from pool.answers(requests)

    @contextlib.contextmanager
    def example_streams(self, selection: Selection) -> Iterator[list[Callable[[], Iterator[Any]]]]:
        """Gives, for each file, a function that returns its examples as `examples` does, read from its start."""
        with self._selecting(selection) as pool:

            def examples(index: int) -> Iterator[Any]:
                for found in pool.stream(index, "example_stream"):
                    yield from found

            yield [functools.partial(examples, index) for index in range(len(self._parts))]

    def chunks(self, selection: Selection, tokens: str) -> Iterator[Mapping[str, int]]:
        """Yields the numbers of the chunks in the selected rows, some at a time; see `layers.text_chunks`."""
        with self._selecting(selection) as pool:
            waiting = [pool.stream(index, "chunk_stream", tokens) for index in range(len(self._parts))]
            while waiting:  # Each process reads one file at a time.
                active, waiting = waiting[: self._number], waiting[self._number :]
                while active:
                    for stream in list(active):
                        if (found := next(stream, None)) is None:
                            active.remove(stream)
                        else:
                            yield found

    @contextlib.contextmanager
    def streams(self) -> Iterator[list[Callable[[], Iterator[Row | BadRow]]]]:
        """Gives, for each file, a function that returns its rows, which are read from its start."""
        with self._pool() as pool:

            def rows(index: int) -> Iterator[Row | BadRow]:
                for found in pool.stream(index, "stream"):
                    yield from map(row_from, found)

            yield [functools.partial(rows, index) for index in range(len(self._parts))]


def _close(pools: list[ReadingPool]) -> None:
    for pool in pools:
        pool.close()
