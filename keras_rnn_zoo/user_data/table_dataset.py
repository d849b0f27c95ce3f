"""The dataset of a table, for the task that its columns fit: forecasting if its rows follow one another in time."""

from collections.abc import Callable, Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.user_data.columns import ColumnError
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.table import Table
from keras_rnn_zoo.user_data.time_columns import TASK, is_time_table
from keras_rnn_zoo.user_data.time_series import time_series_dataset


def table_dataset(
    format: str,
    kind: type[Table],
    location: str,
    tasks: tuple[str, ...],
    options: Mapping[str, Any],
    config: RunConfig | None,
    more_options: Callable[..., None] | None = None,
) -> registry.Dataset:
    """Returns the dataset of a table; arguments as in `dataset_from_files`.

    A table is one over time if the option `columns` says so, or if its columns have usual names for that and for no
    other task, such as `date,value`.

    Raises:
        ColumnError: a column does not exist, or the columns have usual names for none of the tasks.
        DataError: the file cannot be read.
    """
    if is_time_table(options, tasks):
        return time_series_dataset(format, kind, location, options, config)
    more = (more_options,) if more_options else ()
    try:
        return dataset_from_files(format, kind, location, tasks, options, config, *more)
    except ColumnError as error:
        if TASK not in tasks or options.get("columns"):
            raise
        return _over_time(error, format, kind, location, options, config)


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
