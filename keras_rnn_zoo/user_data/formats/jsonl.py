"""JSON lines, read row by row."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, TrainedOn, Writer
from keras_rnn_zoo.user_data.prediction_outputs import json_line
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.table import TASKS, Record, Table
from keras_rnn_zoo.user_data.table_inputs import table_inputs
from keras_rnn_zoo.user_data.textfile import Mark

MOST_TOKENS = 2**20
"""Texts, commas and brackets of a line of JSON; each becomes up to a hundred bytes in memory."""
_TOKEN = re.compile(r'[,\[{]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?+')


class JsonlTable(Table):
    """JSON lines: an object a line."""

    def _header(self) -> list[str]:
        self.has_header = True
        for line, _ in self.file.lines():
            if line.strip():
                found = _parsed(line)
                if not isinstance(found, dict):
                    raise DataError(
                        f'{self.file.path}, line 1: an object such as {{"text": "...", "label": "..."}} is '
                        "expected. Put one on each line."
                    )
                return list(found)
        raise DataError(f"{self.file.path} is empty. Name a file with an object a line.")

    def records(self, mark: Mark | None = None) -> Iterator[tuple[Record, Mark]]:
        start = mark or self.file.start
        for number, (line, end) in enumerate(self.file.lines(start), start.line + 1):
            if line.strip():
                yield self._record(line, f"line {number}"), Mark(end, number)

    def prediction_writer(self, file: IO[str]) -> Writer:
        return lambda record, prediction: print(json_line(record.beside.whole, prediction), file=file)

    def _record(self, line: str, where: str) -> Record:
        found = _parsed(line)
        if isinstance(found, dict):
            wanted = {self.present[place] for place in getattr(self, "places", ())}
            missing = sorted(wanted - set(found))
            if not missing:
                return Record(where, [found.get(name) for name in self.present], None, found)
            fault = f"the object lacks {', '.join(map(repr, missing))}"
        else:
            fault = found if isinstance(found, str) else f"an object is expected, not {type(found).__name__}"
        return Record(where, (), BadRow(where, "", line.strip(), fault))


def _parsed(line: str) -> Any:
    """Returns what a line holds: an object, a list (of anything else), or a fault in words."""
    if len(line) > MOST_TOKENS and _has_more_tokens(line, MOST_TOKENS):
        return f"it holds more than {MOST_TOKENS // 2:,} values"
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"it is not JSON ({str(error).partition(':')[0]})"
    return found if isinstance(found, dict) else [found]


def _has_more_tokens(line: str, most: int) -> bool:
    return next(itertools.islice(_TOKEN.finditer(line), most, None), None) is not None


def jsonl_inputs(place: str, trained: TrainedOn, *, columns: str = "", encoding: str = "") -> InputFile:
    """Opens JSON lines to predict; arguments as of `table_inputs`."""
    return table_inputs(JsonlTable, place, trained, columns=columns, encoding=encoding)


@registry.file_format(
    "jsonl",
    order=3,
    tasks=TASKS,
    address="jsonl:FILE",
    endings=("jsonl", "ndjson"),
    inputs=("text",),
    column_names="table",
    predict=jsonl_inputs,
)
def jsonl_file(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A file of JSON objects, one a line; gzip or not."""
    return dataset_from_files("jsonl", JsonlTable, place, tasks, options, config)
