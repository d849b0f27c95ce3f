"""The format `tsv`: tab-separated values."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.user_data.formats.csv import CsvTable, table_options
from keras_rnn_zoo.user_data.prediction_outputs import SeparatedRows
from keras_rnn_zoo.user_data.step_inputs import separated_steps
from keras_rnn_zoo.user_data.table import MAX_COLUMNS, TASKS, Record
from keras_rnn_zoo.user_data.table_inputs import separated_inputs
from keras_rnn_zoo.user_data.tables import table_dataset
from keras_rnn_zoo.user_data.textfile import Mark


class TsvTable(CsvTable):
    """Values separated by tabs, with one line per row; a field that is quoted as in CSV is read without quotes."""

    delimiter = "\t"
    tsv = True
    separators = "\t"

    def _find_separator(self) -> str:
        return self.delimiter

    def _read(self, mark: Mark) -> Iterator[tuple[Record, Mark]]:
        for line, end in self._lines(mark):
            text = line.rstrip("\r\n")
            if text.count(self.delimiter) > MAX_COLUMNS:
                yield self._misfit(f"line {end.line}", MAX_COLUMNS + 1), end
            elif text:
                fields = [_unquoted(field) for field in text.split(self.delimiter)]
                yield Record(f"line {end.line}", fields), end


class TsvRows(SeparatedRows):
    """A table with a header, tab-separated columns, and one line per row."""

    tsv = True


def _unquoted(field: str) -> str:
    if len(field) < 2 or field[0] != '"' or field[-1] != '"':
        return field
    inner = field[1:-1]
    return field if '"' in inner.replace('""', "") else inner.replace('""', '"')


@registry.file_format(
    "tsv",
    order=2,
    tasks=TASKS,
    address="tsv:FILE",
    endings=("tsv", "tab"),
    inputs=("text", "window"),
    column_names="table",
    joins_files=True,
    predict=functools.partial(separated_inputs, TsvTable),
    predict_steps=functools.partial(separated_steps, TsvTable),
    write=TsvRows,
    unclear_endings=("txt", "text"),
)
def tsv_file(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A file of tab-separated columns with a header, or whose columns are named by number; gzip or not."""
    return table_dataset("tsv", TsvTable, location, tasks, options, config, table_options)
