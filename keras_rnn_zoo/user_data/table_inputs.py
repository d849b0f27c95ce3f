"""Tables to predict: chooses the input column by the option, by the training data, or by its name."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.columnar import Columnar
from keras_rnn_zoo.user_data.columns import ColumnError, guess, listed
from keras_rnn_zoo.user_data.forecast_inputs import forecast_inputs
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, TrainedOn
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.separators import named_separator
from keras_rnn_zoo.user_data.table import Table
from keras_rnn_zoo.user_data.textfile import Mark, TextFile
from keras_rnn_zoo.user_data.time_columns import TASK

T = TypeVar("T", Table, Columnar)


def separated_inputs(
    kind: type[Table], location: str, trained: TrainedOn, *, columns: str = "", encoding: str = "", separator: str = ""
) -> InputFile:
    """Opens a table with separated columns to predict, with the most likely separator.

    Args:
        kind: the class of the table.
        location: the path.
        trained: what the run was trained on.
        columns: as in the option `columns`.
        encoding: the encoding; "" for the most likely one.
        separator: the separator of columns; "" for the one in training, or a detected one.
    """
    if trained.task == TASK:
        separator = separator or str(trained.options.get("separator", ""))
        reading = {"encoding": trained.encoding_of(location, encoding), "separator": separator}
        return forecast_inputs(kind, location, trained, reading, columns=columns)
    encoding = trained.encoding_of(location, encoding)
    separator = separator or likely_separator(location, encoding, str(trained.options.get("separator", "")))
    return table_inputs(kind, location, trained, columns=columns, encoding=encoding, separator=separator)


def table_inputs(
    kind: type[Table], location: str, trained: TrainedOn, *, columns: str = "", encoding: str = "", separator: str = ""
) -> InputFile:
    """Opens a table to predict. Reads the column that the user named, or the one in training, or one with a usual name.

    A column with a usual name is read only if the run was not trained on a table, in which case its column is known.

    Args:
        kind: the class of the table.
        location: the path.
        trained: what the run was trained on.
        columns: as in the option `columns`.
        encoding: the encoding; "" for the most likely one.
        separator: the separator of columns, for formats with separators.

    Raises:
        DataError: the column does not exist, or no column has a usual name.
    """
    encoding, word = trained.encoding_of(location, encoding), trained.source

    def opened(column: str) -> Table:
        return kind(location, (trained.task,), {word: column} if column else {}, encoding, (word,), separator)

    table = open_input_column(opened, trained, columns)

    def marked(mark: Mark | None = None) -> Iterator[tuple[InputRecord | BadRow, Mark]]:
        for record, end in table.records(mark):
            row = table.row_of(record)
            yield row if isinstance(row, BadRow) else InputRecord(row.raw, record), end

    return InputFile(
        str(table.file.path),
        lambda: (row for row, _ in marked()),
        table.prediction_writer,
        table.flat,
        table.cells,
        marked=marked if table.file.seekable else None,
    )


def open_input_column(opened: Callable[[str], T], trained: TrainedOn, columns: str) -> T:
    """Opens a table with its input column: the one that the user named, that of training, or one with a usual name.

    Args:
        opened: opens the table with a column, or with "" to choose the column by its name.
        trained: what the run was trained on.
        columns: as in the option `columns`.

    Raises:
        DataError: the column does not exist, or no column has a usual name.
    """
    word, user_column = trained.source, trained.column_given(columns)
    training_column, required = trained.known_column("table")
    try:
        table = opened(user_column or training_column)
    except ColumnError as error:
        if user_column or not training_column:
            raise
        if required:
            raise DataError(f"{error} {_advice(word, training_column)}") from None
        table = opened("")
    if table.columns[word] not in (user_column, training_column, guess(word, table.present, trained.task)):
        # The name of a single column may be the first row of a file without a header.
        present = listed(table.present)
        raise DataError(
            f"{table.named()[0]}: none of its columns ({present}) has a usual name for {word!r}. {_advice(word, '')}"
        )
    return table


def _advice(word: str, training_column: str) -> str:
    column = f"The run was trained on the column {training_column!r}. " if training_column else ""
    return f"{column}Name the column to read: --columns {word}=NAME, or --columns {word}=1 in a file without a header."


def likely_separator(location: str, encoding: str, usual: str) -> str:
    """Returns the separator of the training data if the first line of a file contains it, else "".

    Args:
        location: the path.
        encoding: the encoding, as for `TextFile`.
        usual: the separator that was named in training; "" for none.
    """
    if not usual:
        return ""
    line = next((line for line, _ in TextFile(location, encoding).lines() if line.strip()), "")
    return usual if named_separator(usual) in line else ""
