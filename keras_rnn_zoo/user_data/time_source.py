"""Opens tables over time."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.rows import RowSource
from keras_rnn_zoo.user_data.source_files import open_source
from keras_rnn_zoo.user_data.table_rows import TableRows
from keras_rnn_zoo.user_data.time_columns import TASK, TimeColumns, resolve_time_columns


def open_time_source(
    kind: type[RowSource], joins_files: bool, location: Any, given: Mapping[str, str], **reading: Any
) -> tuple[TableRows, TimeColumns]:
    """Opens a table over time, and finds its columns without reading its rows.

    Args:
        kind: the class of the table.
        joins_files: whether the location may be a pattern of several files.
        location: the path, or data in memory.
        given: for each word of the option `columns`, the column or columns that the user named.
        **reading: the options with which `kind` reads, such as the encoding.
    """
    if kind.divided(location):
        raise DataError(
            f"{location} has splits of its own. A table over time is split by time, with the option splits: name or "
            "pass a single table with all rows."
        )
    time = {"time": given["time"]} if "time" in given else {}
    table = open_source(kind, joins_files, location, (TASK,), time, words=("time",), **reading)
    source = TableRows(table)
    return source, resolve_time_columns(given, source.present, source.path)
