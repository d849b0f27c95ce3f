"""Reads a table over time: rows of one or several series, placed on a grid of equal steps."""

import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.frequency import Frequency, find_frequency
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.table_rows import TableRows, number_of
from keras_rnn_zoo.user_data.time_columns import TimeColumns
from keras_rnn_zoo.user_data.time_grid import Series, seconds_of
from keras_rnn_zoo.user_data.timestamps import DAY, SECOND, Clock, TimeFault
from keras_rnn_zoo.user_data.validation_pass import ROWS_LISTED, RowReport

MAX_STEPS_PER_ROW = 50
"""Maximum number of steps of a grid for each row: more are a mistyped time, and would fill the memory."""
MIN_ROWS = 10
"""Number of rows whose step is compared with that of the training, even if it is longer."""
MAX_OFF_GRID = 0.2
"""Fraction of the rows that may be off the grid before the table counts as irregular."""


@dataclass
class TimeTable:
    """The series of a table.

    Attributes:
        source: the table as it is read.
        columns: its columns.
        clock: how its times are written.
        frequency: the step of all series.
        series: the series, in the order in which they occur.
        report: the rows that cannot be used.
        rows: number of rows that are used.
        unsorted: number of rows that were earlier than the row before them.
        repeated: number of rows that repeat another one.
        gaps: number of gaps within series, and number of steps in them.
    """

    source: TableRows
    columns: TimeColumns
    clock: Clock
    frequency: Frequency
    report: RowReport
    series: list[Series] = field(default_factory=list)
    rows: int = 0
    unsorted: int = 0
    repeated: int = 0
    gaps: tuple[int, int] = (0, 0)

    @property
    def step(self) -> str:
        """The step of all series in words."""
        return f"{self.frequency.step // SECOND:,} in the count" if self.clock.counts else str(self.frequency)

    def rows_differ(self, own: Frequency, rows: int) -> bool:
        """Whether rows that are `own` apart are no rows of this frequency; a few rows may also have gaps."""
        longer = own.length > self.frequency.length
        return self.frequency.unit != "business day" and own != self.frequency and (not longer or rows >= MIN_ROWS)


@dataclass
class _Rows:
    """The rows of one series as they are read."""

    index_of: dict[int, int] = field(default_factory=dict)
    places: Any = field(default_factory=lambda: array.array("q"))
    numbers: Any = field(default_factory=lambda: array.array("f"))
    unsorted: int = 0
    last: int = -(2**62)


def read_time_table(
    source: TableRows,
    columns: TimeColumns,
    clock: Clock,
    frequency: Frequency | None = None,
    listed: int = ROWS_LISTED,
) -> TimeTable:
    """Reads all rows of a table.

    Rows may be in any order. A row that repeats another one is dropped. Steps without a row, and empty values, are
    missing. Rows with invalid values, with another row's time or off the grid are reported as bad and left out.

    Args:
        source: the table.
        columns: its columns.
        clock: reads its times.
        frequency: the step of its series, if it is known; by default, the most frequent one.
        listed: how many bad rows the report lists.

    Raises:
        DataError: there are no rows, too many for the memory, or the times have no regular step.
    """
    found = TimeTable(source, columns, clock, frequency or Frequency("us", DAY), RowReport(source.table, listed=listed))
    rows = _read_rows(found)
    if not rows:
        _refuse_empty(found)
    groups = {name: np.array(sorted(one.index_of), "int64") for name, one in rows.items()}
    own = find_frequency(list(groups.values()))
    found.frequency = frequency or own or found.frequency
    if clock.in_zone and found.frequency.length > 22 * DAY // 24:
        # The midnights of a zone are not equally far apart in UTC, but on the wall clock they are.
        groups = {name: _on_wall_clock(clock, rows[name], times) for name, times in groups.items()}
        clock.forget_zone()
        own = find_frequency(list(groups.values()))
        found.frequency = frequency or own or found.frequency
    if frequency and own and found.rows_differ(own, len(max(groups.values(), key=len))):
        raise DataError(
            f"{source.path}: its rows are mostly {own} apart, but the run was trained on steps of {frequency}. "
            "Name a table with these steps."
        )
    placed = {name: found.frequency.index(times) for name, times in groups.items()}
    _check_regular(found, groups, placed)
    for name, one in rows.items():
        _place(found, name, one, groups[name], *placed[name])
    found.rows = sum(len(one.index_of) for one in rows.values())
    return found


def _refuse_empty(found: TimeTable) -> None:
    path = str(found.source.path)
    if found.report.bad:
        raise DataError(f"{found.report.bad[0].describe(path)}. No other row can be used either. Correct the rows.")
    raise DataError(f"{path} has no rows to forecast from. Name a file with a row for each step.")


def _read_rows(found: TimeTable) -> dict[str, _Rows]:
    """Returns the valid rows of each series, with their times but not yet on a grid."""
    columns = found.columns
    names = [*([columns.id] if columns.id else []), columns.time, *columns.targets, *columns.known]
    rows: dict[str, _Rows] = {}
    for row in found.source.rows(names, held=True):
        if row.bad:
            found.report.refuse(row.bad)
            continue
        name, texts = (row.texts[0].strip(), row.texts[1:]) if columns.id else ("", row.texts)
        one = rows.get(name) or _Rows()
        if bad := _add(found, one, row.number, name, texts):
            found.report.refuse(bad)
        elif one.places:
            rows[name] = one
    for name, one in rows.items():
        _order_repeated_hour(found, name, one)
    found.unsorted = sum(one.unsorted for one in rows.values())
    return rows


def _order_repeated_hour(found: TimeTable, name: str, one: _Rows) -> None:
    """Exchanges the rows of an hour that occurs twice if the latest row comes first; refuses other orders."""
    share = one.unsorted / max(1, len(one.places) - 1)
    for second, first in found.clock.repeated.items():
        both = first in one.index_of and second in one.index_of  # In a stream, the first may have come before.
        if not both or share < MAX_OFF_GRID:
            continue
        if share < 1 - MAX_OFF_GRID:
            raise DataError(
                f"{found.source.path}{f', series {name!r}' if name else ''}: two rows have the time "
                f"{found.clock.write(second)}, an hour that occurs twice when the clock is set back, and the order of "
                "the rows does not say which is the first. Sort them by time."
            )
        one.index_of[first], one.index_of[second] = one.index_of[second], one.index_of[first]


def _add(found: TimeTable, one: _Rows, place: int, name: str, texts: Sequence[str]) -> BadRow | None:
    """Adds a row to its series; returns the bad row if it cannot be used.

    Args:
        found: the table.
        one: the rows of the series so far.
        place: the number of the row in its source.
        name: the name of the series.
        texts: the time, the targets and what is known in advance.
    """
    columns, where = found.columns, found.source.where
    if columns.id and not name:
        return BadRow(where(place), columns.id, "", "the name of the series is empty")
    text = texts[0].strip()
    numbers: list[float] = []
    for column, value in zip((*columns.targets, *columns.known), texts[1:], strict=True):
        number, fault = number_of(value)
        if fault:
            return BadRow(where(place), column, value, fault)
        numbers.append(number)
    try:
        time = found.clock.read(text, one.index_of)
    except TimeFault as error:
        return BadRow(where(place), columns.time, text, str(error))
    if time in one.index_of:
        return _repeated(found, one, place, text, time, numbers)
    one.index_of[time] = len(one.places)
    one.places.append(place)
    one.numbers.extend(numbers)
    one.unsorted += time < one.last
    one.last = time
    return None


def _repeated(found: TimeTable, one: _Rows, place: int, text: str, time: int, numbers: list[float]) -> BadRow | None:
    index, width = one.index_of[time], len(numbers)
    first = one.numbers[index * width : (index + 1) * width]
    if np.array_equal(np.asarray(first), np.asarray(numbers, "float32"), equal_nan=True):
        found.repeated += 1
        return None
    advice = "" if found.columns.id else "; if they are of different series, name the column that says which: id=NAME"
    if found.clock.notation == "time" and found.clock.zone is None:
        advice += "; if the clock was set back, name its zone: --set time_zone=Europe/Berlin"
    fault = f"the same time as in {found.source.where(one.places[index])}, with other values{advice}"
    return BadRow(found.source.where(place), found.columns.time, text, fault)


def _on_wall_clock(clock: Clock, one: _Rows, times: Any) -> Any:
    """Returns the times of a series on the wall clock, and changes those of its rows to them."""
    wall = clock.wall(times)
    one.index_of = {new: one.index_of[old] for old, new in zip(times.tolist(), wall.tolist(), strict=True)}
    return wall


def _check_regular(found: TimeTable, groups: Mapping[str, Any], placed: Mapping[str, Any]) -> None:
    """Raises `DataError` if too many rows are off the grid, or a grid has far more steps than rows."""
    total = sum(map(len, groups.values()))
    off = sum(int((~fits).sum()) for _, fits, _ in placed.values())
    path = found.source.path
    if off > MAX_OFF_GRID * total:
        hint = "If daylight saving time shifts them, name the zone: --set time_zone=Europe/Berlin. "
        raise DataError(
            f"{path}: its times have no regular step. Most are {found.step} apart, but {off:,} of {total:,} rows "
            f"are not at such a time. {hint if found.clock.notation == 'offset' else ''}Resample them to equal steps, "
            "or name the column that says which series a row belongs to: id=NAME."
        )
    for name, (index, _, _) in placed.items():
        if index[-1] - index[0] > MAX_STEPS_PER_ROW * len(index) + 1000:
            widest = int(np.diff(index).argmax())
            times = [found.clock.write(int(time)) for time in groups[name][widest : widest + 2]]
            series = f", series {name!r}" if name else ""
            raise DataError(
                f"{path}{series}: between {times[0]} and {times[1]} there are {index[widest + 1] - index[widest]:,} "
                f"steps of {found.step}, far more than rows. Correct the time, or remove the rows before or after."
            )


def _place(found: TimeTable, name: str, one: _Rows, times: Any, index: Any, fits: Any, phase: int) -> None:
    """Adds a series to the table; rows off its grid become bad rows."""
    order = np.array([one.index_of[time] for time in times.tolist()])
    for row in np.flatnonzero(~fits):
        fault = f"the time is not on the grid of {found.step} that most rows have"
        where = found.source.where(one.places[order[row]])
        found.report.refuse(BadRow(where, found.columns.time, found.clock.write(int(times[row])), fault))
    index, order = index[fits], order[fits]
    if not len(index):
        return
    numbers = np.asarray(one.numbers, "float32").reshape(len(one.places), -1)
    grid = np.full((index[-1] - index[0] + 1, numbers.shape[1]), np.nan, "float32")
    grid[index - index[0]] = numbers[order]
    steps = found.frequency.time_of(np.arange(index[0], index[-1] + 1), phase)
    count = len(found.columns.targets)
    found.series.append(Series(name, steps, seconds_of(found.clock, steps), grid[:, :count], grid[:, count:], phase))
    jumps = np.diff(index) - 1
    found.gaps = (found.gaps[0] + int((jumps > 0).sum()), found.gaps[1] + int(jumps.sum()))
