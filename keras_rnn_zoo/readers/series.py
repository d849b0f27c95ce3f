"""The reader of numeric series."""

import functools
import json
import math
import operator
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.digests import read_values
from keras_rnn_zoo.artifacts.schema import SCALES
from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.atomic_files import write_json
from keras_rnn_zoo.conventions import MISSING
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.readers.reader import Reader, require

MAX_DEVIATIONS = 1e9
"""Values are clipped at this many standard deviations from the mean, so that no sum of them overflows."""


@registry.reader(
    inputs={
        "series": "the numbers, step by step: float32 (batch, steps, features)",
        "lengths": "the number of steps of each; by default empty, which means all: int32 (batch,)",
    },
    columns="series x strokes signal sequence points",
    example='"[[...], ...]"',
)
class SeriesReader(Reader):
    """Series, float32 `(batch, steps, features)`, each feature scaled by its statistics in the training split.

    Padding is NaN.

    Args:
        max_steps: maximum number of steps to read of a series, from its start.
        normalization: standard scales each feature to mean 0 and variance 1 on the training split; none keeps the
            values as they are.
    """

    input = "series"
    variable = True
    FILE = "normalization.json"

    def __init__(
        self,
        *,
        max_steps: Annotated[int, Range(1, 1_000_000)] = 100_000,
        normalization: Literal["standard", "none"] = "standard",
    ) -> None:
        self.max_steps = max_steps
        self.normalization = normalization
        self.mean: list[float] = []
        self.deviation: list[float] = []

    def fit(self, raw: Any) -> str:
        total, squares, counts, steps = functools.reduce(
            lambda sums, more: tuple(map(operator.add, sums, more)),
            map(_moments, raw.map(_as_double).as_numpy_iterator()),
        )
        mean = total / np.maximum(counts, 1)
        deviation = np.sqrt(np.maximum(squares / np.maximum(counts, 1) - mean**2, 0))
        learned = f"{quantity(len(mean), 'feature')} per step, {quantity(steps, 'step')}"
        if self.normalization == "none":
            self.mean, self.deviation = [0.0] * len(mean), [1.0] * len(mean)
            return f"{learned}, not scaled"
        # Do not scale constant features; because of rounding, their deviation may not be exactly 0.
        varies = deviation > 1e-6 * np.abs(mean)
        self.mean, self.deviation = mean.tolist(), np.where(varies, deviation, 1.0).tolist()
        return f"{learned}, each feature scaled to mean 0 and variance 1"

    def model_options(self) -> dict[str, Any]:
        return {"input": self.input, "features": len(self.mean)}

    def signature(self) -> list[Any]:
        return [
            tf.TensorSpec([None, None, len(self.mean)], tf.float32, name="series"),
            tf.TensorSpec([None], tf.int32, name="lengths"),
        ]

    def defaults(self) -> dict[str, Any]:
        return {"lengths": tf.zeros([0], tf.int32)}

    def __call__(self, *raw: Any) -> Any:
        return self._scaled(*raw)[:, : self.max_steps]

    def _scaled(self, series: Any, lengths: Any) -> Any:
        scaled = (series - tf.constant(self.mean, tf.float32)) / tf.constant(self.deviation, tf.float32)
        return tf.clip_by_value(pad_with_nan(scaled, lengths), -MAX_DEVIATIONS, MAX_DEVIATIONS)

    step_unit = "row"

    @property
    def baseline(self) -> str:  # type: ignore[override]
        return "zeros" if self.normalization == "none" else "the mean of each feature in training"

    streams = True

    def limit(self) -> tuple[Any, str]:
        return self, "max_steps"

    def to_part(self, part: Any) -> tuple[Any, ...]:
        """Returns a batch of the next steps of a series.

        Args:
            part: the steps, or a single one, which is a list of as many numbers as a step has; also as JSON, or as a
                line of numbers separated by commas or spaces. Empty cells between commas are missing.
        """
        features = len(self.mean)
        steps = parse_row(part) if isinstance(part, str | bytes) else part
        if isinstance(steps, list | tuple) and not steps:
            steps = self.no_part()
        elif features > 1 and np.ndim(steps) == 1:
            steps = [steps]
        return self.to_batch([steps])

    def no_part(self) -> Any:
        return np.zeros((0, len(self.mean)), "float32")

    def read_part(self, states: Mapping[str, Any], *raw: Any) -> tuple[Any, None, dict[str, Any]]:
        return part_of_numbers(self._scaled(*raw), *raw), None, {}

    def read_end(self, states: Mapping[str, Any], rows: Any) -> tuple[Any, None]:
        return no_steps(rows, (len(self.mean),)), None

    def add_batch_axis(self, raw: Any) -> tuple[Any, ...]:
        return raw[None], tf.shape(raw)[:1]

    def steps(self, raw: Any) -> int:
        return max(1, min(len(raw), self.max_steps))  # An empty series is read as one step of zeros.

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        parsed = [parse_series(item) if isinstance(item, str | bytes) else item for item in inputs]
        return pad_batch(parsed, (len(self.mean),))

    def as_file(self, raw: Any) -> tuple[str, bytes]:
        steps = raw[:, 0] if raw.shape[1:] == (1,) else raw  # A list of numbers is a series of one feature.
        rows = [[float(str(value)) for value in row] if row.ndim else float(str(row)) for row in np.asarray(steps)]
        return "json", json.dumps(rows).encode()

    def dummy_input(self, number: int) -> Any:
        random = np.random.default_rng(number)
        return random.normal(self.mean, self.deviation, (random.integers(1, 50), len(self.mean))).astype("float32")

    def longer_than(self, inputs: Sequence[Any]) -> Any:
        return repeat_longest(inputs)

    def save(self, folder: Path) -> None:
        write_json(folder / self.FILE, {"mean": self.mean, "deviation": self.deviation})

    def load(self, folder: Path | Member) -> None:
        statistics = read_values(folder / self.FILE, SCALES, [("mean", "deviation")])
        self.mean, self.deviation = statistics["mean"], statistics["deviation"]


def _as_double(series: Any) -> Any:
    return tf.cast(series, tf.float64)


def _moments(series: Any) -> tuple[Any, Any, Any, int]:
    """Returns the sum, sum of squares and number of finite values of each feature `(features,)`, and the steps."""
    finite = np.isfinite(series)
    series = np.where(finite, series, 0.0)
    return series.sum(axis=0), np.square(series).sum(axis=0), finite.sum(axis=0), len(series)


def parse_series(text: str | bytes) -> Any:
    """Returns the value of a series in JSON; raises `DataError` if it is not valid JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        raise DataError(
            f"A series is expected as JSON, such as [1, 2, 3], or [[0.1, 2], [0.3, 1]] with two numbers per step; "
            f"received {shown[:60]!r}."
        ) from None


def parse_row(text: str | bytes) -> Any:
    """Returns the numbers of a line, separated by commas or spaces, or a value in JSON, or raises `DataError`."""
    line = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if line.lstrip().startswith("["):
        return parse_series(line)
    cells = line.split(",") if "," in line else line.split()
    try:
        return [_number(cell) for cell in cells]
    except ValueError:
        raise DataError(
            f"A row of numbers is expected, separated by commas or spaces, such as 0.5, -2; received {line[:60]!r}."
        ) from None


def _number(cell: str) -> float:
    """Returns the number in a cell of a row, NaN if it is missing."""
    text = cell.strip().casefold()
    return math.nan if text in MISSING else float(text)


def pad_with_nan(values: Any, lengths: Any) -> Any:
    """Sets padding to NaN.

    Args:
        values: float32 `(batch, time, ...)`. Values before the end that are not finite become 0, because NaN marks
            padding.
        lengths: the number of real steps of each row, int32 `(batch,)`, or empty if there is no padding.

    Returns:
        Values of the same shape with NaN after the end of each row; with one step of zeros if `time` is 0.
    """
    batch, steps = tf.unstack(tf.shape(values)[:2])
    count = tf.size(lengths)
    fault = "The input `lengths` must be empty or have one value per row of the batch; number of values and rows:"
    count = require(tf.logical_or(tf.equal(count, batch), tf.equal(count, 0)), fault, count, batch)
    lengths = tf.cond(tf.equal(count, 0), lambda: tf.fill([batch], steps), lambda: lengths)

    def up_to(lengths: Any) -> Any:
        real = tf.sequence_mask(lengths, tf.shape(values)[1])
        return tf.reshape(real, tf.concat([tf.shape(real), [1] * (len(values.shape) - 2)], 0))

    # This also sets the first step of an empty row, which counts as real, to 0.
    values = tf.where(tf.logical_and(tf.math.is_finite(values), up_to(lengths)), values, 0.0)
    values = tf.pad(values, [[0, 0], [0, tf.maximum(1 - steps, 0)]] + [[0, 0]] * (len(values.shape) - 2))
    return tf.where(up_to(tf.maximum(lengths, 1)), values, np.nan)


def part_of_numbers(values: Any, raw: Any, lengths: Any) -> Any:
    """Returns the steps of a part of a stream.

    Args:
        values: what is read of the part, padded with NaN, float32 `(rows, time, ...)`.
        raw: the part, float32 `(rows, time, ...)`.
        lengths: the number of its steps, int32 `(rows,)`, or empty if there is no padding.
    """
    from keras_rnn_zoo.layers.streams import Steps

    return Steps(tf.where(tf.math.is_nan(values), 0.0, values), steps_in_rows(raw, lengths))


def steps_in_rows(raw: Any, lengths: Any) -> Any:
    """Returns the number of steps of each row, int32 `(rows,)`; arguments as of `part_of_numbers`."""
    rows, time = tf.unstack(tf.shape(raw)[:2])
    lengths = tf.cond(tf.equal(tf.size(lengths), 0), lambda: tf.fill([rows], time), lambda: lengths)
    return tf.clip_by_value(lengths, 0, time)


def no_steps(rows: Any, features: tuple[int, ...]) -> Any:
    """Returns no steps for a number of rows, int32 `()`, each step of the shape `features`."""
    from keras_rnn_zoo.layers.streams import Steps

    return Steps(tf.zeros([rows, 1, *features]), tf.zeros([rows], tf.int32))


def repeat_longest(inputs: Sequence[Any]) -> Any:
    """Returns the longest of some arrays `(time, ...)` twice, followed by one more step."""
    longest = max(map(np.asarray, inputs), key=len)
    return np.concatenate([longest, longest, np.ones((1, *longest.shape[1:]), longest.dtype)])


def pad_batch(inputs: Sequence[Any], features: tuple[int, ...]) -> tuple[Any, Any]:
    """Pads arrays to a batch.

    Args:
        inputs: arrays, or nested lists of numbers, of shape `(time, *features)`. With a single feature, `(time,)` is
            accepted as well.
        features: the shape of a step.

    Returns:
        The batch, float32 `(batch, time, *features)`, padded with zeros, and the lengths, int32 `(batch,)`.

    Raises:
        DataError: an input is not such an array.
    """
    arrays = []
    for item in inputs:
        try:
            array = np.asarray(item, "float32")
        except (TypeError, ValueError, OverflowError):
            raise DataError(
                f"Numbers are expected, the same number of them in each step; received {item!r:.60}."
            ) from None
        if array.ndim == 1 and features == (1,):
            array = array[:, None]  # In training data, too, series with one feature need no axis for it.
        if array.ndim != 1 + len(features) or array.shape[1:] != features:
            expected = ", ".join(["steps", *map(str, features)])
            raise DataError(f"An array of shape ({expected}) is expected; received one of shape {array.shape}.")
        arrays.append(array)
    lengths = np.array([len(array) for array in arrays], "int32")
    batch = np.zeros((len(arrays), max(lengths, default=0), *features), "float32")
    for row, array in zip(batch, arrays, strict=True):
        row[: len(array)] = array
    return tf.constant(batch), tf.constant(lengths)
