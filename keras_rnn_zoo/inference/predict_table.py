"""Predictions for tables in memory, such as DataFrames, that hold series: over time, or with a row for each step."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference.predictor import is_table
from keras_rnn_zoo.user_data.forecast_inputs import forecast_inputs
from keras_rnn_zoo.user_data.memory_table import MemoryTable
from keras_rnn_zoo.user_data.prediction_inputs import in_steps, trained_on
from keras_rnn_zoo.user_data.prediction_outputs import named
from keras_rnn_zoo.user_data.python_data import columns_text, python_data
from keras_rnn_zoo.user_data.python_messages import about_memory
from keras_rnn_zoo.user_data.python_tables import is_hugging_face
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.step_columns import STEP_TASKS
from keras_rnn_zoo.user_data.step_inputs import step_inputs
from keras_rnn_zoo.user_data.time_columns import TASK as FORECASTING

SERIES_TASKS = (FORECASTING, *STEP_TASKS)
"""The tasks that read tables whose rows are the steps of series."""


def holds_rows(inputs: Any) -> bool:
    """Whether inputs are a table in memory, or a list of rows that are dicts of single values."""
    if is_table(inputs) or is_hugging_face(inputs, "Dataset"):
        return True
    rows = inputs if isinstance(inputs, list | tuple) else ()
    return bool(rows) and all(isinstance(row, Mapping) and not any(map(_is_array, row.values())) for row in rows)


def _is_array(value: Any) -> bool:
    """Whether a value holds several, as those of a window or a recording do."""
    return hasattr(value, "__len__") and not isinstance(value, str | bytes)


@about_memory
def predict_table(
    config: RunConfig,
    predict: Callable[[Sequence[Any]], list[dict[str, Any]]],
    table: Any,
    *,
    columns: Any = "",
    encoding: str = "",
) -> list[dict[str, Any]]:
    """Predicts each series of a table in memory: continues one over time, or answers each of its steps.

    Args:
        config: the description of the run.
        predict: predicts windows, or series.
        table: a table of pandas, Polars, PyArrow or Hugging Face, a dict of columns, or a list of rows that are dicts.
        columns: which column holds what, as text or as a dict; by default, the columns that training read.
        encoding: the encoding of texts that are bytes.

    Returns:
        A dict for each step of each forecast, or each row of the table: the rows that `zoo predict --input --output`
        writes.

    Raises:
        DataError: a row cannot be used, or the table does not fit the run.
    """
    columns = columns if isinstance(columns, str) else columns_text(columns)
    trained = trained_on(config)
    data, reading = python_data(table), {"encoding": encoding}
    if trained.task in STEP_TASKS:
        source = in_steps(step_inputs(MemoryTable, data, trained, columns, reading), trained)
    else:
        source = forecast_inputs(MemoryTable, data, trained, reading, columns=columns, joins_files=False)
    records = []
    for record in source.inputs():
        if isinstance(record, BadRow):
            raise DataError(f"{record.describe(source.path)}. Correct the row.")
        records.append(record)
    assert source.rows is not None  # Those of steps.
    predictions = predict([record.input for record in records])
    return [
        {**cells, **named(prediction)}
        for record, predicted in zip(records, predictions, strict=True)
        for cells, prediction in source.rows(record, predicted)
    ]
