"""Opens tables with targets for steps: with a row for each step, or with the path of a recording in each row."""

from collections.abc import Callable, Mapping
from typing import Any

from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.options import read_options
from keras_rnn_zoo.user_data.columnar import Columnar
from keras_rnn_zoo.user_data.columns import find_column, parse_columns
from keras_rnn_zoo.user_data.joined_files import is_pattern
from keras_rnn_zoo.user_data.recordings import recording_options
from keras_rnn_zoo.user_data.rows import RowSource
from keras_rnn_zoo.user_data.source_files import open_source
from keras_rnn_zoo.user_data.step_arrays import StepArrays
from keras_rnn_zoo.user_data.step_columns import STEP_TASKS, WORDS, target_word
from keras_rnn_zoo.user_data.step_recordings import RecordingTable, TableRecorded, recording_table
from keras_rnn_zoo.user_data.step_sequences import StepSource
from keras_rnn_zoo.user_data.step_table import StepTable
from keras_rnn_zoo.user_data.table import Table
from keras_rnn_zoo.user_data.table_rows import TableRows

Opener = Callable[[Any, Mapping[str, str], Mapping[str, str]], StepSource]
"""Given a location, the columns that the user named by word, and options of the format, opens a source."""


def table_opener(kind: type[Table] | type[Columnar], *, joins_files: bool, with_target: bool = True) -> Opener:
    """Returns a function that opens tables of a format.

    Args:
        kind: the class of the table.
        joins_files: whether a pattern may name several files, which have sequences of their own.
        with_target: whether targets are read.
    """

    def opened(location: Any, given: Mapping[str, str], reading: Mapping[str, str]) -> StepTable:
        return StepTable(_opened(kind, joins_files, location, reading), given, with_target=with_target)

    return opened


def _opened(
    kind: type[Table] | type[Columnar], joins_files: bool, location: Any, reading: Mapping[str, str]
) -> RowSource:
    formats = {name: text for name, text in reading.items() if name not in RECORDING_OPTIONS}
    return open_source(kind, joins_files, location, STEP_TASKS, {}, words=(), **{"encoding": "", **formats})


def recordings_in(
    kind: type[Table] | type[Columnar], location: Any, given: Mapping[str, str], reading: Mapping[str, str]
) -> RecordingTable:
    """Opens a table of recordings to predict.

    Args:
        kind: the class of the table.
        location: the path, or data in memory.
        given: for each word of the option `columns`, the column that the user named.
        reading: options of the format.

    Raises:
        DataError: there is no column with paths of recordings, or not that which was named.
    """
    table = _opened(kind, False, location, reading)
    if "input" in given:
        rows = TableRows(table)
        return RecordingTable(rows, find_column(given["input"], rows.present, rows.path), "")
    found = recording_table(table, given, with_target=False)
    if found is None:
        raise _no_recordings(table.named()[0], "Name the column: --columns input=NAME")
    return found


def _no_recordings(path: Any, advice: str) -> DataError:
    return DataError(f"{path} has no column with paths of recordings. {advice}.")


def recordings_opener(
    kind: type[Table] | type[Columnar],
    joins_files: bool,
    location: Any,
    options: Mapping[str, Any],
    config: RunConfig | None,
) -> Opener | None:
    """Returns a function that opens tables with paths of recordings, or `None` if the table has none."""
    if isinstance(location, str) and is_pattern(location):
        return None

    def table_of(location: Any, given: Mapping[str, str], reading: Mapping[str, str]) -> RecordingTable | None:
        return recording_table(_opened(kind, joins_files, location, reading), given)

    recorded = config.dataset.recorded if config else None
    given = parse_columns(str(options.get("columns") or ""), WORDS) or (dict(recorded.columns) if recorded else {})
    main = kind.divided(location).get("train", location)
    if {"id", "order"} & given.keys() or not table_of(main, given, {"encoding": str(options.get("encoding") or "")}):
        return None

    def opened(location: Any, given: Mapping[str, str], reading: Mapping[str, str]) -> StepArrays:
        found = table_of(location, given, reading)
        if found is None:
            raise _no_recordings(location, "Name a table like that of the training")
        named = {"input": found.input, target_word(given) or "target": found.target}
        return StepArrays(TableRecorded, found, named, rates=rates_in(reading))

    return opened


RECORDING_OPTIONS = frozenset(read_options(recording_options))


def rates_in(reading: Mapping[str, str]) -> dict[str, int]:
    """Returns the sample rates among the options of a format."""
    return {name: int(reading.get(name) or 0) for name in ("sampling_rate", "sample_rate")}
