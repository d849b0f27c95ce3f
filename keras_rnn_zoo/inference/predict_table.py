"""Forecasts for tables over time in memory, such as DataFrames."""

from collections.abc import Callable, Sequence
from typing import Any

from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.forecast_inputs import forecast_inputs
from keras_rnn_zoo.user_data.memory_table import MemoryTable
from keras_rnn_zoo.user_data.prediction_inputs import trained_on
from keras_rnn_zoo.user_data.prediction_outputs import named
from keras_rnn_zoo.user_data.python_data import columns_text, python_data
from keras_rnn_zoo.user_data.python_messages import about_memory
from keras_rnn_zoo.user_data.rows import BadRow


@about_memory
def predict_table(
    config: RunConfig,
    predict: Callable[[Sequence[Any]], list[dict[str, Any]]],
    table: Any,
    *,
    columns: Any = "",
    encoding: str = "",
) -> list[dict[str, Any]]:
    """Continues each series of a table in memory.

    Args:
        config: the description of the run.
        predict: predicts windows.
        table: a table of pandas, Polars or PyArrow, or a dict of columns.
        columns: which column holds what, as text or as a dict; by default, the columns that training read.
        encoding: the encoding of texts that are bytes.

    Returns:
        A dict for each step of each series: the rows that `zoo predict --input --output` writes.

    Raises:
        DataError: a row cannot be used, or the table does not fit the run.
    """
    columns = columns if isinstance(columns, str) else columns_text(columns)
    trained = trained_on(config)
    data, reading = python_data(table), {"encoding": encoding}
    source = forecast_inputs(MemoryTable, data, trained, reading, columns=columns, joins_files=False)
    records = []
    for record in source.inputs():
        if isinstance(record, BadRow):
            raise DataError(f"{record.describe(source.path)}. Correct the row.")
        records.append(record)
    assert source.rows is not None  # Those of a forecast.
    predictions = predict([record.input for record in records])
    return [
        {**cells, **named(prediction)}
        for record, predicted in zip(records, predictions, strict=True)
        for cells, prediction in source.rows(record, predicted)
    ]
