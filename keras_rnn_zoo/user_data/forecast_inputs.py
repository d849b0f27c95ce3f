"""Tables over time to forecast from: each series is one input, and its forecast is written as rows that follow it."""

import functools
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple

from keras_rnn_zoo.artifacts.schema import integer
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError, RunError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.columns import parse_columns
from keras_rnn_zoo.user_data.frequency import COUNT, Frequency
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, TrainedOn, Writer
from keras_rnn_zoo.user_data.prediction_outputs import Prediction, json_line, row_writer
from keras_rnn_zoo.user_data.quantiles import DEFAULT_LEVELS, parse_levels
from keras_rnn_zoo.user_data.rows import BadRow, RowSource
from keras_rnn_zoo.user_data.table import Table
from keras_rnn_zoo.user_data.table_rows import TableRows
from keras_rnn_zoo.user_data.time_columns import WORDS, TimeColumns
from keras_rnn_zoo.user_data.time_grid import Series, seconds_of
from keras_rnn_zoo.user_data.time_source import open_time_source
from keras_rnn_zoo.user_data.time_table import TimeTable, read_time_table
from keras_rnn_zoo.user_data.timestamps import Clock

logger = logging.getLogger(__name__)

_STEPS = integer(1, 1_000_000)
MIN_KNOWN = 0.5
"""Fraction of the steps of a window below which values are too few for a reliable forecast."""
LISTED = 5
"""Maximum number of series that a warning lists."""


class Continued(NamedTuple):
    """A series to continue.

    Attributes:
        name: name of the series.
        times: the times of the steps to forecast, as they are written.
    """

    name: str
    times: Sequence[str]


class OpenedTable(NamedTuple):
    """A table to forecast from, opened as a run read its own.

    Attributes:
        source: the table.
        columns: its columns.
        clock: how its times are written.
        frequency: the step of the run's series; `None` if it is unknown.
        history: number of steps that a forecast reads.
        horizon: number of steps to forecast.
    """

    source: TableRows
    columns: TimeColumns
    clock: Clock
    frequency: Frequency | None
    history: int
    horizon: int

    def read(self) -> TimeTable:
        """Returns the series of the table, and all rows that cannot be used."""
        return read_time_table(self.source, self.columns, self.clock, self.frequency, listed=sys.maxsize)


def open_table(
    kind: type[RowSource],
    location: Any,
    trained: TrainedOn,
    reading: Mapping[str, str],
    *,
    columns: str = "",
    joins_files: bool = True,
) -> OpenedTable:
    """Opens a table to forecast from; arguments and errors as for `forecast_inputs`."""
    options = trained.options
    given = {**trained.columns, **parse_columns(columns, WORDS)}
    source, names = open_time_source(kind, joins_files, location, given, **reading)
    counts = trained.frequency.endswith(COUNT)
    clock = Clock(str(options.get("time_format", "")), str(options.get("time_zone", "")), counts=counts)
    history, horizon = options.get("history", 0), options.get("horizon", 0)
    if not _STEPS(history) or not _STEPS(horizon):
        raise RunError("The run's config.json has no valid history and horizon. Train the run again.")
    frequency = Frequency.parse(trained.frequency) if trained.frequency else None
    return OpenedTable(source, names, clock, frequency, history, horizon)


def forecast_inputs(
    kind: type[RowSource],
    location: Any,
    trained: TrainedOn,
    reading: Mapping[str, str],
    *,
    columns: str = "",
    as_json: bool = False,
    joins_files: bool = True,
) -> InputFile:
    """Opens a table over time to continue each of its series after its last value.

    Rows after the last value of a series, with empty targets, say what is known in advance.

    Args:
        kind: the class of the table.
        location: the path, or data in memory.
        trained: what the run was trained on.
        reading: the options with which `kind` reads, such as the encoding.
        columns: as in the option `columns`; by default, the columns that training read.
        as_json: whether forecasts are written as objects, rather than as rows of a table with separators.
        joins_files: whether the location may be a pattern of several files, whose rows are those of one table.

    Raises:
        DataError: a column does not exist, the steps are not those of the training, or too little is known in advance.
    """
    opened = open_table(kind, location, trained, reading, columns=columns, joins_files=joins_files)
    source, names, history, horizon = opened.source, opened.columns, opened.history, opened.horizon
    levels = parse_levels(str(trained.task_options.get("quantiles", DEFAULT_LEVELS)))

    def inputs() -> Iterator[InputRecord | BadRow]:
        read = opened.read()
        yield from read.report.bad
        few: dict[str, int] = {}
        for one in read.series:
            record = continued(read, one, history, horizon)
            known = int(np.isfinite(record.input["series"]).any(axis=1).sum())
            if known < MIN_KNOWN * history:
                few[one.name] = known
            yield record
        _warn_of_few_values(few, history)

    header = [*([names.id] if names.id else []), names.time]
    rows = functools.partial(_rows, header, names.targets, [f"{level:g}" for level in levels])

    def writer(file: IO[str]) -> Writer:
        table = source.table
        delimiter, tsv = getattr(table, "delimiter", ","), bool(getattr(table, "tsv", False))
        write_row = row_writer(file, header, delimiter=delimiter, tsv=tsv)

        def write(record: InputRecord, prediction: Prediction) -> None:
            for cells, predicted in rows(record, prediction):
                if as_json:
                    print(json_line(cells, predicted), file=file)
                else:
                    write_row(list(cells.values()), predicted)

        return write

    return InputFile(str(source.path), inputs, writer if isinstance(source.table, Table) else None, rows=rows)


def _warn_of_few_values(few: Mapping[str, int], history: int) -> None:
    """Warns of series whose forecasts rest on few values, given their number by the name of the series."""
    if not few:
        return
    names = ", ".join(f"{name!r} ({known:,})" if name else f"{known:,}" for name, known in list(few.items())[:LISTED])
    logger.warning(
        "Most of the %s steps that a forecast reads have no value in %s: %s%s. Forecasts from so short a past "
        "are less certain than their quantiles say; add earlier rows if there are any.",
        f"{history:,}",
        "the series" if list(few) == [""] else f"{len(few):,} series",
        names,
        ", ..." if len(few) > LISTED else "",
    )


def continued(read: TimeTable, one: Series, history: int, horizon: int) -> InputRecord:
    """Returns the input that continues a series, with its past up to its last value.

    Args:
        read: the table.
        one: a series of it.
        history: number of steps that a forecast reads.
        horizon: number of steps to forecast.

    Raises:
        DataError: the series has no value, or too little is known in advance.
    """
    path, named = read.source.path, f"the series {one.name!r}" if one.name else "the series"
    present = np.flatnonzero(np.isfinite(one.values).any(axis=1))
    if not len(present):
        raise DataError(f"{path}: {named} has no value to forecast from. Name a table with past values.")
    end = int(present[-1]) + 1
    start = max(0, end - history)
    index, _, phase = read.frequency.index(one.times[:end])
    future = read.frequency.time_of(index[-1] + 1 + np.arange(horizon), phase)
    raw = window_of(read, one, end, np.concatenate([one.times[start:end], future]), horizon)
    return InputRecord(raw, Continued(one.name, [read.clock.write(int(time)) for time in future]))


def window_of(read: TimeTable, one: Series, end: int, times: Any, horizon: int) -> dict[str, Any]:
    """Returns the window of a series that ends before the step `end`, as `readers/window.py` reads it.

    Args:
        read: the table.
        one: the series.
        end: the step after the last one of the past.
        times: the times of past steps, which may begin before the series, and of those to forecast.
        horizon: number of steps to forecast.

    Raises:
        DataError: too little is known in advance, or the steps end after the year 9999.
    """
    path, named = read.source.path, f"the series {one.name!r}" if one.name else "the series"
    start = end - (len(times) - horizon)
    last = read.clock.write(int(one.times[end - 1]))
    if read.columns.known and (len(one) < end + horizon or not np.isfinite(one.known[end : end + horizon]).all()):
        raise DataError(
            f"{path}: {named} ends at {last}, and forecasting needs {' and '.join(map(repr, read.columns.known))} of "
            f"the next {quantity(horizon, 'step')}. Add rows for them, with "
            f"{' and '.join(map(repr, read.columns.targets))} empty."
        )
    try:
        seconds = seconds_of(read.clock, times)
        read.clock.write(int(times[-1]))
    except OverflowError:
        raise DataError(
            f"{path}: {named} ends at {last}, and the next {quantity(horizon, 'step')} of {read.step} end after "
            "the year 9999. Correct its times."
        ) from None

    def rows(values: Any, stop: int) -> Any:
        missing = np.full((max(0, -start), values.shape[1]), np.nan, "float32")
        return np.concatenate([missing, values[max(0, start) : stop]])

    known = rows(one.known, end + horizon if read.columns.known else end)
    return {"series": rows(one.values, end), "time": seconds, "known": known}


def _rows(
    header: Sequence[str], targets: Sequence[str], levels: Sequence[str], record: InputRecord, prediction: Prediction
) -> Iterator[tuple[dict[str, str], Prediction]]:
    """Yields a row for each step of a forecast: the series, if it has a name, and the time, and the forecast."""
    series: Continued = record.record
    for step, time in enumerate(series.times):
        fields = (series.name, time) if len(header) > 1 else (time,)
        yield dict(zip(header, fields, strict=True)), _cells(prediction, step, targets, levels)


def _cells(prediction: Prediction, step: int, targets: Sequence[str], levels: Sequence[str]) -> Mapping[str, Any]:
    """Returns the forecast of a step by column: `predicted_sales`, and `predicted_sales_0.1` for a quantile."""
    cells: dict[str, Any] = {}
    for number, name in enumerate(targets):
        cells[name] = prediction["forecast"][step][number]
        quantiles = prediction["quantiles"][step][number]
        cells |= {f"{name}_{level}": value for level, value in zip(levels, quantiles, strict=True)}
    return cells
