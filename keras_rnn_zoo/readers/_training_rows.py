"""The rows of the training split of a dataset of windows."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo.lazy import np


class TrainingRows:
    """The rows of the training split, put together again from its windows.

    Attributes:
        values: the targets, float32 `(rows, targets)`.
        known: what is known in advance, float32 `(rows, known)`.
        time: wall-clock times in seconds, int64 `(rows,)`.
        starts: the rows that begin a series, or continue one after rows that no window has.
        windows: number of windows.
    """

    def __init__(self, examples: Any) -> None:
        parts: dict[str, list[Any]] = {"values": [], "known": [], "time": []}
        self.starts, self.windows, count, previous = [0], 0, 0, None
        for raw, target in examples.as_numpy_iterator():
            rows = {"values": np.concatenate([raw["series"], target]), "known": raw["known"], "time": raw["time"]}
            new = _new_rows(previous, rows) if previous else len(rows["time"])
            if new is None:
                self.starts.append(count)
                new = len(rows["time"])
            previous = rows
            self.windows += 1
            count += new
            for name, array in rows.items():
                parts[name].append(array[len(array) - new :])
        self.values, self.known, self.time = (np.concatenate(rows) for rows in parts.values())

    @property
    def times(self) -> list[Any]:
        """The times of each series."""
        return np.split(self.time, self.starts[1:])


def _new_rows(previous: Mapping[str, Any], rows: Mapping[str, Any]) -> int | None:
    """Returns how many rows a window has that the one before lacks; `None` if it does not continue the same series.

    It does if it begins later, but before the other one ends, and if both have the same rows where they overlap.
    """
    before, time = previous["time"], rows["time"]
    if not before[0] < time[0] <= before[-1]:
        return None
    new = int((time > before[-1]).sum())
    same = (np.array_equal(previous[name][new:], rows[name][: len(time) - new], equal_nan=True) for name in rows)
    return new if all(same) else None
