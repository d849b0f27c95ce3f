"""Arrays: series and what they stand for."""

import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.addresses.columns import TARGETS, choose_task, resolve, words_of
from keras_rnn_zoo.addresses.opening import files_dataset
from keras_rnn_zoo.addresses.pickles import read_array
from keras_rnn_zoo.addresses.rows import BadRow, Files, Row, existing_file
from keras_rnn_zoo.addresses.targets import as_column, as_targets, measured, plain
from keras_rnn_zoo.addresses.textfile import check_text
from keras_rnn_zoo.errors import DataError, ZooError
from keras_rnn_zoo.lazy import np

LENGTHS = ("lengths", "length", "x_lengths")


class Arrays(Files):
    """A NumPy archive with series and targets, which is loaded whole.

    Series are an object array of arrays (steps, features); an array (examples, steps, features), or without the last
    axis, whose true lengths may stand in `lengths`; or all steps one after another (steps, features) with `lengths`.
    """

    input = "series"

    def __init__(self, place: str, tasks: tuple[str, ...], given: Mapping[str, str], encoding: str) -> None:
        self.path = existing_file(place)
        try:
            with zipfile.ZipFile(self.path) as archive:
                self._check_size(archive)
                names = {name.removesuffix(".npy"): name for name in archive.namelist() if name.endswith(".npy")}
                arrays = {
                    key: read_array(archive.read(name), f"{self.path}, array {key!r}") for key, name in names.items()
                }
        except ZooError:
            raise
        except Exception as error:  # Of damage `zipfile` tells by many kinds, from its own to those of `seek`.
            raise DataError(f"{self.path} is no NumPy archive: {error}. Write it with numpy.savez.") from None
        lengths = next((name for name in LENGTHS if name in arrays), "")
        present = [name for name in arrays if name != lengths]
        self.task = choose_task(
            tasks, given, present, lambda column: measured(as_column(arrays[column], self._named(column)))
        )
        words = words_of(self.task, self.input)
        self.columns = resolve(words, given, present, self.path, self.task)
        x, y = (arrays[self.columns[word]] for word in words)
        target = self._named(self.columns[words[1]])
        self.y = as_targets(as_column(y, target), self.task, target)
        self.x = self._series(x, arrays.get(lengths))
        if len(self.x) != len(self.y):
            raise DataError(
                f"{self.path}: {self.columns['series']!r} has {len(self.x):,} series and {self.columns[words[1]]!r} "
                f"{len(self.y):,} targets; as many are expected."
            )
        shapes = [series.shape[1] for series in self.x[:1] if series.ndim == 2]
        self.features = shapes[0] if shapes else 1

    def _named(self, column: str) -> str:
        return f"{self.path}, array {column!r}"

    def _check_size(self, archive: zipfile.ZipFile) -> None:
        """Raises `DataError` if the arrays would not fit into memory, before any is read."""
        size = sum(member.file_size for member in archive.infolist())
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if size > memory:
            raise DataError(
                f"{self.path} holds {size:,} bytes unpacked, and this machine has {memory:,} of memory. Split it."
            )

    def _series(self, x: Any, lengths: Any) -> list[Any]:
        name = f"{self.path}, array {self.columns['series']!r}"
        if x.dtype.kind not in "Ofiub":
            raise DataError(f"{name}: numbers are expected; received {x.dtype}.")
        if lengths is not None and (lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 0).any()):
            raise DataError(f"{self.path}: the lengths are expected as whole numbers of 0 or more, one a series.")
        if x.dtype.kind == "O":
            series = [_numbers(item) for item in x]
        elif lengths is not None and len(lengths) != len(x):
            if int(lengths.sum()) != len(x):
                raise DataError(
                    f"{name}: {len(x):,} steps where the lengths add up to {int(lengths.sum()):,}. Write as many."
                )
            series = np.split(x, np.cumsum(lengths)[:-1])
        elif lengths is not None:
            if (lengths > x.shape[1]).any():
                raise DataError(f"{name}: a length of {int(lengths.max()):,} where there are {x.shape[1]:,} steps.")
            series = [item[:length] for item, length in zip(x, lengths, strict=True)]
        elif x.ndim < 2:
            raise DataError(
                f"{name}: an array (examples, steps, features) is expected; received one of {x.shape}. Where all steps "
                "stand one after another, add an array 'lengths'."
            )
        else:
            series = list(x)
        return [item[:, None] if item is not None and item.ndim == 1 else item for item in series]

    def paths(self) -> list[Path]:
        return [self.path]

    def rows(self) -> Iterator[Row | BadRow]:
        column = self.columns["series"]
        for number, (series, target) in enumerate(zip(self.x, self.y, strict=True)):
            where = f"example {number}"
            if series is None or series.ndim != 2 or series.shape[1] != self.features:
                found = "no numbers" if series is None else f"the shape {series.shape}"
                yield BadRow(where, column, "", f"{found} where (steps, {self.features}) is expected")
            elif not len(series):
                yield BadRow(where, column, "", "the series has no steps")
            else:
                yield self._row(where, number, plain(target))

    def _row(self, where: str, number: int, target: str | float | None) -> Row | BadRow:
        column = self.columns[TARGETS[self.task]]
        if target is None:
            return BadRow(where, column, "", "a text or a number is expected")
        if self.task == "transcription":
            target = str(target)
        return check_text(str(target), where, column, "utf-8") or Row(where, number, target)

    def mixed_rows(self, seed: int) -> Iterator[Row | BadRow]:
        import random

        rows = list(self.rows())
        random.Random(seed).shuffle(rows)
        yield from rows

    def load(self, row: Row) -> Any:
        return np.asarray(self.x[row.raw], "float32")

    def key(self, row: Row) -> bytes:
        return np.ascontiguousarray(self.x[row.raw]).tobytes()


def _numbers(item: Any) -> Any:
    """Returns an array of numbers of what stands in an object array, or `None`."""
    try:
        return np.asarray(item, "float32")
    except (TypeError, ValueError):
        return None


@registry.form("npz", tasks=("classification", "regression", "transcription"), address="npz:FILE", endings=("npz",))
def npz(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """A NumPy archive with series `x`, ragged or padded with `lengths`, and targets `y`."""
    return files_dataset("npz", Arrays, place, tasks, options, known)
