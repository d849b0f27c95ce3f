"""The dataset of a table of any format: of windows over time, of sequences of rows, or with an example in each row."""

from collections.abc import Callable, Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.user_data.columns import ColumnError
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.rows import RowSource
from keras_rnn_zoo.user_data.step_columns import is_step_table, without_steps
from keras_rnn_zoo.user_data.step_dataset import table_steps
from keras_rnn_zoo.user_data.time_columns import TASK, is_time_table
from keras_rnn_zoo.user_data.time_series import time_series_dataset


def table_dataset(
    format: str,
    kind: type[RowSource],
    location: Any,
    tasks: tuple[str, ...],
    options: Mapping[str, Any],
    config: RunConfig | None,
    more_options: Callable[..., None] | None = None,
) -> registry.Dataset:
    """Returns the dataset of a table; arguments as for `dataset_from_files`.

    The option `columns` says whether a table is one over time, or has a row for each step. It is also one over time if
    its columns have usual names for that and for no other task, such as `date,value`.

    Raises:
        ColumnError: a column does not exist, or the columns have usual names for none of the tasks.
        DataError: the file cannot be read.
    """
    if is_step_table(options, tasks):
        return table_steps(format, kind, location, tasks, options, config, more_options)  # type: ignore[arg-type]
    tasks = without_steps(tasks)
    if is_time_table(options, tasks):
        return time_series_dataset(format, kind, location, options, config, more_options)
    try:
        return dataset_from_files(format, kind, location, tasks, options, config, more_options)
    except ColumnError as error:
        if TASK not in tasks or options.get("columns"):
            raise
        return _over_time(error, format, kind, location, options, config, more_options)


def _over_time(error: ColumnError, *arguments: Any) -> registry.Dataset:
    """Returns the dataset of a table over time; raises `error` if it is none."""
    try:
        return time_series_dataset(*arguments)
    except ColumnError as other:
        if other.word != "target":
            raise error from None
        raise ColumnError(f"{error} To forecast this table over time: {other}") from None
    except ZooError:
        raise error from None
