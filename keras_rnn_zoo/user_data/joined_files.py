"""Several files with the same columns, named by a pattern such as `part-*.csv`, as one source of rows."""

import bisect
import contextlib
import functools
import glob
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from keras_rnn_zoo.atomic_files import user_path
from keras_rnn_zoo.errors import DataError, nearest
from keras_rnn_zoo.user_data.blocks import Blocks, mixed_blocks, mixed_streams
from keras_rnn_zoo.user_data.columns import listed
from keras_rnn_zoo.user_data.parallel_files import ParallelFiles, parallel_files
from keras_rnn_zoo.user_data.row_stream import Selection
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource

MAX_FILES = 100_000
"""Maximum number of files that a pattern may match."""

R = TypeVar("R", Row, BadRow, Row | BadRow)
Reader = Callable[[], Iterator[Row | BadRow]]


def is_pattern(location: str) -> bool:
    """Whether a location has `*`, `?` or `[` and is not the name of an existing file."""
    return glob.has_magic(location) and not user_path(location).exists()


def matching_files(location: str) -> list[Path]:
    """Returns the absolute paths of the files that match a pattern, sorted by name.

    Raises:
        DataError: there are none, or too many.
    """
    pattern = user_path(location).absolute()
    folder = _folder_of(pattern)
    found = folder.glob(str(pattern.relative_to(folder))) if folder.is_dir() else ()
    paths = sorted(path for path in found if path.is_file() and not path.name.startswith("."))
    if len(paths) > MAX_FILES:
        raise DataError(f"{pattern} matches {len(paths):,} files; up to {MAX_FILES:,} are supported. Join some.")
    if paths:
        return paths
    if not folder.is_dir():
        raise DataError(f"No file matches {pattern}: there is no folder {folder}. Check the path.")
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    close = nearest(pattern.name, names)
    names = [*close, *(name for name in names if name not in close)]
    contents = f"contains {listed(names)}" if names else "is empty"
    raise DataError(f"No file matches {pattern}. Its folder {contents}. Correct the pattern.")


def _folder_of(pattern: Path) -> Path:
    """Returns the deepest folder that a pattern names without `*`, `?` or `[`."""
    folder = pattern.parent
    while glob.has_magic(str(folder)):
        folder = folder.parent
    return folder


class JoinedFiles(RowSource):
    """The rows of several files, in the order of their names. Locations of rows begin with the name of the file.

    Args:
        kind: the class that reads each file.
        location: the pattern.
        tasks: the tasks that the files may be for; the first file decides between them.
        given: the columns that the user named, by word.
        **reading: options of the format, as for `kind`.

    Attributes:
        parts: the files.
        names: their names, relative to the folder that the pattern names.
    """

    def __init__(
        self,
        kind: Callable[..., RowSource],
        location: str,
        tasks: tuple[str, ...],
        given: Mapping[str, str],
        **reading: Any,
    ) -> None:
        self.pattern = user_path(location).absolute()
        paths = matching_files(location)
        first = kind(str(paths[0]), tasks, given, **reading)
        self.task, self.columns, self.input = first.task, first.columns, first.input
        self.chunk, self.unspecified, self.target_columns = first.chunk, first.unspecified, first.target_columns
        rest = [kind(str(path), (self.task,), self.columns, **reading) for path in paths[1:]]
        self.parts: list[Any] = [first, *rest]
        self._check_columns()
        for part in self.parts:
            part.limit_memory(len(self.parts))
        folder = _folder_of(self.pattern)
        self.names = [path.relative_to(folder).as_posix() for path in paths]
        self._parallel = parallel_files(kind, self.parts, self.pattern, reading)

    def _check_columns(self) -> None:
        """Raises `DataError` unless all files have the same columns."""
        expected = self.parts[0].present
        for part in self.parts[1:]:
            if set(part.present) != set(expected):
                first = self.parts[0].paths()[0].name
                raise DataError(
                    f"{part.paths()[0]} has the columns {listed(part.present)}, but {first} has "
                    f"{listed(expected)}. The files that {self.pattern.name} matches need the same columns."
                )

    def paths(self) -> list[Path]:
        return [path for part in self.parts for path in part.paths()]

    def named(self) -> list[Path]:
        return [self.pattern]

    def defaults(self) -> dict[str, Any]:
        return dict(self.parts[0].defaults())

    def rows(self) -> Iterator[Row | BadRow]:
        files = self._parallel
        if files and files.seekable and all(part.has_marks for part in self.parts):
            yield from itertools.chain.from_iterable(self._read_all(range(self._begins()[-1])))
        else:
            with self._readers(lambda part: part.rows) as readers:
                for reader in readers:
                    yield from reader()

    def part_reports(self, seed: int, classes: Sequence[str], compared: bool) -> Iterator[Any] | None:
        return self._reports(self._parallel, seed, classes, compared) if self._parallel else None

    def _reports(self, files: ParallelFiles, seed: int, classes: Sequence[str], compared: bool) -> Iterator[Any]:
        for name, report in zip(self.names, files.reports(seed, classes, compared), strict=True):
            report.bad = [_in_file(name, row) for row in report.bad]
            report.missing = [_in_file(name, row) for row in report.missing]
            report.left_out = [f"{name} {where}" for where in report.left_out]
            yield report

    def part_examples(self, selection: Selection) -> Iterator[tuple[bytes, Any] | None] | None:
        files, seed = self._parallel, selection.shuffle_seed
        if not files or selection.left_out:
            return None
        if seed is not None and not files.seekable:
            # Those that can be read from any row on are shuffled as a whole, here.
            return None if files.any_seekable else self._streamed_examples(files, selection, seed)
        if seed is None and not (files.seekable and all(part.has_marks for part in self.parts)):
            return self._streamed_examples(files, selection, None)
        return self._examples(files, selection, seed)

    def _examples(self, files: ParallelFiles, selection: Selection, seed: int | None) -> Iterator[Any]:
        files.find_marks()
        begins = self._begins()

        def read(order: Iterable[int]) -> Iterator[list[Any]]:
            return files.examples((_place(begins, index) for index in order), selection)

        if seed is None:
            yield from itertools.chain.from_iterable(read(range(begins[-1])))
        else:
            yield from mixed_blocks(begins[-1], _not_called, seed, read_all=read)

    def _streamed_examples(self, files: ParallelFiles, selection: Selection, seed: int | None) -> Iterator[Any]:
        with files.example_streams(selection) as streams:
            if seed is None:
                for stream in streams:
                    yield from stream()
            else:
                yield from mixed_streams(streams, seed)

    def part_chunks(self, selection: Selection) -> Callable[[str], Iterator[Mapping[str, int]]] | None:
        if not self._parallel or selection.left_out:
            return None
        return functools.partial(self._parallel.chunks, selection)

    def blocks(self) -> Blocks | None:
        if self._parallel and self._parallel.seekable:
            self._parallel.find_marks()
        found = [part.blocks() for part in self.parts]
        blocks = [part for part in found if part]
        if len(blocks) < len(found):
            return None
        begins = [0, *itertools.accumulate(part.number for part in blocks)]

        def read(index: int) -> list[Row | BadRow]:
            number, inner = _place(begins, index)
            return [_in_file(self.names[number], row) for row in blocks[number].read(inner)]

        return Blocks(begins[-1], read)

    def _begins(self) -> list[int]:
        """Returns the index of the first block of each file, and the number of all blocks."""
        return [0, *itertools.accumulate(len(part.marks()) for part in self.parts)]

    def _read_all(self, order: Sequence[int]) -> Iterator[list[Row | BadRow]]:
        """Yields the rows of blocks, which several processes read."""
        assert self._parallel
        begins = self._begins()
        places = [_place(begins, index) for index in order]
        for number, rows in self._parallel.blocks(places):
            yield [_in_file(self.names[number], row) for row in rows]

    def mixed_rows(self, seed: int) -> Iterator[Row | BadRow]:
        if blocks := self.blocks():
            read_all = self._read_all if self._parallel else None
            yield from mixed_blocks(blocks.number, blocks.read, seed, read_all=read_all)
        else:
            with self._readers(lambda part: functools.partial(part.mixed_rows, seed)) as readers:
                yield from mixed_streams(readers, seed)

    @contextlib.contextmanager
    def _readers(self, reader_of: Callable[[Any], Reader]) -> Iterator[list[Reader]]:
        """Gives, for each file, a function that returns its rows from its start, each with the name of the file.

        Args:
            reader_of: returns that of a file which no other process reads.
        """
        files = self._parallel
        with contextlib.ExitStack() as stack:
            if files and not files.any_seekable:
                readers = stack.enter_context(files.streams())
            else:
                readers = [reader_of(part) for part in self.parts]
            yield [functools.partial(_all_in_file, *each) for each in zip(self.names, readers, strict=True)]


def _not_called(index: int) -> list[Any]:
    raise AssertionError("blocks are read by other processes")


def _place(begins: Sequence[int], index: int) -> tuple[int, int]:
    """Returns the index of the file that has a block, and the index of the block in it."""
    number = bisect.bisect_right(begins, index) - 1
    return number, index - begins[number]


def _all_in_file(name: str, rows: Reader) -> Iterator[Row | BadRow]:
    return (_in_file(name, row) for row in rows())


def _in_file(name: str, row: R) -> R:
    return row._replace(where=f"{name} {row.where}")
