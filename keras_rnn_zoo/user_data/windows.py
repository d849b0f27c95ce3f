"""Windows of series over time: each is a history and the horizon that follows it. Their splits follow one another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.display.printing import quantity, short_repr
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.user_data.time_defaults import DEFAULT_SPLITS
from keras_rnn_zoo.user_data.time_grid import Series

SPLITS = ("train", "validation", "test")
MAX_SIZE = 10**12
"""Maximum number of steps of a split. No table is that long."""


def parse_splits(text: str) -> tuple[float, ...]:
    """Returns the sizes of the splits: fractions that sum to 1, or integer numbers of steps.

    Raises:
        OptionError: the text is not three such sizes.
    """
    try:
        sizes = [float(part) for part in text.split("/")]
        valid = len(sizes) == len(SPLITS) and all(0 < size <= MAX_SIZE for size in sizes)
    except ValueError:
        valid = False
    total = sum(sizes) if valid else 0.0
    for whole in (1, 100):
        if valid and math.isclose(total, whole):
            return tuple(size / whole for size in sizes)
    if not valid or total < 100 or not all(size.is_integer() for size in sizes):
        raise OptionError(
            "Option 'splits' expects three sizes, for training, validation and test: percentages such as 70/10/20, or "
            f"numbers of steps such as 8640/2880/2880; received {short_repr(text)}."
        )
    return tuple(sizes)


def split_bounds(series: Sequence[Series], sizes: Sequence[float]) -> list[int]:
    """Returns the times at which validation and test begin, and the time at which test ends.

    The steps that occur in any series are counted, so all series are split at the same times.

    Args:
        series: the series.
        sizes: the sizes of the splits, as `parse_splits` returns them.

    Raises:
        DataError: there are fewer steps than the sizes add up to.
    """
    times = np.unique(np.concatenate([one.times for one in series]))
    fractions = sum(sizes) <= 1.0 + 1e-9
    ends = [round(sum(sizes[:number]) * (len(times) if fractions else 1)) for number in (1, 2, 3)]
    if ends[-1] > len(times):
        raise DataError(
            f"The option splits asks for {quantity(ends[-1], 'step')}, but there are {len(times):,}. Use percentages: "
            f"--set splits={DEFAULT_SPLITS}."
        )
    # One more than the last time, which no target passes.
    return [int(times[end]) if end < len(times) else int(times[-1]) + 1 for end in ends]


@dataclass(frozen=True)
class Windows:
    """The windows of a split. They are cut from the series when they are needed.

    Attributes:
        series: the series.
        places: for each window, the index of its series and the step at which its horizon begins, int32
            `(windows, 2)`.
        history: number of steps before that.
        horizon: number of steps from there.
    """

    series: Sequence[Series]
    places: Any
    history: int
    horizon: int

    def __len__(self) -> int:
        return len(self.places)

    def cut(self, index: int) -> tuple[dict[str, Any], Any]:
        """Returns a window: its raw input by name, as `readers/window.py` reads it, and its target."""
        number, start = self.places[index]
        one, first, end = self.series[number], start - self.history, start + self.horizon
        raw = {"series": one.values[first:start], "time": one.seconds[first:end], "known": one.known[first:end]}
        return raw, one.values[start:end]

    def dataset(self) -> Any:
        """Returns the windows as a `tf.data.Dataset` of `(raw, target)`, in order of series and time."""
        one, steps = self.series[0], self.history + self.horizon
        targets, known = one.values.shape[1], one.known.shape[1]
        raw = {
            "series": tf.TensorSpec([self.history, targets], tf.float32),
            "time": tf.TensorSpec([steps], tf.int64),
            "known": tf.TensorSpec([steps, known], tf.float32),
        }
        data = tf.data.Dataset.from_generator(
            lambda: map(self.cut, range(len(self))),
            output_signature=(raw, tf.TensorSpec([self.horizon, targets], tf.float32)),
        )
        return data.apply(tf.data.experimental.assert_cardinality(len(self)))


def all_windows(series: Sequence[Series], history: int, horizon: int, stride: int) -> Windows:
    """Returns the windows of whole series, to evaluate a run on; arguments as for `cut_windows`."""
    end = max(int(one.times[-1]) for one in series) + 1
    return cut_windows(series, [end, end, end], history, horizon, stride)["train"]


def cut_windows(
    series: Sequence[Series], bounds: Sequence[int], history: int, horizon: int, stride: int
) -> dict[str, Windows]:
    """Returns the windows of each split.

    A window belongs to a split if all of its targets do; its history may reach back into the splits before. Windows
    without any history or target are left out.

    Args:
        series: the series.
        bounds: the times at which validation and test begin, and the time at which test ends.
        history: number of steps to read.
        horizon: number of steps to forecast.
        stride: number of steps between the starts of two windows of a split.
    """
    places: dict[str, list[Any]] = {name: [] for name in SPLITS}
    begins = [-(2**62), *bounds[:2]]
    for number, one in enumerate(series):
        starts = np.arange(history, len(one) - horizon + 1)
        if not len(starts):
            continue
        present = np.concatenate([[0], np.cumsum(np.isfinite(one.values).any(axis=1))])
        useful = (present[starts + horizon] > present[starts]) & (present[starts] > present[starts - history])
        first, last = one.times[starts], one.times[starts + horizon - 1]
        for name, begin, end in zip(SPLITS, begins, bounds, strict=True):
            inside = np.flatnonzero((first >= begin) & (last < end))[::stride]
            chosen = starts[inside[useful[inside]]]
            places[name].append(np.stack([np.full(len(chosen), number), chosen], axis=1).astype("int32"))
    nothing = [np.zeros((0, 2), "int32")]
    return {name: Windows(series, np.concatenate(nothing + found), history, horizon) for name, found in places.items()}
