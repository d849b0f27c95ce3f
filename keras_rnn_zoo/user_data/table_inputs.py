"""Tables to predict: the column to read, as it is named, as training read it, or as it is usually named."""

from collections.abc import Iterator

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.columns import ColumnError, guess, listed
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, TrainedOn
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.separators import named_separator
from keras_rnn_zoo.user_data.table import Table
from keras_rnn_zoo.user_data.textfile import TextFile


def separated_inputs(
    kind: type[Table], place: str, trained: TrainedOn, *, columns: str = "", encoding: str = "", separator: str = ""
) -> InputFile:
    """Opens a table with separated columns to predict; arguments as of `table_inputs`.

    Args:
        kind: the class of the table.
        place: the path.
        trained: what the run was trained on.
        columns: as the option `columns`.
        encoding: the encoding; "" for the likely one.
        separator: what separates the columns; "" for what training was told, or what is found.
    """
    encoding = trained.encoding_of(place, encoding)
    separator = separator or likely_separator(place, encoding, str(trained.options.get("separator", "")))
    return table_inputs(kind, place, trained, columns=columns, encoding=encoding, separator=separator)


def table_inputs(
    kind: type[Table], place: str, trained: TrainedOn, *, columns: str = "", encoding: str = "", separator: str = ""
) -> InputFile:
    """Opens a table to predict, with the column given, else the one trained on, else a usual one.

    A usual column is read only where the run was not trained on a table, whose column would be known.

    Args:
        kind: the class of the table.
        place: the path.
        trained: what the run was trained on.
        columns: as the option `columns`.
        encoding: the encoding; "" for the likely one.
        separator: what separates the columns, for formats that have such.

    Raises:
        DataError: the table has no such column, or none with a usual name.
    """
    encoding = trained.encoding_of(place, encoding)
    word, given = trained.source, trained.column_given(columns)
    known, certain = trained.known_column("table")

    def opened(column: str) -> Table:
        return kind(place, (trained.task,), {word: column} if column else {}, encoding, (word,), separator)

    try:
        table = opened(given or known)
    except ColumnError as error:
        if given or not known:
            raise
        if certain:
            raise DataError(f"{error} {_way_out(word, known)}") from None
        table = opened("")
    if table.columns[word] not in (given, known, guess(word, table.present, trained.task)):
        # The name of an only column may be the first row of a file without a header.
        present = listed(table.present)
        raise DataError(
            f"{table.file.path}: none of its columns ({present}) is named as one for {word!r} usually is. "
            f"{_way_out(word, '')}"
        )

    def inputs() -> Iterator[InputRecord | BadRow]:
        for record, _ in table.records():
            row = table.row_of(record)
            yield row if isinstance(row, BadRow) else InputRecord(row.raw, record)

    return InputFile(str(table.file.path), inputs, table.prediction_writer)


def _way_out(word: str, trained: str) -> str:
    read = f"The run was trained on the column {trained!r}. " if trained else ""
    return f"{read}Name the column to read: --columns {word}=NAME, or --columns {word}=1 in a file without a header."


def likely_separator(place: str, encoding: str, usual: str) -> str:
    """Returns the separator to name for a file like others: `usual`, or "" where the first line does not have it.

    Args:
        place: the path.
        encoding: the encoding, as of `TextFile`.
        usual: the separator that was named for the other files; "" for none.
    """
    if not usual:
        return ""
    line = next((line for line, _ in TextFile(place, encoding).lines() if line.strip()), "")
    return usual if named_separator(usual) in line else ""
