"""A series on a grid of equal steps."""

from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.user_data.timestamps import SECOND, Clock

CENTURY = 100 * 31_556_952
"""Seconds in a century, longer than any cycle of the calendar."""


@dataclass
class Series:
    """One series on its grid.

    Attributes:
        name: its value in the column `id`; "" if there is none.
        times: the time of each step as a `Clock` reads it, int64 `(steps,)`.
        seconds: the same on the wall clock, in seconds since 1970; see `seconds_of`.
        values: the targets, float32 `(steps, targets)`, NaN where they are missing.
        known: the values known in advance, float32 `(steps, known)`, NaN where they are missing.
        phase: the phase of the grid; see `Frequency.index`.
    """

    name: str
    times: Any
    seconds: Any
    values: Any
    known: Any
    phase: int = 0

    def __len__(self) -> int:
        return len(self.times)


def seconds_of(clock: Clock, times: Any) -> Any:
    """Returns times on the wall clock in seconds since 1970; those of a count are centuries, as it has no calendar."""
    seconds = clock.wall(times) // SECOND
    return seconds * CENTURY if clock.counts else seconds
