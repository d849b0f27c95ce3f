"""The reader of windows: the recent past of one or several series, and what is known in advance of their future."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.digests import read_values
from keras_rnn_zoo.artifacts.schema import NUMBERS, SCALES, integer, list_of, positive
from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.atomic_files import write_json
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.readers._sliding import NO_TIME, SlidingReader, of_all_steps
from keras_rnn_zoo.readers._training_rows import TrainingRows
from keras_rnn_zoo.readers.series import MAX_DEVIATIONS

DAY, WEEK, YEAR = 86_400, 7 * 86_400, 31_556_952
"""Seconds of the cycles of a calendar."""


@registry.reader(
    inputs={
        "series": "the past of the targets, step by step, NaN where missing: float32 (batch, steps, targets)",
        "time": "the wall-clock times of these steps and of those to forecast, in seconds since 1970; empty if the run "
        "uses no calendar: int64 (batch, steps + horizon)",
        "known": "what is known in advance of the same steps; by default empty, if the run has no such values: float32 "
        "(batch, steps + horizon, known)",
    },
    example="--input history.csv --output forecast.csv",
)
class WindowReader(SlidingReader):
    """Windows: the past of series, scaled by their statistics in the training split, and what is known in advance.

    Missing values are replaced by the last value before them. Shorter pasts are read as if steps were missing.

    Args:
        normalization: standard scales each target to mean 0 and variance 1 on the training split; last_value does, and
            the model forecasts differences from the last value (Lin et al. 2023), which suits series that drift; none
            keeps the values as they are.
        calendar: whether the model reads the time of day, the day of the week and the time of the year, as far as the
            steps and the length of the training split show them.
    """

    input = "window"
    variable = False
    FILE = "window.json"

    def __init__(
        self, *, normalization: Literal["standard", "last_value", "none"] = "last_value", calendar: bool = True
    ) -> None:
        self.normalization, self.calendar = normalization, calendar
        self.history = self.horizon = 1
        self.mean, self.deviation = [0.0], [1.0]
        self.known_mean: list[float] = []
        self.known_deviation: list[float] = []
        self.cycles: list[int] = []

    def learn(self, rows: TrainingRows, history: int, horizon: int) -> str:
        """Learns scales and the cycles of the calendar from the rows of the training split; see `Reader.fit`."""
        self.history, self.horizon = history, horizon
        self.mean, self.deviation = _scales(rows.values)
        self.known_mean, self.known_deviation = _scales(rows.known)
        if self.normalization == "none":
            self.mean, self.deviation = [0.0] * len(self.mean), [1.0] * len(self.deviation)
        self.cycles = _cycles(rows.time) if self.calendar else []
        names = {DAY: "time of day", WEEK: "day of the week", YEAR: "time of the year"}
        read = ", ".join(names[cycle] for cycle in self.cycles)
        return f"{len(rows.values):,} training steps" + (f", with the {read}" if read else "")

    @property
    def covariates(self) -> int:
        """Number of values that are known in advance of each step: known columns, and two for each cycle."""
        return len(self.known_mean) + 2 * len(self.cycles)

    def model_options(self) -> dict[str, Any]:
        return {
            "input": self.input,
            "targets": len(self.mean),
            "covariates": self.covariates,
            "known": len(self.known_mean),
            "past_steps": self.history,
            "future_steps": self.horizon,
            "last_value": self.normalization == "last_value",
        }

    def signature(self) -> list[Any]:
        return [
            tf.TensorSpec([None, None, len(self.mean)], tf.float32, name="series"),
            tf.TensorSpec([None, None], tf.int64, name="time"),
            tf.TensorSpec([None, None, len(self.known_mean)], tf.float32, name="known"),
        ]

    def defaults(self) -> dict[str, Any]:
        if self.known_mean:
            return {}
        known = {"known": tf.zeros([0, 0, 0])}
        return known if self.cycles else {"time": tf.zeros([0, 0], tf.int64), **known}

    def __call__(self, *raw: Any) -> Any:
        series, time, known = raw
        steps = tf.shape(series)[1]
        past = filled(_last_steps(series, self.history, np.nan))
        past = (past - tf.constant(self.mean, tf.float32)) / tf.constant(self.deviation, tf.float32)
        past = tf.where(tf.math.is_finite(past), tf.clip_by_value(past, -MAX_DEVIATIONS, MAX_DEVIATIONS), 0.0)
        past = tf.ensure_shape(past, [None, self.history, len(self.mean)])
        if not self.covariates:
            return past
        parts = []
        if self.known_mean:
            mean, deviation = (tf.constant(one, tf.float32) for one in (self.known_mean, self.known_deviation))
            scaled = (of_all_steps(known, "known", steps, self.horizon) - mean) / deviation
            parts.append(tf.where(tf.math.is_finite(scaled), scaled, 0.0))
        if self.cycles:
            time = of_all_steps(time, "time", steps, self.horizon)
            parts += [_phase(time, cycle) for cycle in self.cycles]
        total = self.history + self.horizon
        covariates = _last_steps(tf.concat(parts, axis=-1), total, 0.0)
        return {"series": past, "covariates": tf.ensure_shape(covariates, [None, total, self.covariates])}

    def add_batch_axis(self, raw: Any) -> tuple[Any, ...]:
        for word, name, width in (("target", "series", len(self.mean)), ("known", "known", len(self.known_mean))):
            if (found := raw[name].shape[-1]) != width:
                raise DataError(
                    f"The data has {quantity(found, 'column')} for {word!r}, but the run was trained on {width}. Name "
                    f"as many, as in columns='{word}=NAME'."
                )
        return raw["series"][None], raw["time"][None], raw["known"][None]

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        windows = [self.parsed(item) for item in inputs]
        longest = max((len(window["series"]) for window in windows), default=0)

        def joined(name: str, extra: int, filler: Any) -> Any:
            arrays = [window[name] for window in windows]
            if all(not array.size for array in arrays):  # Not used by the run, so not given.
                return np.zeros((len(arrays), 0, *self._shapes()[name]), filler.dtype)
            batch = np.full((len(arrays), longest + extra, *self._shapes()[name]), filler)
            for row, array in zip(batch, arrays, strict=True):
                row[len(row) - len(array) :] = array  # Shorter pasts end at the same step.
            return batch

        nan = np.float32(np.nan)
        parts = (
            joined("series", 0, nan),
            joined("time", self.horizon, np.int64(NO_TIME)),
            joined("known", self.horizon, nan),
        )
        return tuple(map(tf.constant, parts))

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        return {"series": (len(self.mean),), "time": (), "known": (len(self.known_mean),)}

    def parsed(self, item: Any, *, empty: bool = False) -> dict[str, Any]:
        if isinstance(item, str | bytes):
            try:
                item = json.loads(item)
            except (ValueError, RecursionError):
                text = item.decode(errors="replace") if isinstance(item, bytes) else item
                raise DataError(
                    f"A window is expected as JSON, {self._expected()}; received {text!r:.60}. Instead, you can pass a "
                    "table of the past, with a column of times: zoo predict NAME --input FILE."
                ) from None
        window = dict(item) if isinstance(item, Mapping) else {"series": item}
        if "series" not in window or not set(window) <= {"series", "time", "known"}:
            raise DataError(
                f"A window is expected, {self._expected()}; received the keys {', '.join(map(str, window))}."
            )
        arrays = {}
        steps = -1
        for name, shape in self._shapes().items():
            dtype = "int64" if name == "time" else "float32"
            try:
                array = np.asarray(window.get(name, []), dtype)
            except (TypeError, ValueError, OverflowError):
                raise DataError(f"Numbers are expected in {name!r}, {self._expected()}.") from None
            if array.ndim == len(shape) and shape == (1,) and array.size:
                array = array[:, None]  # A single target or known column needs no axis of its own.
            used = {"series": True, "time": bool(self.cycles), "known": bool(self.known_mean)}[name]
            if name == "series":
                steps = len(array) if array.ndim else 0  # A single number is not a series.
                array = array if array.size or array.ndim != 1 else array.reshape(0, *shape)
            expected = (steps + (self.horizon if name != "series" else 0), *shape)
            if used and (array.shape != expected or not (steps or empty)):
                raise DataError(
                    f"{name!r} of a window has the shape {array.shape} instead of {expected}; a window is expected "
                    f"{self._expected()}."
                )
            arrays[name] = array if used else np.zeros((0, *shape), dtype)
        return arrays

    def _expected(self) -> str:
        keys = ["'series' with the past steps"]
        keys += ["'time' with the seconds since 1970 of the past and future steps"] if self.cycles else []
        keys += ["'known' with what is known in advance of them"] if self.known_mean else []
        return f"with {', '.join(keys)} ({self.horizon} future steps)"

    step_unit = "row"

    @property
    def baseline(self) -> str:  # type: ignore[override]
        return "zeros" if self.normalization == "none" else "the mean of each series in training"

    def step_labels(self, count: int, *raw: Any) -> list[str]:
        """Returns the times of past and future steps, or their distances from the last past step."""
        total = self.history + self.horizon
        if not self.cycles:
            return [f"{index:+d}" if index else "0" for index in range(1 - self.history, self.horizon + 1)][:count]
        times = raw[1].numpy()[0][-total:]
        known = [str(np.datetime64(int(time), "s")) if time > NO_TIME else "" for time in times]
        return [*[""] * (total - len(known)), *known][:count]

    def dummy_input(self, number: int) -> Any:
        random = np.random.default_rng(number)
        steps = self.history + self.horizon
        return {
            "series": random.normal(self.mean, self.deviation, (self.history, len(self.mean))).astype("float32"),
            "time": 3600 * (np.arange(steps) + number),
            "known": random.normal(self.known_mean, self.known_deviation, (steps, len(self.known_mean))).astype(
                "float32"
            ),
        }

    def save(self, folder: Path) -> None:
        write_json(folder / self.FILE, {name: getattr(self, name) for name in _SAVED})

    def load(self, folder: Path | Member) -> None:
        same = [("mean", "deviation"), ("known_mean", "known_deviation")]
        document = read_values(folder / self.FILE, _SAVED, same)
        for name in _SAVED:
            setattr(self, name, document[name])


_SAVED = {
    "history": integer(1),
    "horizon": integer(1),
    **SCALES,
    "known_mean": NUMBERS,
    "known_deviation": list_of(positive),
    "cycles": list_of(lambda cycle: cycle in (DAY, WEEK, YEAR), max_items=3),
}
"""What is kept of a fitted reader, and how it is checked."""


def filled(values: Any) -> Any:
    """Replaces each missing value by the last one before it, or the first one after it.

    Args:
        values: float32 `(batch, steps, features)`, NaN or infinite where missing.

    Returns:
        Values of the same shape; features without any value stay as they are.
    """

    def fill() -> Any:
        present = tf.math.is_finite(values)
        # The values that are present, in their order, and how many there are up to each step.
        order = tf.argsort(tf.cast(tf.logical_not(present), tf.int32), axis=1, stable=True)
        kept = tf.gather(tf.transpose(values, [0, 2, 1]), tf.transpose(order, [0, 2, 1]), batch_dims=2)
        number = tf.transpose(tf.cumsum(tf.cast(present, tf.int32), axis=1), [0, 2, 1])
        return tf.transpose(tf.gather(kept, tf.maximum(number - 1, 0), batch_dims=2), [0, 2, 1])

    return tf.cond(tf.reduce_all(tf.math.is_finite(values)), lambda: values, fill)


def _last_steps(values: Any, steps: int, filler: float) -> Any:
    """Returns the last steps of `(batch, time, features)`, with `filler` before them if there are fewer."""
    values = values[:, -steps:]
    return tf.pad(values, [[0, 0], [steps - tf.shape(values)[1], 0], [0, 0]], constant_values=filler)


def _phase(time: Any, cycle: int) -> Any:
    """Returns the position of times within a cycle as sine and cosine, float32 `(batch, time, 2)`."""
    angle = tf.cast(time % cycle, tf.float32) * (2 * math.pi / cycle)
    waves = tf.stack([tf.sin(angle), tf.cos(angle)], axis=-1)
    return tf.where((time > NO_TIME)[..., None], waves, 0.0)


def _scales(values: Any) -> tuple[list[float], list[float]]:
    """Returns the mean and the standard deviation of each column, 1 for constant ones; missing values do not count."""
    present = np.isfinite(values)
    count = np.maximum(present.sum(axis=0), 1)
    numbers = np.where(present, values, 0).astype("float64")
    mean = numbers.sum(axis=0) / count
    deviation = np.sqrt(np.where(present, np.square(numbers - mean), 0).sum(axis=0) / count)
    varies = deviation > 1e-6 * np.abs(mean)
    return mean.tolist(), np.where(varies, deviation, 1.0).tolist()


def _cycles(time: Any) -> list[int]:
    """Returns the cycles that are longer than two steps, and that occur twice in the training split."""
    steps = np.diff(time)
    steps = steps[steps > 0]
    if not len(steps):
        return []
    step, span = int(np.median(steps)), int(time.max() - time.min())
    return [cycle for cycle in (DAY, WEEK, YEAR) if cycle > 2 * step and span >= 2 * cycle]
