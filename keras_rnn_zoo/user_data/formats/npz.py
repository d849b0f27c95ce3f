"""Arrays: series and what they stand for."""

import array
import dataclasses
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError, ZooError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.user_data.columns import choose_task, resolve, words_of
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, existing_file
from keras_rnn_zoo.user_data.safe_npy import read_array
from keras_rnn_zoo.user_data.targets import as_column, as_targets, measured, plain
from keras_rnn_zoo.user_data.textfile import check_text

LENGTHS = ("lengths", "length", "x_lengths")
SHARE = 0.8
"""The part of the free memory that arrays may take; the rest is for what is made of them."""


class Arrays(RowSource):
    """A NumPy archive with series and targets, which is loaded whole.

    Series are an object array of arrays (steps, features); an array (examples, steps, features), or without the last
    axis, whose true lengths may stand in `lengths`; or all steps one after another (steps, features) with `lengths`.
    The memory taken is that of the arrays: each series is cut out of them, and made numbers, when it is wanted.
    """

    input = "series"

    def __init__(self, place: str, tasks: tuple[str, ...], given: Mapping[str, str], encoding: str) -> None:
        self.path = existing_file(place)
        arrays = _read_arrays(self.path)
        lengths = next((name for name in LENGTHS if name in arrays), "")
        present = [name for name in arrays if name != lengths]
        self.task = choose_task(
            tasks, given, present, lambda column: measured(as_column(arrays[column], self._named(column)))
        )
        words = words_of(self.task, self.input)
        self.columns = resolve(words, given, present, self.path, self.task)
        self.x, y = (arrays[self.columns[word]] for word in words)
        if not self.x.ndim:
            raise DataError(f"{self._named(self.columns[words[0]])}: one number is there, where series are expected.")
        target = self._named(self.columns[words[1]])
        self.y = as_targets(as_column(y, target), target, one_hot=self.task_files.classes == "one")
        self.bounds = self._bounds(arrays.get(lengths))
        if len(self.bounds) != len(self.y):
            raise DataError(
                f"{self.path}: {self.columns['series']!r} has {len(self.bounds):,} series and "
                f"{self.columns[words[1]]!r} {len(self.y):,} targets; as many are expected."
            )
        first = self._series(0) if len(self.y) else None
        self.features = first.shape[1] if first is not None and first.ndim == 2 else 1

    def _named(self, column: str) -> str:
        return f"{self.path}, array {column!r}"

    def _bounds(self, lengths: Any) -> Any:
        """Returns what cuts a series out of the array, and how many there are."""
        x, name = self.x, f"{self.path}, array {self.columns['series']!r}"
        if x.dtype.kind not in "Ofiub":
            raise DataError(f"{name}: numbers are expected; received {x.dtype}.")
        if lengths is not None and (lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 0).any()):
            raise DataError(f"{self.path}: the lengths are expected as whole numbers of 0 or more, one a series.")
        if x.dtype.kind == "O":
            return _Whole(len(x))
        if lengths is not None and len(lengths) != len(x):
            total = sum(map(int, lengths))
            if total != len(x):
                raise DataError(f"{name}: {len(x):,} steps where the lengths add up to {total:,}. Write as many.")
            return _Joined(np.cumsum(lengths, dtype="int64"))
        if x.ndim < 2:
            raise DataError(
                f"{name}: an array (examples, steps, features) is expected; received one of {x.shape}. Where all steps "
                "stand one after another, add an array 'lengths'."
            )
        if lengths is not None and (lengths > x.shape[1]).any():
            raise DataError(f"{name}: a length of {int(lengths.max()):,} where there are {x.shape[1]:,} steps.")
        return _Whole(len(x)) if lengths is None else _Padded(lengths)

    def _series(self, number: int) -> Any:
        """Returns a series, `(steps, features)` where it is as it should be, or `None` for what is no numbers."""
        found = self.bounds.cut(self.x, number)
        found = _numbers(found) if self.x.dtype.kind == "O" else found
        return found[:, None] if found is not None and found.ndim == 1 else found

    def paths(self) -> list[Path]:
        return [self.path]

    def rows(self) -> Iterator[Row | BadRow]:
        return map(self._row, range(len(self.y)))

    def _row(self, number: int) -> Row | BadRow:
        where, series = f"example {number}", self._series(number)
        if series is None or series.ndim != 2 or series.shape[1] != self.features:
            found = "no numbers" if series is None else f"the shape {series.shape}"
            fault = f"{found} where (steps, {self.features}) is expected"
            return BadRow(where, self.columns["series"], "", fault)
        if not series.size:
            missing = "features" if len(series) else "steps"
            return BadRow(where, self.columns["series"], "", f"the series has no {missing}")
        column, target = self.columns[self.task_files.target], plain(self.y[number])
        if target is None:
            return BadRow(where, column, "", "a text or a number is expected")
        if self.task_files.dtype == "string":
            target = str(target)
        return check_text(str(target), where, column, "utf-8") or Row(where, number, target)

    def mixed_rows(self, seed: int) -> Iterator[Row | BadRow]:
        import random

        numbers = array.array("Q", range(len(self.y)))
        random.Random(seed).shuffle(numbers)
        return map(self._row, numbers)

    def raw_spec(self) -> Any:
        return tf.TensorSpec([None, self.features], tf.float32)

    def load(self, row: Row) -> Any:
        return np.asarray(self._series(row.raw), "float32")

    def key(self, row: Row) -> bytes:
        return np.ascontiguousarray(self._series(row.raw)).tobytes()


@dataclasses.dataclass(frozen=True)
class _Whole:
    """A series in each row."""

    number: int

    def __len__(self) -> int:
        return self.number

    def cut(self, x: Any, number: int) -> Any:
        return x[number]


@dataclasses.dataclass(frozen=True)
class _Padded:
    """A series in each row, of the length that stands beside it."""

    lengths: Any

    def __len__(self) -> int:
        return len(self.lengths)

    def cut(self, x: Any, number: int) -> Any:
        return x[number][: self.lengths[number]]


@dataclasses.dataclass(frozen=True)
class _Joined:
    """All series one after another, each up to the step where it ends."""

    ends: Any

    def __len__(self) -> int:
        return len(self.ends)

    def cut(self, x: Any, number: int) -> Any:
        return x[self.ends[number - 1] if number else 0 : self.ends[number]]


def _read_arrays(path: Path) -> dict[str, Any]:
    """Returns the arrays of a NumPy archive by name, each read straight into the memory that it takes."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename: member for member in archive.infolist() if member.filename.endswith(".npy")}
            size, room = sum(member.file_size for member in members.values()), available()
            if size > room * SHARE:
                raise DataError(
                    f"{path} holds {size:,} bytes unpacked, and {room:,} of memory are free, of which {SHARE:.0%} may "
                    "be taken. Split it, or free memory."
                )
            return {
                name.removesuffix(".npy"): read_array(
                    _unpacked(archive, member), f"{path}, array {name.removesuffix('.npy')!r}"
                )
                for name, member in members.items()
            }
    except ZooError:
        raise
    except Exception as error:  # Of damage `zipfile` tells by many kinds, from its own to those of `seek`.
        raise DataError(f"{path} is no NumPy archive: {error}. Write it with numpy.savez.") from None


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Any:
    """Returns the bytes of a file in an archive."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # `zipfile` unpacks these a megabyte of the archive at a time, whatever comes of it.
        raise ValueError(f"{member.filename} is compressed by a method that NumPy does not use")
    content = np.empty(member.file_size, "uint8")
    with archive.open(member) as file:
        place = 0
        while part := file.read(2**20):
            content[place : place + len(part)] = np.frombuffer(part, "uint8")
            place += len(part)
    if place < len(content):
        raise EOFError(f"{member.filename} is cut short")
    return content


def _numbers(item: Any) -> Any:
    """Returns an array of numbers of what stands in an object array, or `None`."""
    if isinstance(item, str | bytes):
        return None
    try:
        return np.asarray(item, "float32")
    except (TypeError, ValueError, OverflowError):
        return None


@registry.file_format(
    "npz", order=8, tasks=("classification", "regression", "transcription"), address="npz:FILE", endings=("npz",)
)
def npz(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A NumPy archive with series `x`, ragged or padded with `lengths`, and targets `y`."""
    return dataset_from_files("npz", Arrays, place, tasks, options, config)
