"""What a person enters on the page as raw inputs: JSON to what `zoo.predict` and `zoo.inspect` take."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.readers.series import parse_row, parse_series
from keras_rnn_zoo.serving.json_body import decode_base64
from keras_rnn_zoo.user_data.columns import JOINT
from keras_rnn_zoo.user_data.forecast_inputs import continued, open_table
from keras_rnn_zoo.user_data.memory_table import MemoryTable
from keras_rnn_zoo.user_data.prediction_inputs import trained_on
from keras_rnn_zoo.user_data.python_data import python_data
from keras_rnn_zoo.user_data.python_messages import about_memory
from keras_rnn_zoo.user_data.time_columns import TimeColumns


class ChosenSeries(NamedTuple):
    """The series of a table over time that is forecast.

    Attributes:
        name: its name.
        times: the times of the steps to forecast, as they are written.
        names: the names of all series of the table.
    """

    name: str
    times: Sequence[str]
    names: Sequence[str]


def raw_input(loaded: Any, given: Any) -> tuple[Any, ChosenSeries | None]:
    """Returns the raw input that a person entered, and for tables over time the series.

    Args:
        loaded: the loaded run or export.
        given: the value of a form: a dict with one of `text`, `base64` (of an image or a WAV file), `rows` (of a
            series) and `table` (CSV); with a table also `series`, the name of one; else, or if there is none of this
            name, the first one.

    Raises:
        DataError: the value is not of the kind that the model reads.
    """
    key, read = FORMS.get(loaded.task.reader.input, ("text", _text))
    if not isinstance(given, Mapping) or not isinstance(given.get(key), str):
        raise DataError(f"An input is expected as an object with {key!r}.")
    if key == "table":
        window: tuple[Any, ChosenSeries | None] = _window(loaded, given[key], given.get("series"))
        return window
    return read(loaded, given[key]), None


def _text(loaded: Any, text: str) -> str:
    return text


def _bytes(loaded: Any, text: str) -> bytes:
    return decode_base64(text, "A file")


def _rows(loaded: Any, text: str) -> Any:
    """Returns the steps of a series: JSON, or a line of numbers for each step; a line of names before them is skipped.

    A series of one number for each step may also stand in a single line.
    """
    if text.lstrip().startswith("["):
        return parse_series(text)
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        first = [parse_row(lines[0])] if lines else []
    except DataError:
        if len(lines) < 2:
            raise
        first = []  # The names of the columns.
    rows = [*first, *map(parse_row, lines[1:])]
    if features_of(loaded) == 1:
        return [number for row in rows for number in row]
    if len({len(row) for row in rows}) > 1:
        raise DataError(
            f"Each line is expected to have {features_of(loaded)} numbers, separated by commas; some have "
            f"{min(map(len, rows))} and others {max(map(len, rows))}."
        )
    return rows


def features_of(loaded: Any) -> int:
    """Returns how many numbers a step of a series has."""
    return int(loaded.task.reader.model_options()["features"])


FORMS: Mapping[str, tuple[str, Callable[[Any, str], Any]]] = {
    "text": ("text", _text),
    "image": ("base64", _bytes),
    "audio": ("base64", _bytes),
    "series": ("rows", _rows),
    "window": ("table", _text),
}
"""By kind of input: the key of its value, and what reads this."""


def columns_of(loaded: Any) -> TimeColumns:
    """Returns the columns of a table over time: those of the training, or names for what the run reads."""
    reader = loaded.task.reader
    recorded = trained_on(loaded.run.config).columns if isinstance(loaded, LoadedRun) and loaded.run else {}
    if recorded:
        targets, known = (tuple(filter(None, recorded.get(word, "").split(JOINT))) for word in ("target", "known"))
        return TimeColumns(recorded["time"], targets, recorded.get("id", ""), known)
    return TimeColumns("time", _numbered("value", len(reader.mean)), "", _numbered("known", len(reader.known_mean)))


def _numbered(word: str, count: int) -> tuple[str, ...]:
    return (word,) if count == 1 else tuple(f"{word}_{number}" for number in range(1, count + 1))


@about_memory
def _window(loaded: Any, table: str, wanted: Any) -> tuple[Any, ChosenSeries | None]:
    """Returns the window at the end of a series of a table, and the series."""
    if not isinstance(loaded, LoadedRun) or loaded.run is None:
        try:
            return json.loads(table), None
        except ValueError:
            raise DataError("An export reads windows as JSON; to forecast from a table, serve the run.") from None
    if table.lstrip().startswith("{"):
        return table, None
    delimiter = "\t" if "\t" in table.partition("\n")[0] else ","
    rows = [row for row in csv.DictReader(io.StringIO(table), delimiter=delimiter) if any(row.values())]
    if not rows:
        raise DataError("A table is expected, with the names of its columns in the first line.")
    columns = columns_of(loaded)
    if columns.id and columns.id not in rows[0]:
        columns = columns._replace(id="")  # Rows of one series need not name it.
    trained = trained_on(loaded.run.config)._replace(columns=columns.as_options())
    opened = open_table(MemoryTable, python_data(rows), trained, {"encoding": ""}, joins_files=False)
    read = opened.read()
    for bad in read.report.bad:
        raise DataError(f"{bad.describe(str(read.source.path))}. Correct the row.")
    names = [one.name for one in read.series]
    one = read.series[names.index(wanted) if wanted in names else 0]
    record = continued(read, one, opened.history, opened.horizon)
    return record.input, ChosenSeries(one.name, record.record.times, names)


def moment(seconds: Any) -> str:
    """Returns a time, in seconds since 1970, as a person would write it; midnight is left out."""
    return str(np.datetime64(int(seconds), "s")).replace("T", " ").removesuffix(" 00:00:00")


def table_of(loaded: Any, window: Mapping[str, Any]) -> str:
    """Returns a window as the CSV table that a person would paste: its past, and what is known in advance after it."""
    columns = columns_of(loaded)
    series, time, known = (np.asarray(window[name]) for name in ("series", "time", "known"))
    lines = [",".join([columns.time, *columns.targets, *columns.known])]
    steps = len(series) + (loaded.task.reader.horizon if columns.known else 0)
    for step in range(steps):
        values = series[step] if step < len(series) else [np.nan] * len(columns.targets)
        cells = ["" if np.isnan(value) else f"{value:.6g}" for value in [*values, *(known[step] if len(known) else [])]]
        lines.append(",".join([moment(time[step]), *cells]))
    return "\n".join(lines) + "\n"
