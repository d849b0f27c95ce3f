"""The format `jsonl`: JSON Lines."""

import functools
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.forecast_inputs import forecast_inputs
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, TrainedOn, Writer
from keras_rnn_zoo.user_data.prediction_outputs import Prediction, PredictionFile, json_line
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.step_inputs import text_steps
from keras_rnn_zoo.user_data.table import TASKS, Record, Table
from keras_rnn_zoo.user_data.table_inputs import table_inputs
from keras_rnn_zoo.user_data.tables import table_dataset
from keras_rnn_zoo.user_data.textfile import Mark
from keras_rnn_zoo.user_data.time_columns import TASK

MAX_TOKENS = 2**20
"""Maximum number of texts, commas and brackets in a line of JSON; each takes up to a hundred bytes of memory."""
_TOKEN = re.compile(r'[,\[{]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?+')


class JsonlTable(Table):
    """JSON Lines: an object per line."""

    flat = False

    def _header(self) -> list[str]:
        self.has_header = True
        for line, _ in self.file.lines():
            if line.strip():
                document = _parsed(line)
                if not isinstance(document, dict):
                    raise DataError(
                        f'{self.file.path}, line 1: an object such as {{"text": "...", "label": "..."}} is '
                        "expected. Put one on each line."
                    )
                return list(document)
        raise DataError(f"{self.file.path} is empty. Name a file with an object per line.")

    def records(self, mark: Mark | None = None) -> Iterator[tuple[Record, Mark]]:
        start = mark or self.file.start
        for number, (line, end) in enumerate(self.file.lines(start), start.line + 1):
            if line.strip():
                yield self._record(line, f"line {number}"), Mark(end, number)

    def prediction_writer(self, file: IO[str]) -> Writer:
        lines = JsonlRows(file)
        return lambda record, prediction: lines.write(record.record.whole, prediction)

    def _record(self, line: str, where: str) -> Record:
        document = _parsed(line)
        if isinstance(document, dict):
            required = {self.present[index] for index in getattr(self, "indices", ())}
            missing = sorted(required - set(document))
            if not missing:
                return Record(where, [document.get(name) for name in self.present], None, document)
            fault = f"the object has no {', '.join(map(repr, missing))}"
        else:
            fault = document if isinstance(document, str) else f"an object is expected, not {type(document).__name__}"
        return Record(where, (), BadRow(where, "", line.strip(), fault))


class JsonlRows(PredictionFile):
    """JSON Lines with predictions."""

    flat = False

    def __init__(self, file: IO[str], schema: Any = None) -> None:
        self._file = file

    def write(self, cells: Mapping[str, Any], prediction: Prediction) -> None:
        print(json_line(cells, prediction), file=self._file)


def _parsed(line: str) -> Any:
    """Returns the object in a line, a list (with any other value), or a fault in words."""
    if len(line) > MAX_TOKENS and has_more_tokens(line, MAX_TOKENS):
        return f"it contains more than {MAX_TOKENS // 2:,} values"
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"it is not valid JSON ({str(error).partition(':')[0]})"
    return document if isinstance(document, dict) else [document]


def has_more_tokens(line: str, limit: int) -> bool:
    """Whether a JSON document has more than `limit` texts, commas and brackets."""
    return next(itertools.islice(_TOKEN.finditer(line), limit, None), None) is not None


def jsonl_inputs(location: str, trained: TrainedOn, *, columns: str = "", encoding: str = "") -> InputFile:
    """Opens JSON Lines to predict; arguments as in `table_inputs`."""
    if trained.task == TASK:
        reading = {"encoding": trained.encoding_of(location, encoding)}
        return forecast_inputs(JsonlTable, location, trained, reading, columns=columns, as_json=True)
    return table_inputs(JsonlTable, location, trained, columns=columns, encoding=encoding)


@registry.file_format(
    "jsonl",
    order=3,
    tasks=TASKS,
    address="jsonl:FILE",
    endings=("jsonl", "ndjson"),
    inputs=("text", "window"),
    column_names="table",
    joins_files=True,
    predict=jsonl_inputs,
    predict_steps=functools.partial(text_steps, JsonlTable),
    write=JsonlRows,
    unclear_endings=("json",),
)
def jsonl_file(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A file of JSON objects, one per line; gzip or not."""
    return table_dataset("jsonl", JsonlTable, location, tasks, options, config)
