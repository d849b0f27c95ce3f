"""The rows of the training split of a dataset of windows."""

from typing import Any

from keras_rnn_zoo.lazy import np


class TrainingRows:
    """The rows of the training split, put together again from its windows.

    Attributes:
        values: the targets, float32 `(rows, targets)`.
        known: what is known in advance, float32 `(rows, known)`.
        time: wall-clock times in seconds, int64 `(rows,)`; a row that does not follow the one before begins a series.
        starts: the rows that begin a series.
        windows: number of windows.
    """

    def __init__(self, examples: Any) -> None:
        parts: dict[str, list[Any]] = {"values": [], "known": [], "time": []}
        self.starts, self.windows, count, previous = [0], 0, 0, None
        for raw, target in examples.as_numpy_iterator():
            values, time = np.concatenate([raw["series"], target]), raw["time"]
            new = len(time)
            # A window overlaps the one before if it begins later, but before that one ends.
            if previous is not None and previous[0] < time[0] <= previous[-1]:
                new = int((time > previous[-1]).sum())
            elif previous is not None:
                self.starts.append(count)
            previous = time
            self.windows += 1
            count += new
            for name, rows in (("values", values), ("known", raw["known"]), ("time", time)):
                parts[name].append(rows[len(rows) - new :])
        self.values, self.known, self.time = (np.concatenate(rows) for rows in parts.values())
