"""Registered series over time: read from text files of the package, or made, and cut into windows like a user's."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.frequency import Frequency
from keras_rnn_zoo.user_data.time_defaults import INPUT
from keras_rnn_zoo.user_data.time_grid import Series
from keras_rnn_zoo.user_data.timestamps import SECOND
from keras_rnn_zoo.user_data.windows import cut_windows, parse_splits, split_bounds

_FOLDER = Path(__file__).with_name("_series_data")


def numbers_of(name: str) -> Any:
    """Returns the numbers in a file of the package, float32 `(numbers,)`, NaN where missing."""
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return np.array([float(text) for line in lines if line[:1] != "#" for text in line.split()], "float32")


def series_from(first: str, frequency: Frequency, values: Any, known: Any = None, name: str = "") -> Series:
    """Returns a series whose times are on the wall clock.

    Args:
        first: the first time, such as "1749-01-01".
        frequency: its step.
        values: the targets, float32 `(steps,)`.
        known: what is known in advance, float32 `(steps, known)`; `None` for nothing.
        name: name of the series.
    """
    start = np.array([np.datetime64(first, "us").astype("int64")])
    index, _, phase = frequency.index(start)
    times = frequency.time_of(index[0] + np.arange(len(values)), phase)
    known = np.zeros((len(values), 0), "float32") if known is None else known
    return Series(name, times, times // SECOND, values[:, None], known, phase)


def windows_of(series: Sequence[Series], history: int, horizon: int, stride: int, splits: str) -> Examples:
    """Returns the windows of series as a dataset; see `user_data/windows.py`."""
    bounds = split_bounds(series, parse_splits(splits))
    windows = cut_windows(series, bounds, history, horizon, stride)
    data = hashlib.sha256()
    for one in series:
        for array in (one.times, one.values, one.known):
            data.update(np.ascontiguousarray(array).tobytes())
    return Examples("1.0.0", data.hexdigest(), INPUT, {name: one.dataset for name, one in windows.items()})
