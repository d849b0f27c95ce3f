"""Columnar data to predict: chooses the input column as for tables, and keeps the values of all columns."""

from collections.abc import Iterator, Mapping
from typing import Any

from keras_rnn_zoo.user_data.columnar import Columnar
from keras_rnn_zoo.user_data.forecast_inputs import forecast_inputs
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, TrainedOn
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.table_inputs import open_input_column
from keras_rnn_zoo.user_data.time_columns import TASK
from keras_rnn_zoo.user_data.typed_values import value_at


def columnar_inputs(
    kind: type[Columnar],
    location: str,
    trained: TrainedOn,
    joins_files: bool = True,
    *,
    columns: str = "",
    encoding: str = "",
    **options: str,
) -> InputFile:
    """Opens columnar data to predict.

    Args:
        kind: the class that reads it.
        location: the path.
        trained: what the run was trained on.
        joins_files: whether the location of a table over time may be a pattern of several files.
        columns: as in the option `columns`.
        encoding: the encoding of columns of bytes; "" for that in training.
        **options: further options of the format.

    Raises:
        DataError: the column does not exist, or no column has a usual name.
    """
    encoding = encoding or str(trained.options.get("encoding", ""))
    if trained.task == TASK:
        reading = {"encoding": encoding, **options}
        return forecast_inputs(kind, location, trained, reading, columns=columns, joins_files=joins_files)
    word = trained.source

    def opened(column: str) -> Columnar:
        return kind(location, (trained.task,), {word: column} if column else {}, encoding, (word,), **options)

    table = open_input_column(opened, trained, columns)
    path = str(table.named()[0])
    top = list(dict.fromkeys(keys[0] for keys in table.fields.values()))
    keys = table.fields[table.columns[word]]
    position = top.index(keys[0])

    def inputs() -> Iterator[InputRecord | BadRow]:
        index = 0
        for batch in table.batches(top):
            for values in zip(*batch, strict=True):
                cells = dict(zip(top, values, strict=True))
                row = table.row_of(table.where(index), [value_at(values[position], keys[1:])])
                yield row if isinstance(row, BadRow) else InputRecord(row.raw, cells)
                index += 1

    def cells(record: InputRecord) -> Mapping[str, Any]:
        found: Mapping[str, Any] = record.record
        return found

    return InputFile(path, inputs, None, cells=cells, schema=getattr(table, "schema", None))
