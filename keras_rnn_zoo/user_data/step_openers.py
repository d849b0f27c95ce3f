"""Opens tables with targets for steps: with a row for each step, or with the path of a recording in each row."""

from collections.abc import Callable, Mapping
from typing import Any

from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.options import read_options
from keras_rnn_zoo.user_data.columnar import Columnar
from keras_rnn_zoo.user_data.columns import parse_columns
from keras_rnn_zoo.user_data.joined_files import is_pattern
from keras_rnn_zoo.user_data.recordings import recording_options
from keras_rnn_zoo.user_data.source_files import open_source
from keras_rnn_zoo.user_data.step_arrays import StepArrays
from keras_rnn_zoo.user_data.step_columns import STEP_TASKS, WORDS, target_word
from keras_rnn_zoo.user_data.step_recordings import RecordingTable, TableRecorded, recording_table
from keras_rnn_zoo.user_data.step_sequences import StepSource
from keras_rnn_zoo.user_data.step_table import StepTable
from keras_rnn_zoo.user_data.table import Table

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
        table = open_source(kind, joins_files, location, STEP_TASKS, {}, words=(), **{"encoding": "", **reading})
        return StepTable(table, given, with_target=with_target)

    return opened


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
        formats = {name: text for name, text in reading.items() if name not in RECORDING_OPTIONS}
        table = open_source(kind, joins_files, location, STEP_TASKS, {}, words=(), **{"encoding": "", **formats})
        return recording_table(table, given)

    recorded = config.dataset.recorded if config else None
    given = parse_columns(str(options.get("columns") or ""), WORDS) or (dict(recorded.columns) if recorded else {})
    main = kind.divided(location).get("train", location)
    if {"id", "order"} & given.keys() or not table_of(main, given, {"encoding": str(options.get("encoding") or "")}):
        return None

    def opened(location: Any, given: Mapping[str, str], reading: Mapping[str, str]) -> StepArrays:
        found = table_of(location, given, reading)
        if found is None:
            raise DataError(
                f"{location} has no column with paths of recordings. Name a table like that of the training."
            )
        named = {"input": found.input, target_word(given) or "target": found.target}
        return StepArrays(TableRecorded, found, named, rates=rates_in(reading))

    return opened


RECORDING_OPTIONS = frozenset(read_options(recording_options))


def rates_in(reading: Mapping[str, str]) -> dict[str, int]:
    """Returns the sample rates among the options of a format."""
    return {name: int(reading.get(name) or 0) for name in ("sampling_rate", "sample_rate")}
