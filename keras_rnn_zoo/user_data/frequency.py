"""The step of a series in time: a fixed duration, business days or months."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.timestamps import DAY, SECOND

MONTH = 2_629_746 * SECOND
"""The mean length of a month, in microseconds."""
_DURATIONS = {"day": DAY, "hour": 3600 * SECOND, "minute": 60 * SECOND, "second": SECOND, "millisecond": 1000}
_WEEKS, _MONTHS = {7: 52}, {1: 12, 2: 6, 3: 4, 6: 2}
"""Steps in a season of a year, by the number of days, or of months, in a step."""
COUNT = " count"
"""Follows the step that a run records if the times are a count of steps."""
MAX_SEASON = 1440
"""Maximum number of steps in a season: the minutes of a day."""


@dataclass(frozen=True)
class Frequency:
    """The distance between the steps of a series.

    Attributes:
        unit: `"us"` for microseconds, `"business day"` or `"month"`.
        step: number of units.
    """

    unit: str
    step: int

    def __str__(self) -> str:
        unit, number = self.unit, self.step
        if unit == "us":
            unit = next((name for name, size in _DURATIONS.items() if number % size == 0), "microsecond")
            number //= _DURATIONS.get(unit, 1)
        return f"{number} {unit}{'s' if number != 1 else ''}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Returns the frequency that `code` describes, whether or not `COUNT` follows."""
        number, _, unit = text.removesuffix(COUNT).partition(" ")
        return cls(unit, int(number))

    @property
    def code(self) -> str:
        """The frequency as `parse` reads it."""
        return f"{self.step} {self.unit}"

    @property
    def length(self) -> int:
        """The mean length of a step in microseconds."""
        return self.step * {"us": 1, "business day": DAY * 7 // 5, "month": MONTH}[self.unit]

    @property
    def season(self) -> int:
        """Number of steps in the usual season: a day, a week of days, or a year of weeks or months; 1 for none."""
        if self.unit == "month":
            return _MONTHS.get(self.step, 1)
        if self.unit == "business day":
            return 5 if self.step == 1 else 1
        days, rest = divmod(self.step, DAY)
        if days and not rest:
            return 7 if days == 1 else _WEEKS.get(days, 1)
        season = DAY // self.step
        return season if 1 < season <= MAX_SEASON and DAY % self.step == 0 else 1

    @property
    def usual_window(self) -> tuple[int, int]:
        """A history and a horizon, in steps, that suit the season."""
        season = self.season
        if season == 1:
            return 24, 6
        if season > 300:
            return 240, 60
        if season in (4, 5, 7, 6, 2):
            return 8 * season, 2 * season
        if season <= 52:
            return (7 * season, season) if self.length < DAY else (3 * season, min(season, 26))
        return 3 * season, min(season, 96)

    def index(self, times: Any) -> tuple[Any, Any, int]:
        """Places times on the grid of this frequency.

        Args:
            times: sorted times in microseconds, int64 `(times,)`.

        Returns:
            The index of each time, int64 `(times,)`; whether it is on the grid, boolean `(times,)`; and the phase of
            the grid, which `time_of` needs.
        """
        if self.unit == "us":
            phase = _mode(times % self.step)
            index = (times - phase) // self.step
            return index, (times - phase) % self.step == 0, phase
        if self.unit == "month":
            months, rests, ends = _months(times)
            # July 31 and August 31 are followed by September 30.
            by_end = bool(ends.all()) and int(rests.max()) >= 28 * DAY
            phase = -1 if by_end else _mode(rests)
            start = _mode(months % self.step)
            fits = (ends if by_end else rests == phase) & ((months - start) % self.step == 0)
            # The months of the grid and the time within them, in one number.
            return (months - start) // self.step, fits, start * 32 * DAY + (31 * DAY if by_end else phase)
        phase = _mode(times % DAY)
        days = (times // DAY).astype("datetime64[D]")
        on_grid = np.is_busday(days) & (times % DAY == phase)
        return np.busday_count(np.datetime64(0, "D"), days) // self.step, on_grid, phase

    def time_of(self, index: Any, phase: int) -> Any:
        """Returns the times at indices of a grid, the inverse of `index`: int64 of the same shape."""
        if self.unit == "us":
            return index * self.step + phase
        if self.unit == "business day":
            days = np.busday_offset(np.datetime64(0, "D"), index * self.step)
            return days.astype("int64") * DAY + phase
        start, rest = divmod(phase, 32 * DAY)
        months = (index * self.step + start).astype("datetime64[M]")
        if rest == 31 * DAY:
            return ((months + 1).astype("datetime64[D]") - 1).astype("int64") * DAY
        return months.astype("datetime64[D]").astype("int64") * DAY + rest


def find_frequency(groups: Sequence[Any]) -> Frequency | None:
    """Returns the most frequent step of some series, or `None` if none has two times.

    Args:
        groups: the sorted, distinct times of each series in microseconds, int64 `(times,)`.
    """
    counts: Counter[int] = Counter()
    for times in groups:
        steps, numbers = np.unique(np.diff(times), return_counts=True)
        counts.update(dict(zip(steps.tolist(), numbers.tolist(), strict=True)))
    if not counts:
        return None
    most = max(counts.values())
    step = min(one for one, count in counts.items() if count == most)
    together = np.concatenate(groups)
    if step >= 28 * DAY:
        _, rests, ends = _months(together)
        if len(np.unique(rests)) == 1 or ends.all():
            distances = np.concatenate([np.diff(_months(times)[0]) for times in groups])
            return Frequency("month", _mode(distances))
    if step == DAY and len(np.unique(together % DAY)) == 1 and 3 * DAY in counts:
        days = (together // DAY).astype("datetime64[D]")
        if np.is_busday(days).all():
            return Frequency("business day", 1)
    return Frequency("us", step)


def _months(times: Any) -> tuple[Any, Any, Any]:
    """Returns the month of each time, the time within it, and whether it is at midnight of its last day."""
    months = times.astype("datetime64[us]").astype("datetime64[M]")
    starts = months.astype("datetime64[D]").astype("int64") * DAY
    next_starts = (months + 1).astype("datetime64[D]").astype("int64") * DAY
    return months.astype("int64"), times - starts, times == next_starts - DAY


def _mode(values: Any) -> int:
    """Returns the most frequent of some integers, the smallest one of several."""
    numbers, counts = np.unique(values, return_counts=True)
    return int(numbers[counts.argmax()])
