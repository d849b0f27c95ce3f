"""Tables to predict every step of: with a row for each step, or with the path of a recording in each row.

The prediction for a sequence is written in its rows, and that for a recording in a row for each of its frames.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.columnar import Columnar
from keras_rnn_zoo.user_data.columns import parse_columns
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, TrainedOn
from keras_rnn_zoo.user_data.recordings import samples_of
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.step_columns import TARGET_WORDS, WORDS
from keras_rnn_zoo.user_data.step_openers import recordings_in, table_opener
from keras_rnn_zoo.user_data.step_recordings import RecordingTable
from keras_rnn_zoo.user_data.table import Table


def step_inputs(
    kind: type[Table] | type[Columnar], location: Any, trained: TrainedOn, columns: str, reading: Mapping[str, str]
) -> InputFile:
    """Opens a table with a row for each step, or of recordings if the run reads them, to predict.

    Args:
        kind: the class of the table.
        location: the path, or data in memory.
        trained: what the run was trained on.
        columns: as in the option `columns`; by default, the columns that training read.
        reading: options of the format.

    Raises:
        DataError: a column does not exist, or cannot be guessed.
    """
    from_table = any(
        entry.name == trained.format and entry.column_names == "table" for entry in registry.file_formats.entries()
    )
    given = {**(trained.columns if from_table else {}), **parse_columns(columns, WORDS)}
    given = {word: name for word, name in given.items() if word not in TARGET_WORDS}
    if trained.input == "audio":
        return _recordings(recordings_in(kind, location, given, reading))
    source = table_opener(kind, joins_files=False, with_target=False)(location, given, reading)

    def inputs() -> Iterator[InputRecord | BadRow]:
        for one in source.inputs():
            yield one if isinstance(one, BadRow) else InputRecord(one.inputs, list(one.rows))

    return InputFile(str(source.named()), inputs)


def _recordings(found: RecordingTable) -> InputFile:
    """Returns the recordings of a table as inputs; the record of each is its row."""

    def inputs() -> Iterator[InputRecord | BadRow]:
        for row in found.rows.rows([found.input], keep=True):
            if row.bad:
                yield row.bad
                continue
            path = found.rows.path.parent / row.texts[0].strip()
            try:
                samples_of(path, 0, 0, math.inf)
            except DataError as error:
                where = found.rows.where(row.number)
                yield BadRow(where, found.input, row.texts[0], f"the recording cannot be read: {error}")
            else:
                yield InputRecord(str(path), row.values)

    return InputFile(str(found.rows.path), inputs, cells=lambda record: dict(record.record))


def separated_steps(
    kind: type[Table], location: str, trained: TrainedOn, *, columns: str = "", encoding: str = "", separator: str = ""
) -> InputFile:
    """Opens a table with separated columns; see `step_inputs`."""
    reading = {
        "encoding": trained.encoding_of(location, encoding),
        "separator": separator or str(trained.options.get("separator", "")),
    }
    return step_inputs(kind, location, trained, columns, reading)


def text_steps(
    kind: type[Table] | type[Columnar], location: str, trained: TrainedOn, *, columns: str = "", encoding: str = ""
) -> InputFile:
    """Opens a table of a format with an encoding; see `step_inputs`."""
    return step_inputs(
        kind, location, trained, columns, {"encoding": encoding or str(trained.options.get("encoding", ""))}
    )


def sheet_steps(
    kind: type[Columnar], location: str, trained: TrainedOn, *, columns: str = "", sheet: str = ""
) -> InputFile:
    """Opens a sheet of a workbook; see `step_inputs`."""
    return step_inputs(kind, location, trained, columns, {"sheet": sheet or str(trained.options.get("sheet", ""))})
