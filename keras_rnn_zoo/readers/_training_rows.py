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
            values, time = np.concatenate([raw["series"], target]), raw["time"]
            new = _new_rows(previous, raw) if previous else len(time)
            if new is None:
                self.starts.append(count)
                new = len(time)
            previous = raw
            self.windows += 1
            count += new
            for name, rows in (("values", values), ("known", raw["known"]), ("time", time)):
                parts[name].append(rows[len(rows) - new :])
        self.values, self.known, self.time = (np.concatenate(rows) for rows in parts.values())

    @property
    def times(self) -> list[Any]:
        """The times of each series."""
        return np.split(self.time, self.starts[1:])


def _new_rows(previous: Mapping[str, Any], raw: Mapping[str, Any]) -> int | None:
    """Returns how many rows a window has that the one before lacks; `None` if it does not continue the same series."""
    before, time = previous["time"], raw["time"]
    if "place" in raw:
        (number, start), (other, first) = raw["place"].tolist(), previous["place"].tolist()
        return start - first if number == other and 0 < start - first <= len(time) else None
    # Datasets of plugins may lack the place. A window overlaps the one before if it begins later, but before that ends.
    return int((time > before[-1]).sum()) if before[0] < time[0] <= before[-1] else None
