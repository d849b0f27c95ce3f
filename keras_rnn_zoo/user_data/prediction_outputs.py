"""Writes predictions next to their inputs: as columns of a table, or as keys of a JSON object."""

import abc
import base64
import datetime
import decimal
import functools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Characters with which spreadsheet formulas begin, as listed by OWASP; the last four are full-width."""
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")

Prediction = Mapping[str, Any]


class PredictionFile(abc.ABC):
    """A file of inputs and their predictions in a format to which any input can be converted.

    Args:
        file: the file to write to: of bytes if `binary`, else of text.
        schema: the `pyarrow.Schema` of the inputs' columns, if they have one.
    """

    binary = False
    flat = True
    """Whether predictions are written as table cells, as returned by `flat`, rather than as nested values."""

    @abc.abstractmethod
    def __init__(self, file: IO[Any], schema: Any = None) -> None: ...

    @abc.abstractmethod
    def write(self, cells: Mapping[str, Any], prediction: Prediction) -> None:
        """Writes an input, as values by the name of their column, and its prediction."""

    def close(self) -> None:  # noqa: B027  Most formats have no end.
        """Writes the end of the file, and leaves the file itself open."""


def named(prediction: Prediction) -> dict[str, Any]:
    """Returns a prediction with the names that its values have in a file, such as `predicted_label`."""
    return {f"predicted_{name}": value for name, value in prediction.items()}


def flat(prediction: Prediction, *, every_class: bool = False) -> dict[str, Any]:
    """Returns a prediction as values for table cells; a flat prediction is returned unchanged.

    Probabilities become that of the most likely class, `probability`. Tags are joined. Several numbers have the names
    of their targets.

    Args:
        prediction: the prediction.
        every_class: whether to add the probability of each class, such as `probability_positive`.
    """
    cells: dict[str, Any] = {}
    for name, value in prediction.items():
        if name == "probabilities":
            by_class = value if isinstance(value, Mapping) else {}
            cells["probability"] = max(by_class.values() if by_class else value)
            if every_class:
                cells |= {f"probability_{label}": probability for label, probability in by_class.items()}
        elif isinstance(value, Mapping):
            cells |= value  # Several numbers, by the names of their targets.
        elif name == "tags" and not isinstance(value, str):
            cells = {name: " ".join(value), **cells}
        elif not isinstance(value, list | Mapping) and name != "lengths":
            cells[name] = value
    return cells


def step_predictions(prediction: Prediction, classes: Sequence[str], targets: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the prediction for each step of an input: its label and probabilities, or a number for each target.

    Args:
        prediction: the prediction of a task that answers every step; empty for an input without one.
        classes: the classes.
        targets: the names of the targets, for numbers; others are named by their index.
    """
    if "values" in prediction:
        values = prediction["values"]
        width = len(values[0]) if values else 0
        names = targets if len(targets) == width else [f"value_{index}" for index in range(width)]
        return [dict(zip(names, step, strict=True)) for step in values]
    if not prediction:
        return []
    steps = zip(prediction["labels"], prediction["probabilities"], strict=True)
    return [
        {"label": label, "probabilities": dict(zip(classes, probabilities, strict=True))}
        for label, probabilities in steps
    ]


def row_writer(
    file: IO[str], header: Sequence[str] | None, *, delimiter: str = ",", tsv: bool = False
) -> Callable[[Sequence[str], Prediction], None]:
    """Returns a function that writes a row of a table, given its fields and its prediction.

    Predictions are additional columns. They replace columns with the same names, such as those of earlier predictions.

    Args:
        file: the file to write to.
        header: the names of the columns, written before the first row; `None` for a table without a header.
        delimiter: the separator of fields; ignored for TSV.
        tsv: whether to write TSV, with one line per row, rather than CSV.
    """
    delimiter = "\t" if tsv else delimiter
    format_field = _tsv_field if tsv else functools.partial(_csv_field, delimiter)
    indices: dict[str, int] = {}
    begun = False

    def write(fields: Sequence[str], prediction: Prediction) -> None:
        nonlocal begun
        cells = {name: _no_formula(value) for name, value in named(flat(prediction)).items()}
        if not begun:
            begun = True
            names = list(header or [])
            for name in cells:
                names += [] if name in names else [name]
                indices[name] = names.index(name) if header is not None else len(indices) + len(fields)
            if header is not None:
                print(delimiter.join(map(format_field, names)), file=file)
        row = [*fields, *[""] * (max(indices.values(), default=-1) + 1 - len(fields))]
        for name, value in cells.items():
            row[indices[name]] = one_line(value) if tsv else value
        print(delimiter.join(map(format_field, row)), file=file)

    return write


class SeparatedRows(PredictionFile):
    """A table with a header and separated columns; see `row_writer`."""

    delimiter = ","
    tsv = False

    def __init__(self, file: IO[str], schema: Any = None) -> None:
        self._file = file
        self._names: list[str] = []
        self._write: Callable[[Sequence[str], Prediction], None] | None = None

    def write(self, cells: Mapping[str, Any], prediction: Prediction) -> None:
        if self._write is None:
            self._names = list(cells)
            self._write = row_writer(self._file, self._names, delimiter=self.delimiter, tsv=self.tsv)
        fields = [_cell(cells.get(name)) for name in self._names]
        self._write([one_line(field) for field in fields] if self.tsv else fields, prediction)


def _cell(value: Any) -> str:
    """Returns a value as the text of a table cell: nothing for `None`, JSON for lists and objects, and `True`."""
    if value is None:
        return ""
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(_plain(value) if isinstance(value, bytes | datetime.date) else value)


def json_line(record: Mapping[str, Any], prediction: Prediction) -> str:
    """Returns an object with its prediction as a line of JSON that is always valid UTF-8.

    Bytes of the file that are invalid in its encoding become U+FFFD; unpaired surrogates stay escaped. Numbers that
    JSON cannot represent (NaN, and those too large for a float, such as 1e999) become null.
    """
    document = {**record, **named(prediction)}
    try:
        line = json.dumps(document, ensure_ascii=False, allow_nan=False, default=_plain)
    except ValueError:
        line = json.dumps(_without_nan(document), ensure_ascii=False, allow_nan=False, default=_plain)
    line = re.sub("[\udc80-\udcff]", "\N{REPLACEMENT CHARACTER}", line)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", line)


def _plain(value: Any) -> Any:
    """Returns a value that JSON lacks as one that it has: dates in ISO 8601, bytes in UTF-8 or else Base64."""
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if isinstance(value, decimal.Decimal | datetime.timedelta):
        return str(value)
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _without_nan(value: Any) -> Any:
    """Returns a JSON value with `None` in place of numbers that are not finite."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def one_line(value: Any) -> str:
    """Returns a value as text without line breaks and tabs."""
    return " ".join(str(value).replace("\t", " ").splitlines())


def valid_unicode(text: str) -> str:
    """Returns a text with unpaired surrogates, as which invalid bytes are read, as replacement characters."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _no_formula(value: Any) -> Any:
    """Prefixes a text that a spreadsheet would interpret as a formula with an apostrophe."""
    if isinstance(value, str) and value.startswith(FORMULA) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def _csv_field(delimiter: str, value: Any) -> str:
    text = str(value)
    quoted = any(mark in text for mark in (delimiter, '"', "\r", "\n"))
    return '"' + text.replace('"', '""') + '"' if quoted else text


def _tsv_field(value: Any) -> str:
    # Quote only fields that begin with a quote, which programs that read TSV like CSV would misread.
    text = str(value)
    quoted = text.startswith('"') or any(mark in text for mark in "\t\r\n")
    return '"' + text.replace('"', '""') + '"' if quoted else text
