"""The format `npz`: NumPy archives with series and targets."""

import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.user_data.array_outputs import NpzRows
from keras_rnn_zoo.user_data.columns import ColumnError, choose_task, parse_columns, resolve, words_of
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.npz_archive import arrays_of, name_of, splits_of, without_split
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, TrainedOn
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, existing_file
from keras_rnn_zoo.user_data.series_bounds import Joined, Padded, Whole
from keras_rnn_zoo.user_data.step_columns import STEP_TASKS, WORDS, without_steps
from keras_rnn_zoo.user_data.targets import as_column, as_targets, measured, plain
from keras_rnn_zoo.user_data.textfile import check_text

LENGTHS = ("lengths", "length", "x_lengths")
TARGET_NAMES = ("classes", "class_names", "target_names")
"""Usual names of an array with the names of classes, or of several targets."""
IDS_INSPECTED, MIN_IDS = 100, 256
"""Number of series that are inspected for token ids, and the lowest maximum that is reported."""


class Arrays(RowSource):
    """A NumPy archive with series and targets, which is loaded completely.

    Series are an object array of arrays `(steps, features)`; an array `(examples, steps, features)`, or without the
    last axis, with optional true lengths in `lengths`; or the concatenated steps `(steps, features)` with `lengths`.
    Memory holds only the arrays: each series is sliced and converted to numbers when it is needed.

    Attributes:
        others: the arrays that are neither series, lengths nor targets, by name.
    """

    input = "series"

    def __init__(
        self,
        location: str,
        tasks: tuple[str, ...],
        given: Mapping[str, str],
        encoding: str,
        words: tuple[str, ...] | None = None,
    ) -> None:
        arrays, given = self.open(location), without_split(location, given)
        lengths = next((name for name in LENGTHS if name in arrays), "")
        present = [name for name in arrays if name != lengths]

        def are_measured(column: str) -> bool:
            return measured(as_column(arrays[column], self._named(column)))

        self.task = tasks[0] if words else choose_task(tasks, given, present, are_measured)
        words = words or words_of(self.task, self.input)
        self.columns = resolve(words, given, present, name_of(location, self.path), self.task)
        self.x = arrays[self.columns[words[0]]]
        if not self.x.ndim:
            raise DataError(f"{self._named(self.columns[words[0]])}: series are expected; received a single number.")
        self.bounds = self._bounds(arrays.get(lengths))
        self.others = {name: arrays[name] for name in present if name not in self.columns.values()}
        self.y = self._targets(arrays[self.columns[words[1]]], self.columns[words[1]]) if len(words) > 1 else None
        first = self.series(0) if len(self.bounds) else None
        self.features = first.shape[1] if first is not None and first.ndim == 2 else 1

    @classmethod
    def divided(cls, location: str) -> dict[str, str]:
        return splits_of(existing_file(location))

    @classmethod
    def roots(cls, location: str) -> list[Path]:
        return [existing_file(location)]

    def _targets(self, y: Any, column: str) -> Any:
        name = self._named(column)
        one_hot, several = self.task_files.classes == "one", self.task == "regression"
        targets = as_targets(as_column(y, name), name, one_hot=one_hot, several=several)
        if targets.ndim == 2:
            self.target_columns = self._target_names(targets.shape[1])
        if len(self.bounds) != len(targets):
            raise DataError(
                f"{self.path}: {self.columns['series']!r} has {len(self.bounds):,} series, but {column!r} has "
                f"{quantity(len(targets), 'target')}. Write a target for each series."
            )
        return targets

    def _target_names(self, count: int) -> tuple[str, ...]:
        """Returns the names of several targets: those in an array, or else their indices."""
        found: list[Any] = next(
            (np.ravel(self.others[name]).tolist() for name in TARGET_NAMES if name in self.others), []
        )
        return tuple(map(str, found if len(found) == count else range(count)))

    def warnings(self) -> list[str]:
        """Warns of token ids, which are numbers, but not measurements."""
        if self.features != 1 or not len(self.bounds):
            return []
        sample = [self.bounds.cut(self.x, index) for index in range(min(len(self.bounds), IDS_INSPECTED))]
        numbers = [np.asarray(series) for series in sample]
        if any(array.dtype.kind not in "iu" or not array.size or array.min() < 0 for array in numbers):
            return []
        highest = max(int(array.max()) for array in numbers)
        if highest < MIN_IDS:
            return []
        return [
            f"{self._named(self.columns['series'])} holds integers up to {highest:,}, like the token ids that "
            "keras.datasets.imdb.load_data() returns. They are read as measurements, and nothing can be learned from "
            "ids that way. For texts, write the words themselves to a CSV file; for measurements, write floats."
        ]

    def open(self, location: str) -> Mapping[str, Any]:
        """Returns the arrays by name, and sets `path`, which names them in messages."""
        self.path = existing_file(location)
        return arrays_of(location, self.path)

    def _named(self, column: str) -> str:
        return f"{self.path}, array {column!r}"

    def _bounds(self, lengths: Any) -> Any:
        """Returns the object that slices series out of the array, whose length is the number of series."""
        x, name = self.x, f"{self.path}, array {self.columns['series']!r}"
        if x.dtype.kind not in "Ofiub":
            raise DataError(f"{name}: numbers are expected; received {x.dtype}.")
        if lengths is not None and (lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 0).any()):
            raise DataError(f"{self.path}: the lengths must be integers of 0 or more, one per series.")
        if x.dtype.kind == "O":
            return Whole(len(x))
        if lengths is not None and len(lengths) != len(x):
            total = sum(map(int, lengths))
            if total != len(x):
                raise DataError(
                    f"{name}: {quantity(len(x), 'step')}, but the lengths sum to {total:,}. Correct the lengths."
                )
            return Joined(np.cumsum(lengths, dtype="int64"))
        if x.ndim < 2:
            raise DataError(
                f"{name}: an array of shape (examples, steps, features) is expected; received {x.shape}. If the steps "
                "of all series are concatenated, add an array 'lengths'."
            )
        if lengths is not None and (lengths > x.shape[1]).any():
            raise DataError(
                f"{name}: a length is {int(lengths.max()):,}, but a series has only {quantity(x.shape[1], 'step')}."
            )
        return Whole(len(x)) if lengths is None else Padded(lengths)

    def series(self, index: int) -> Any:
        """Returns a series, `(steps, features)` if it is valid; `None` if it does not consist of numbers."""
        series = self.bounds.cut(self.x, index)
        series = _numbers(series) if self.x.dtype.kind == "O" else series
        return series[:, None] if series is not None and series.ndim == 1 else series

    def steps(self, index: int) -> int:
        """Returns the number of steps of a series: how many targets it needs if each step has one."""
        return len(self.series(index))

    def stated_steps(self, index: int) -> str:
        """Returns these steps in words."""
        return quantity(self.steps(index), "step")

    def target(self, y: Any, index: int) -> Any:
        """Returns the targets of the steps of a series, given those of all series."""
        return self.bounds.cut(y, index)

    def paths(self) -> list[Path]:
        return [self.path]

    def rows(self) -> Iterator[Row | BadRow]:
        return map(self._row, range(len(self.bounds)))

    def _row(self, index: int) -> Row | BadRow:
        where, series = f"example {index}", self.series(index)
        if series is None or series.ndim != 2 or series.shape[1] != self.features:
            received = "values that are not numbers" if series is None else f"the shape {series.shape}"
            fault = f"numbers of shape (steps, {self.features}) are expected; received {received}"
            return BadRow(where, self.columns["series"], "", fault)
        if not series.size:
            missing = "features" if len(series) else "steps"
            return BadRow(where, self.columns["series"], "", f"the series has no {missing}")
        if self.y is None:
            return Row(where, index, "")
        column, target = self.columns[self.task_files.target], plain(self.y[index])
        if self.target_columns:
            return Row(where, index, tuple(plain(value) for value in self.y[index]))
        if target is None:
            return BadRow(where, column, "", "a text or a number is expected")
        if self.task_files.dtype == "string":
            target = str(target)
        return check_text(str(target), where, column, "utf-8") or Row(where, index, target)

    def mixed_rows(self, seed: int) -> Iterator[Row | BadRow]:
        import random

        indices = array.array("Q", range(len(self.bounds)))
        random.Random(seed).shuffle(indices)
        return map(self._row, indices)

    def raw_spec(self) -> Any:
        return tf.TensorSpec([None, self.features], tf.float32)

    def load(self, row: Row) -> Any:
        return np.asarray(self.series(row.raw), "float32")

    def key(self, row: Row) -> bytes:
        return np.ascontiguousarray(self.series(row.raw)).tobytes()


def _numbers(item: Any) -> Any:
    """Converts an item of an object array to an array of numbers; returns `None` if it is not numeric."""
    if isinstance(item, str | bytes):
        return None
    try:
        return np.asarray(item, "float32")
    except (TypeError, ValueError, OverflowError):
        return None


def series_inputs(location: str, trained: TrainedOn, *, columns: str = "") -> InputFile:
    """Opens series to predict; predictions are written with the index of each series.

    Args:
        location: the path.
        trained: what the run was trained on.
        columns: as in the option `columns`; by default, the array that training read, or one with a usual name.
    """
    if trained.task in STEP_TASKS:  # They have their own words.
        column = parse_columns(columns, WORDS).get("input", "")
        training_column = trained.columns.get("input", "") if trained.format == "npz" else ""
    else:
        column, (training_column, _) = trained.column_given(columns), trained.known_column("npz")

    def opened(column: str) -> Arrays:
        return Arrays(location, (trained.task,), {"series": column} if column else {}, "", ("series",))

    try:
        arrays = opened(column or training_column)
    except ColumnError:
        if column or not training_column:
            raise
        arrays = opened("")

    def inputs() -> Iterator[InputRecord | BadRow]:
        for row in arrays.rows():
            yield row if isinstance(row, BadRow) else InputRecord(arrays.load(row), row.raw)

    return InputFile(str(arrays.path), inputs, cells=lambda record: {"index": record.record})


@registry.file_format(
    "npz",
    order=8,
    tasks=("classification", "regression", "transcription"),
    address="npz:FILE",
    endings=("npz",),
    inputs=("series",),
    column_names="npz",
    predict=series_inputs,
    write=NpzRows,
)
def npz(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A NumPy archive with series `x`, ragged or padded with `lengths`, and targets `y`, also of each step."""
    # These modules read series by the class above.
    from keras_rnn_zoo.user_data.step_arrays import has_step_targets
    from keras_rnn_zoo.user_data.step_dataset import array_steps
    from keras_rnn_zoo.user_data.step_recordings import Recorded, has_rate

    kind = Recorded if has_rate(location, options, config) else Arrays
    if has_step_targets(kind, location, tasks, options):
        return array_steps("npz", kind, location, tasks, options, config)
    tasks = without_steps(tasks)
    return dataset_from_files("npz", Arrays, location, tasks, options, config)
