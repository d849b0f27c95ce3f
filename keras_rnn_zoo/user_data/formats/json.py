"""The format `json`: one document with a list of objects, or an object with a list for each column."""

import functools
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.user_data.columnar import COLUMNAR_TASKS, Columnar, field_paths
from keras_rnn_zoo.user_data.columnar_inputs import columnar_inputs
from keras_rnn_zoo.user_data.formats.jsonl import has_more_tokens
from keras_rnn_zoo.user_data.prediction_outputs import Prediction, PredictionFile, json_line
from keras_rnn_zoo.user_data.step_inputs import text_steps
from keras_rnn_zoo.user_data.tables import table_dataset
from keras_rnn_zoo.user_data.textfile import TextFile

MEMORY_FRACTION, TOKEN_BYTES = 0.8, 100
"""The fraction of free memory that a document may use, and how many bytes a text, comma or bracket in it takes."""
ROWS_INSPECTED, MAX_DEPTH = 1000, 10
"""Number of rows whose keys are the columns, and the maximum depth of nested columns."""
BATCH = 1024


class JsonTable(Columnar):
    """A JSON document, which is loaded completely. Keys that a row lacks are missing values."""

    def open(self, location: str) -> Mapping[str, tuple[str, ...]]:
        self.file = TextFile(location, "" if self.encoding == "utf-8" else self.encoding)
        document = self._document()
        self._columns: dict[str, list[Any]] | None = None
        self._rows: list[Any] = []
        if isinstance(document, dict):
            self._columns = self._checked_columns(document)
            first_values = {name: values[:ROWS_INSPECTED] for name, values in self._columns.items()}
            paths = [path for name, values in first_values.items() for path in _leaves((name,), values)]
        else:
            self._rows = self._checked_rows(document)
            paths = [path for path in _leaves((), self._rows[:ROWS_INSPECTED]) if path]
        return field_paths(paths, self.file.path)

    def _document(self) -> Any:
        path, room = self.file.path, int(available() * MEMORY_FRACTION)
        with self.file.opened() as file:
            content = file.read(room // 8)  # A character takes up to four bytes, and is in memory twice for a moment.
            if file.read(1):
                raise DataError(
                    f"{path} needs more than the {room:,} bytes of free memory that may be used. Write JSON Lines, an "
                    "object per line, which are read one at a time: jsonl:FILE."
                )
            # Fails within the block, whose errors name the encoding.
            text = content[self.file.start.offset :].decode(self.file.encoding)
        del content
        if has_more_tokens(text, room // TOKEN_BYTES):
            raise DataError(f"{path} has too many values for {room:,} bytes of memory. Write JSON Lines: jsonl:FILE.")
        if not text.strip():
            raise DataError(f"{path} is empty. Name a file with a list of objects.")
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            several = f" If each line is an object, name jsonl:{path}." if error.msg == "Extra data" else ""
            raise DataError(
                f"{path}, line {error.lineno}, column {error.colno}: it is not valid JSON ({error.msg}).{several} "
                "Correct the file."
            ) from None
        except ValueError:
            raise DataError(f"{path} has an integer of more than 4,300 digits. Write it as a text.") from None
        except RecursionError:
            raise DataError(f"{path} is nested too deeply. Name a file with a list of objects.") from None

    def _checked_rows(self, document: Any) -> list[Any]:
        if not isinstance(document, list):
            raise DataError(
                f"{self.file.path} contains {type(document).__name__}; a list of objects such as "
                '[{"text": "...", "label": "..."}] is expected, or an object with a list for each column.'
            )
        for number, row in enumerate(document, 1):
            if not isinstance(row, dict):
                raise DataError(
                    f"{self.file.path}, row {number}: an object is expected, not {type(row).__name__}. Write a list "
                    'of objects such as {"text": "...", "label": "..."}.'
                )
        return document

    def _checked_columns(self, document: dict[str, Any]) -> dict[str, list[Any]]:
        lists = {name: values for name, values in document.items() if isinstance(values, list)}
        others = sorted(document.keys() - lists.keys())
        if others:
            inner = next((name for name, rows in lists.items() if rows and isinstance(rows[0], dict)), "")
            hint = f" The list of objects in it, {inner!r}, must be the whole document." if inner else ""
            raise DataError(
                f"{self.file.path}: a list of objects is expected, or an object with a list for each column; "
                f"{others[0]!r} is {type(document[others[0]]).__name__}.{hint}"
            )
        sizes = {name: len(values) for name, values in lists.items()}
        if len(set(sizes.values())) > 1:
            (one, size), (other, different) = next(
                pair for pair in itertools.pairwise(sizes.items()) if pair[0][1] != pair[1][1]
            )
            raise DataError(
                f"{self.file.path}: the column {one!r} has {quantity(size, 'value')}, but {other!r} has {different:,}. "
                "Write a value for each row."
            )
        return lists

    def paths(self) -> list[Path]:
        return [self.file.path]

    def checksum(self) -> str:
        return self.file.digest()

    def count(self) -> int:
        return len(next(iter(self._columns.values()), [])) if self._columns is not None else len(self._rows)

    def batches(self, columns: Sequence[str], start: int = 0) -> Iterator[Sequence[Sequence[Any]]]:
        for begin in range(start, self.count(), BATCH):
            end = begin + BATCH
            if self._columns is not None:
                yield [self._columns[name][begin:end] for name in columns]
            else:
                yield [[row.get(name) for row in self._rows[begin:end]] for name in columns]


def _leaves(outer: tuple[str, ...], values: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    """Yields the keys of the columns within values, which are objects with the same keys, or else `outer` itself."""
    objects = [value for value in values if isinstance(value, dict)]
    if len(outer) >= MAX_DEPTH or not objects or any(not isinstance(value, dict | None) for value in values):
        yield outer
        return
    for key in dict.fromkeys(key for value in objects for key in value):
        yield from _leaves((*outer, key), [value.get(key) for value in objects])


class JsonRows(PredictionFile):
    """A list of objects with predictions, one on each line."""

    flat = False

    def __init__(self, file: IO[str], schema: Any = None) -> None:
        self._file, self._begin = file, "[\n"

    def write(self, cells: Mapping[str, Any], prediction: Prediction) -> None:
        self._file.write(self._begin + json_line(cells, prediction))
        self._begin = ",\n"

    def close(self) -> None:
        self._file.write("\n]\n" if self._begin == ",\n" else "[]\n")


@registry.file_format(
    "json",
    order=3.05,
    tasks=COLUMNAR_TASKS,
    address="json:FILE",
    endings=("json",),
    unclear_endings=("json",),
    inputs=("text", "window"),
    column_names="table",
    joins_files=True,
    predict=functools.partial(columnar_inputs, JsonTable),
    predict_steps=functools.partial(text_steps, JsonTable),
    write=JsonRows,
)
def json_file(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A JSON document: a list of objects, or an object with a list for each column; gzip or not."""
    return table_dataset("json", JsonTable, location, tasks, options, config)
