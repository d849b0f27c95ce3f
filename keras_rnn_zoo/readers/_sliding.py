"""Streams of windows: each part moves a window on, which the model then reads as a whole."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.readers.reader import Reader, require
from keras_rnn_zoo.readers.series import parse_row, steps_in_rows

NO_TIME = -(2**62)
"""The time of steps before the first one of a shorter past."""


class SlidingReader(Reader):
    """A reader of windows that carries over the last steps of a stream, so that each part moves the window on.

    A part holds the next rows and, like a window, the times of these and of the next `horizon` steps, and what is known
    in advance of them, as far as the run reads either.
    """

    streams = slides = True
    history: int
    horizon: int
    mean: list[float]
    known_mean: list[float]
    cycles: list[int]

    @contextlib.contextmanager
    def without_limit(self) -> Iterator[None]:
        yield  # A window has as many steps as the model reads.

    def _ahead(self) -> dict[str, tuple[Any, tuple[int, ...], Any]]:
        """Returns dtype, shape of a step and filler of what a part holds of its steps and of those to forecast."""
        parts: dict[str, tuple[Any, tuple[int, ...], Any]] = {}
        if self.cycles:
            parts["time"] = (tf.int64, (), NO_TIME)
        if self.known_mean:
            parts["known"] = (tf.float32, (len(self.known_mean),), np.nan)
        return parts

    def part_signature(self) -> list[Any]:
        specs = [tf.TensorSpec([None, None, len(self.mean)], tf.float32, name="series")]
        specs += [
            tf.TensorSpec([None, None, *shape], dtype, name=name) for name, (dtype, shape, _) in self._ahead().items()
        ]
        return [*specs, tf.TensorSpec([None], tf.int32, name="lengths")]

    def to_parts(self, parts: Sequence[Any]) -> tuple[Any, ...]:
        rows = [self.parsed(part, empty=True) for part in parts]
        lengths = [len(row["series"]) for row in rows]
        longest = max(lengths, default=0)

        def joined(name: str, steps: int, shape: tuple[int, ...], dtype: Any, filler: Any) -> Any:
            batch = np.full((len(rows), steps, *shape), filler, dtype.as_numpy_dtype)
            for row, part in zip(batch, rows, strict=True):
                row[: len(part[name])] = part[name]
            return tf.constant(batch)

        series = joined("series", longest, (len(self.mean),), tf.float32, np.nan)
        ahead = [
            joined(name, longest + self.horizon, shape, dtype, filler)
            for name, (dtype, shape, filler) in self._ahead().items()
        ]
        return (series, *ahead, tf.constant(lengths, tf.int32))

    def to_part(self, part: Any) -> tuple[Any, ...]:
        """Returns a batch of the next part of a series.

        Args:
            part: a window of the next rows, as for a prediction; or, if the run reads neither times nor values that are
                known in advance, the rows alone, or a single one: an array, a list of as many numbers as a row has, or
                a line of numbers separated by commas or spaces. Empty cells between commas are missing.
        """
        if isinstance(part, str | bytes) and part.strip()[:1] not in ("{", b"{") and not self._ahead():
            part = parse_row(part)
        if not isinstance(part, Mapping | str | bytes) and len(self.mean) > 1 and np.ndim(part) == 1 and len(part):
            part = [part]
        return self.to_parts([part])

    def as_parts(self, *raw: Any) -> tuple[Any, ...]:
        series, *ahead = raw
        used = [value for name, value in zip(("time", "known"), ahead, strict=True) if name in self._ahead()]
        return (series, *used, tf.zeros([0], tf.int32))

    def no_part(self) -> dict[str, Any]:
        ahead = {
            name: np.full((self.horizon, *shape), filler, dtype.as_numpy_dtype)
            for name, (dtype, shape, filler) in self._ahead().items()
        }
        return {"series": np.zeros((0, len(self.mean)), "float32"), **ahead}

    def part_steps(self, raw: Any) -> int:
        return len(raw["series"])

    def cut(self, raw: Any, start: int, end: int) -> dict[str, Any]:
        ahead = {name: raw[name][start : end + self.horizon] for name in self._ahead()}
        return {"series": raw["series"][start:end], **ahead}

    def stream_states(self) -> dict[str, Any]:
        from keras_rnn_zoo.layers.streams import State

        states = {"series": State((self.history, len(self.mean)), initial=np.nan)}  # Missing steps, as in a short past.
        for name, (dtype, shape, filler) in self._ahead().items():
            states[name] = State((self.history + self.horizon, *shape), dtype, filler)
        return states

    def slide(self, states: Mapping[str, Any], *raw: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Moves the windows of streams on by a part of each.

        Args:
            states: the states after the parts before.
            *raw: the raw batch of parts, as `part_signature` describes it. A row without steps keeps its window.

        Returns:
            The raw batch of the windows, as a call takes it, and the new states.
        """
        series, *ahead, lengths = raw
        count = steps_in_rows(series, lengths)
        new = {"series": moved(states["series"], series, count, self.history)}
        for (name, (_, shape, _)), values in zip(self._ahead().items(), ahead, strict=True):
            flat = values if shape else values[..., None]
            checked = of_all_steps(flat, name, tf.shape(series)[1], self.horizon)
            checked = checked if shape else checked[..., 0]
            after = moved(states[name][:, : self.history], checked, count, self.history, self.horizon)
            moves = tf.reshape(count > 0, [-1, *[1] * (len(after.shape) - 1)])
            new[name] = tf.where(moves, after, states[name])
        rows = tf.shape(series)[0]
        unused = {"time": tf.zeros([rows, 0], tf.int64), "known": tf.zeros([rows, 0, len(self.known_mean)])}
        window = {**unused, **new}
        return (window["series"], window["time"], window["known"]), new

    def parsed(self, item: Any, *, empty: bool = False) -> dict[str, Any]:
        """Returns the arrays of a window; raises `DataError` if it is not one.

        Args:
            item: the window.
            empty: whether it may have no past steps.
        """
        raise NotImplementedError


def moved(held: Any, part: Any, count: Any, history: int, ahead: int = 0) -> Any:
    """Returns the last steps of streams, and those ahead of them.

    Args:
        held: the last steps so far, `(rows, history, ...)`.
        part: the next steps, and `ahead` more, at the start of each row, `(rows, time, ...)`.
        count: the number of new steps of each row, int32 `(rows,)`.
        history: number of steps to keep.
        ahead: number of further steps.
    """
    from keras_rnn_zoo.layers.streams import Steps

    steps = Steps(held, tf.fill(tf.shape(count), history)).then(Steps(part, count + ahead))
    return steps.since(count, history + ahead).values


def of_all_steps(values: Any, name: str, steps: Any, horizon: int) -> Any:
    """Returns values that are known in advance; the graph fails unless there is one for each step."""
    received = tf.shape(values)[1]
    fault = f"The input `{name}` must have a value for each step of the series and of the horizon, here:"
    nothing = tf.logical_and(tf.equal(received, 0), tf.equal(steps, 0))  # An empty batch.
    valid = tf.logical_or(tf.equal(received, steps + horizon), nothing)
    with tf.control_dependencies([require(valid, fault, steps + horizon)]):
        return tf.identity(values)
