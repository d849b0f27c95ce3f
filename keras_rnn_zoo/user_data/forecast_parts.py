"""Rows of a series over time that are still coming in: each part becomes the next steps of a window."""

import csv
import json
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.user_data.forecast_inputs import open_table, window_of
from keras_rnn_zoo.user_data.memory_table import MemoryTable
from keras_rnn_zoo.user_data.prediction_inputs import TrainedOn
from keras_rnn_zoo.user_data.python_data import python_data
from keras_rnn_zoo.user_data.python_messages import about_memory
from keras_rnn_zoo.user_data.time_grid import Series
from keras_rnn_zoo.user_data.time_table import TimeTable


class ComingRows:
    """The rows of one series over time, which come in parts.

    Args:
        trained: what the run was trained on, whose columns the rows have.
        plain: whether the run reads the targets alone, so that rows need no times.
    """

    def __init__(self, trained: TrainedOn, plain: bool) -> None:
        self._trained, self._plain = trained, plain
        self._names: Sequence[str] = ()
        self.reset()

    def reset(self) -> None:
        """Forgets the rows so far."""
        self._times = np.zeros(0, "int64")
        self._frequency, self._series = self._trained.frequency, ""

    def read_header(self, line: str) -> bool:
        """Returns whether a line names columns; if so, the lines that follow have them in this order."""
        cells, columns = self._cells(line), self._trained.columns
        if columns and {columns["time"], *columns["target"].split("+")} <= set(cells):
            self._names = cells
            return True
        return False

    def window(self, part: Any) -> Any:
        """Returns a part of the rows as a window without its first steps.

        Args:
            part: a table with the columns of the training, such as a DataFrame, or a list of rows that are dicts; a
                line with a row, or with rows in JSON. Other parts are returned as they are: windows, and numbers.

        Raises:
            DataError: the rows cannot be read, or do not continue those before.
        """
        if isinstance(part, str | bytes):
            part = self._parsed(part.decode("utf-8", "replace") if isinstance(part, bytes) else part)
        rows = isinstance(part, list | tuple) and len(part) > 0 and all(isinstance(row, Mapping) for row in part)
        table = hasattr(part, "columns") or (isinstance(part, Mapping) and "series" not in part)
        return self._read(part) if rows or table else part

    def _cells(self, line: str) -> list[str]:
        delimiter = str(self._trained.options.get("separator") or "") or ("\t" if "\t" in line else ",")
        cells = next(csv.reader([line.strip("\r\n")], delimiter=delimiter), [])
        return [cell.strip() for cell in cells]

    def _parsed(self, line: str) -> Any:
        """Returns the part that a line of text is."""
        if line.strip()[:1] in ("{", "["):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                raise DataError(f"Rows are expected as JSON; received {line.strip()!r:.60}.") from None
            return [value] if isinstance(value, dict) and "series" not in value else value
        columns = self._trained.columns
        if not columns:
            return line
        targets = columns["target"].split("+")
        usual = [columns["time"], *targets, *(columns["known"].split("+") if "known" in columns else ())]
        names, cells = self._names or usual, self._cells(line)
        if not self._names and self._plain and len(cells) == len(targets):
            return line  # Numbers alone.
        if len(cells) != len(names):
            raise DataError(
                f"A row is expected with {', '.join(names)}, separated by commas; received {line.strip()!r:.60}."
            )
        return [dict(zip(names, cells, strict=True))]

    @about_memory
    def _read(self, table: Any) -> dict[str, Any]:
        data = python_data(table)
        columns = dict(self._trained.columns)
        if columns.get("id") not in data.table.fields:
            columns.pop("id", "")  # Rows of one series need not name it.
        trained = self._trained._replace(columns=columns, frequency=self._frequency)
        opened = open_table(MemoryTable, data, trained, {"encoding": ""}, joins_files=False)
        if self._times.size:
            opened.clock.latest = int(self._times[-1])
        read = opened.read()
        if read.report.bad:
            raise DataError(f"{read.report.bad[0].describe(str(read.source.path))}. Correct the row.")
        names = dict.fromkeys(name for name in (self._series, *(one.name for one in read.series)) if name)
        if len(names) > 1:
            raise DataError(
                f"A stream is a single series; received rows of {' and '.join(map(repr, names))}. Open one for each."
            )
        (one,) = read.series
        if not self._frequency and len(one) < 2:
            raise DataError("The step of the series is not known from a single row. Begin with several rows.")
        end, times = self._continued(read, one, opened.history, opened.horizon)
        raw = window_of(read, one, end, times, opened.horizon)
        self._times = np.concatenate([self._times, one.times[:end]])[-opened.history :]
        self._frequency, self._series = self._frequency or read.frequency.code, one.name or self._series
        return raw

    def _continued(self, read: TimeTable, one: Series, history: int, horizon: int) -> tuple[int, Any]:
        """Returns the step after the last one that has come, and the times of the window, with steps left out before.

        Raises:
            DataError: the rows are not later than those before, or not on their grid.
        """
        path, held = read.source.path, self._times
        end = len(one)
        if read.columns.known:  # Rows without values say what is known in advance.
            end = int(np.flatnonzero(np.isfinite(one.values).any(axis=1)).max(initial=-1)) + 1
            if not end:
                raise DataError(
                    f"{path}: no row has a value of {' or '.join(map(repr, read.columns.targets))}. Feed rows that say "
                    "what is known in advance together with those that have values."
                )
        first = read.clock.write(int(one.times[0]))
        if held.size and one.times[0] <= held[-1]:
            raise DataError(
                f"{path}: the time {first} is not after {read.clock.write(int(held[-1]))}, the last one so far. Feed "
                "rows in the order of their times."
            )
        index, fits, phase = read.frequency.index(np.concatenate([held, one.times[:end]]))
        if not fits.all():
            raise DataError(f"{path}: the time {first} is not on the grid of {read.step} of the rows before it.")
        skipped = int(index[len(held)] - index[len(held) - 1] - 1) if held.size else 0
        begin = index[len(held)] - min(skipped, history)
        return end, read.frequency.time_of(np.arange(begin, index[-1] + 1 + horizon), phase)
