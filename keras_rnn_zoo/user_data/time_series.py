"""Turns a table over time into a dataset for forecasting: reads it, splits it by time and cuts windows."""

import functools
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RowsConfig, RunConfig
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.options import read_options, with_options
from keras_rnn_zoo.readers._options import History, Horizon, Splits, Stride
from keras_rnn_zoo.user_data.columns import parse_columns
from keras_rnn_zoo.user_data.dataset import OTHER_DATA
from keras_rnn_zoo.user_data.frequency import COUNT, Frequency, find_frequency
from keras_rnn_zoo.user_data.rows import RowSource
from keras_rnn_zoo.user_data.table_rows import TableRows
from keras_rnn_zoo.user_data.time_columns import WORDS, TimeColumns
from keras_rnn_zoo.user_data.time_defaults import DEFAULT_SPLITS, INPUT, MODEL_DEFAULTS
from keras_rnn_zoo.user_data.time_report import report_series
from keras_rnn_zoo.user_data.time_source import open_time_source
from keras_rnn_zoo.user_data.time_table import TimeTable, read_time_table
from keras_rnn_zoo.user_data.timestamps import Clock, TimeFault
from keras_rnn_zoo.user_data.validation_pass import refuse_bad_rows
from keras_rnn_zoo.user_data.windows import (
    Windows,
    all_windows,
    cut_windows,
    parse_splits,
    split_bounds,
)

SAMPLE = 1000
"""Number of rows from which the default window is chosen."""


def time_series_dataset(
    format: str,
    kind: type[RowSource],
    location: Any,
    options: Mapping[str, Any],
    config: RunConfig | None,
    more_options: Callable[..., None] | None = None,
) -> registry.Dataset:
    """Returns the dataset of a table over time; reads only the first rows, which give the default window.

    Args:
        format: name of the file format.
        kind: the class that reads it.
        location: the address, without the format's name, or data in memory.
        options: options set by the user.
        config: the description of a run that was trained on the file; `None` for a new training.
        more_options: a function whose options the format has in addition to those of all tables over time.

    Raises:
        OptionError: files of their own are named for splits.
    """
    for name in ("validation", "test"):
        if options.get(name):
            raise OptionError(
                f"Option {name!r} does not apply to a table over time, whose splits follow one another. Omit it, and "
                "set the sizes of the splits instead, such as --set splits=70/10/20."
            )
    table = _Table(kind, location, registry.file_formats.get(format).joins_files, config)
    reading_options = ("encoding", *(read_options(more_options) if more_options else ()))
    reading = {name: str(options.get(name) or "") for name in reading_options}
    first, found = table.open(str(options.get("columns") or ""), **reading)
    make = _make(table)
    return registry.Dataset(
        name=f"{format}:{first.table.address()}",
        make=with_options(make, more_options) if more_options else make,
        task="forecasting",
        source="files",
        size="as the run's configuration says",
        license="your own",
        model_options={"input": INPUT},
        defaults={} if config else {**MODEL_DEFAULTS, **_usual_window(first, found, options)},
    )


@dataclass(frozen=True)
class _Table:
    """A table over time before it is opened.

    Attributes:
        kind: the class that reads it.
        location: the address, without the format's name, or data in memory.
        joins_files: whether the location may be a pattern of several files, whose rows are those of one table.
        config: the description of a run that was trained on it; `None` for a new training.
    """

    kind: type[RowSource]
    location: Any
    joins_files: bool
    config: RunConfig | None

    @property
    def recorded(self) -> RowsConfig | None:
        """What the run recorded of its table."""
        return self.config.dataset.recorded if self.config else None

    def open(self, columns: str, **reading: Any) -> tuple[TableRows, TimeColumns]:
        """Returns the table and its columns. The recorded columns are used if they exist and no others are named."""
        named = parse_columns(columns, WORDS)
        given: Mapping[str, str] = {}
        if self.config and self.recorded:
            given = self.recorded.columns
            if named == parse_columns(str(self.config.dataset.options.get("columns") or ""), WORDS):
                named = {}
        return open_time_source(self.kind, self.joins_files, self.location, {**given, **named}, **reading)


def _make(table: _Table) -> Callable[..., Examples]:
    """Returns the function that opens a table, whose parameters are the options of the dataset."""

    def open_table(
        data_dir: str | None,
        seed: int,
        *,
        columns: str = "",
        history: History = 24,
        horizon: Horizon = 6,
        stride: Stride = 1,
        splits: Splits = DEFAULT_SPLITS,
        time_format: str = "",
        time_zone: str = "",
        skip_bad_rows: bool = False,
        encoding: str = "",
        **reading: Any,
    ) -> Examples:
        """Your own table over time.

        Args:
            data_dir: not used.
            seed: not used.
            columns: which column holds what, such as time=date,target=sales,id=shop,known=holiday; several targets or
                known columns are joined by +.
            history: steps of the past that are read; by default, some seasons.
            horizon: steps to forecast; by default, about a season.
            time_format: format of the times, such as %d.%m.%Y; ISO 8601, years, months, quarters, seconds since 1970
                and counts of steps are recognized.
            time_zone: zone of times without an offset, such as Europe/Berlin, for hours that daylight saving time
                skips or repeats.
            skip_bad_rows: whether to leave out rows that cannot be used.
            encoding: encoding of texts; if empty, that of the byte order mark, or UTF-8.
        """
        parse_splits(splits)  # Before the file is read.
        source, names = table.open(columns, encoding=encoding, **reading)
        step = table.recorded.frequency if table.recorded else ""
        clock = Clock(time_format, time_zone, counts=step.endswith(COUNT))
        read = read_time_table(source, names, clock, Frequency.parse(step) if step else None)
        if not skip_bad_rows:
            refuse_bad_rows([read.report])
        return _cut(read, table.config, splits, {"history": history, "horizon": horizon, "stride": stride})

    return open_table


def _cut(read: TimeTable, config: RunConfig | None, splits: str, sizes: Mapping[str, int]) -> Examples:
    """Returns the windows of a table over time, in its splits, or in the split "all" if a run was trained on others.

    Args:
        read: the table.
        config: the description of a run; `None` for a new training.
        splits: the sizes of the splits.
        sizes: history, horizon and stride of a window.
    """
    checksum, bounds = read.source.checksum(), [0, 0, 0]
    if config and config.dataset.name == OTHER_DATA and config.dataset.checksum != checksum:
        windows = {"all": all_windows(read.series, **sizes)}
    else:
        bounds = split_bounds(read.series, parse_splits(splits))
        windows = cut_windows(read.series, bounds, **sizes)
    _check_enough(read, windows, sizes["history"], sizes["horizon"])
    rows = {name: len(one) for name, one in windows.items()}
    step = read.frequency.code + (COUNT if read.clock.counts else "")
    counted = RowsConfig(rows, read.columns.as_options(), bad_rows={"train": read.report.bad_rows}, frequency=step)
    report = functools.partial(report_series, read, bounds, windows)
    data = {name: one.dataset for name, one in windows.items()}
    return Examples("1", checksum, INPUT, data, (), counted, None if config else report)


def _usual_window(source: TableRows, columns: TimeColumns, options: Mapping[str, Any]) -> dict[str, int]:
    """Returns the default history and horizon for the step of the first rows; {} if they do not show it."""
    clock = Clock(str(options.get("time_format") or ""), str(options.get("time_zone") or ""))
    times: dict[str, set[int]] = {}
    for row in itertools.islice(source.rows([columns.time, *([columns.id] if columns.id else [])]), SAMPLE):
        if row.bad:
            continue
        seen = times.setdefault(row.texts[-1] if columns.id else "", set())
        try:
            seen.add(clock.read(row.texts[0], seen))
        except TimeFault:
            continue
    frequency = find_frequency([np.array(sorted(seen), "int64") for seen in times.values() if seen] or [np.zeros(0)])
    if frequency is None:
        return {}
    history, horizon = (Frequency("us", 1) if clock.counts else frequency).usual_window
    return {"history": history, "horizon": horizon}


def _check_enough(read: TimeTable, windows: Mapping[str, Windows], history: int, horizon: int) -> None:
    """Raises `DataError` if a split has no window."""
    path, longest = read.source.path, max(map(len, read.series))
    for place, name in enumerate(read.columns.targets):
        if not any(np.isfinite(one.values[:, place]).any() for one in read.series):
            raise DataError(f"{path}: the column {name!r} has no value in any row. Name another one: target=NAME.")
    if longest < history + horizon:
        raise DataError(
            f"{path}: the longest series has {quantity(longest, 'step')} of {read.step}, fewer than a window of "
            f"history={history} and horizon={horizon}. Make the window shorter: --set history=N --set horizon=N."
        )
    if empty := [name for name, one in windows.items() if not len(one)]:
        raise DataError(
            f"{path}: there is no window of history={history} and horizon={horizon} with values for "
            f"{' and '.join(empty)}; the longest series has {quantity(longest, 'step')} of {read.step}. Make it "
            f"shorter, as in --set history={max(1, longest // 8)} --set horizon={max(1, longest // 20)}, or change "
            "--set splits."
        )
