"""Files to predict: iterates over their inputs, and writes predictions next to them.

Each format's entry, in `keras_rnn_zoo.user_data.formats` or a plugin, defines how to open it for prediction.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import ExportConfig, RunConfig
from keras_rnn_zoo.atomic_files import user_path
from keras_rnn_zoo.entries.addresses import ending_of
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.user_data.columns import JOINT, parse_columns, words_of
from keras_rnn_zoo.user_data.joined_files import is_pattern, matching_files
from keras_rnn_zoo.user_data.prediction_outputs import Prediction, step_predictions
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.step_columns import STEP_TASKS
from keras_rnn_zoo.user_data.textfile import Mark, likely_encoding
from keras_rnn_zoo.user_data.time_columns import TASK


class InputRecord(NamedTuple):
    """An input for `predict`, and the record of the file that contains it.

    Attributes:
        input: the input; `None` for a record without input, such as a comment between sentences.
        record: what the writer of predictions needs of the record, such as its fields or lines.
    """

    input: Any
    record: Any


Writer = Callable[[InputRecord, Prediction], None]


class InputFile(NamedTuple):
    """A file or folder of inputs.

    Attributes:
        path: the file or folder.
        inputs: returns an iterator over the inputs and the rows that cannot be read.
        writer: given an output file, returns a function that writes a record and its prediction in the format of the
            input; the prediction is empty for records without input. `None` if the format is not text, and its entry
            in the registry writes such files.
        flat: whether `writer` writes predictions as table cells, as returned by `prediction_outputs.flat`.
        cells: returns the values of a record by the name of their column, for output in other formats; `None` if a
            record has only its input.
        schema: the `pyarrow.Schema` of the columns, if they have one.
        format: name of the file format.
        rows: returns the rows of a record and its prediction, as values by the name of their column and what is
            predicted for each, for output in other formats; `None` if each record is one row, that of `cells`.
        marked: yields the same as `inputs` from a mark on, or from the first row, each with the mark of its end; `None`
            if the file can only be read from its start.
    """

    path: str
    inputs: Callable[[], Iterator[InputRecord | BadRow]]
    writer: Callable[[IO[str]], Writer] | None = None
    flat: bool = False
    cells: Callable[[InputRecord], Mapping[str, Any]] | None = None
    schema: Any = None
    format: str = ""
    rows: Callable[[InputRecord, Prediction], Iterator[tuple[Mapping[str, Any], Prediction]]] | None = None
    marked: Callable[[Mark | None], Iterator[tuple[InputRecord | BadRow, Mark]]] | None = None


class TrainedOn(NamedTuple):
    """What a run was trained on, as far as it determines how new files are read.

    Attributes:
        task: name of its task.
        input: its kind of input.
        format: the file format of its dataset; "" for registered datasets.
        columns: the column for each word of the option `columns`.
        options: the options of its dataset.
        task_options: the options of its task.
        frequency: the step of the series, as `Frequency.parse` reads it; "" if there are none. It ends in `COUNT` if
            the times are a count of steps.
        classes: the classes, in the order of their indices.
    """

    task: str
    input: str
    format: str
    columns: Mapping[str, str]
    options: Mapping[str, Any]
    task_options: Mapping[str, Any] = {}
    frequency: str = ""
    classes: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The word by which the option `columns` names the input column."""
        return words_of(self.task, self.input)[0]

    def encoding_of(self, location: str, encoding: str) -> str:
        """Returns the encoding of a file: `encoding`, or else the most likely one, that of the first of a pattern."""
        if not encoding and is_pattern(location):
            location = str(matching_files(location)[0])
        return encoding or likely_encoding(location, str(self.options.get("encoding", "")))

    def column_given(self, columns: str) -> str:
        """Returns the input column that the option `columns` names, or ""."""
        # The option may also name the target column, as in training. It is ignored.
        return parse_columns(columns, words_of(self.task, self.input)).get(self.source, "")

    def known_column(self, column_names: str) -> tuple[str, bool]:
        """Returns the input column in training, and whether a file to predict must have it.

        Args:
            column_names: the naming scheme of the file's columns, as in `FileFormat`; names of other schemes do not
                apply.
        """
        entries = [entry for entry in registry.file_formats.entries() if entry.name == self.format]
        column = self.columns.get(self.source, "")
        same = [entry for entry in entries if entry.column_names == column_names]
        return (column if same or not entries else "", any(entry.predict for entry in same))


def trained_on(config: RunConfig | ExportConfig) -> TrainedOn:
    """Returns what a run was trained on, given its description, or that of an export, which names no columns."""
    format, colon, _ = config.dataset.name.partition(":")
    data = config.dataset if isinstance(config, RunConfig) else None
    recorded = data.recorded if data else None
    return TrainedOn(
        config.task.name,
        config.task.input,
        format if colon else "",
        recorded.columns if recorded else {},
        data.options if data else {},
        config.task.options,
        recorded.frequency if recorded else "",
        config.task.classes,
    )


def open_inputs(
    address: str,
    config: RunConfig | ExportConfig,
    columns: str = "",
    encoding: str = "",
    separator: str = "",
    **more: str,
) -> InputFile:
    """Opens the files that a run is to predict.

    Args:
        address: the path, whose extension determines the format, or an address.
        config: the description of the run, or of an export.
        columns: which column holds the input, such as `text=review`; by default, the one that training read.
        encoding: the encoding of texts; "" for that of a byte order mark, or else UTF-8 or the encoding in training.
        separator: the separator of columns in a table; "" for the one in training, or a detected one.
        **more: options of single formats, such as the `sheet` of a workbook.

    Raises:
        OptionError: the format does not have an option that is set.
        DataError: the files do not exist, or their format does not support the run's kind of input.
    """
    trained = trained_on(config)
    prefix, colon, location = address.partition(":")
    if not colon or prefix not in registry.file_formats.names():
        prefix, location = _format_of(address, trained.input), address
    entry = registry.file_formats.get(prefix)
    options = {"columns": columns, "encoding": encoding, "separator": separator, **more}
    options = {name: value for name, value in options.items() if value}
    predict = opener_of(entry, trained)
    for name in options:
        if name not in entry.reading_options:
            others = [other.name for other in registry.file_formats.entries() if name in other.reading_options]
            raise OptionError(
                f"Option {name!r} applies only to {' and '.join(others)} files; received {address!r}. Omit the option."
            )
    if predict is None:
        raise unsupported_format(address, trained)
    if entry.joins_files and is_pattern(location) and trained.task != TASK:  # Series may go on in the next file.
        opened = _joined(location, [predict(str(path), trained, **options) for path in matching_files(location)])
    else:
        opened = predict(location, trained, **options)
    cells = opened.cells or (lambda record: {trained.source: record.input})
    opened = opened._replace(format=entry.name, cells=cells)
    return in_steps(opened, trained) if trained.task in STEP_TASKS else opened


def opener_of(entry: registry.FileFormat, trained: TrainedOn) -> Callable[..., InputFile] | None:
    """Returns the function that opens files in a format for prediction; `None` if it does not hold a run's inputs."""
    if trained.task in STEP_TASKS and entry.predict_steps:
        return entry.predict_steps
    return entry.predict if trained.input in entry.inputs else None


def in_steps(opened: InputFile, trained: TrainedOn) -> InputFile:
    """Returns a file whose predictions are written in rows, one for each step.

    Args:
        opened: the file. The record of an input from a table is a list of the rows of its steps.
        trained: what the run was trained on.
    """

    def rows(record: InputRecord, prediction: Prediction) -> Iterator[tuple[Mapping[str, Any], Prediction]]:
        of_steps = step_predictions(prediction, trained.classes, _target_names(trained))
        table_rows = record.record[1].record if isinstance(record.record, tuple) else record.record
        if isinstance(table_rows, list):  # Steps beyond the maximum length have no prediction.
            yield from itertools.zip_longest(table_rows, of_steps[: len(table_rows)], fillvalue={})
            return
        assert opened.cells is not None  # `open_inputs` saw to it.
        cells = opened.cells(record)
        for step, of_step in enumerate(of_steps):
            yield {**cells, "step": step}, of_step

    return opened._replace(rows=rows, writer=None)


def _target_names(trained: TrainedOn) -> Sequence[str]:
    """Returns the names of the targets of a run that predicts numbers at each step."""
    names = str(trained.task_options.get("target_names") or "")
    if names:
        return names.split(JOINT)
    return [trained.columns.get("target", "value")] if trained.format not in ("npz", "") else ["value"]


def _joined(location: str, files: list[InputFile]) -> InputFile:
    """Returns several files as one, with a row for each of their rows."""

    def inputs() -> Iterator[InputRecord | BadRow]:
        for file in files:
            name = Path(file.path).name
            for row in file.inputs():
                if isinstance(row, BadRow):
                    yield row._replace(where=f"{name} {row.where}")
                else:
                    yield row._replace(record=(file, row))

    def cells(record: InputRecord) -> Mapping[str, Any]:
        file, row = record.record
        found: Mapping[str, Any] = file.cells(row)
        return found

    def rows(record: InputRecord, prediction: Prediction) -> Iterator[tuple[Mapping[str, Any], Prediction]]:
        file, row = record.record
        found: Iterator[tuple[Mapping[str, Any], Prediction]] = file.rows(row, prediction)
        return found

    rows_of = rows if files[0].rows else None
    return InputFile(location, inputs, None, cells=cells, schema=files[0].schema, rows=rows_of)


def unsupported_format(address: str, trained: TrainedOn) -> DataError:
    """Returns the error for files whose format does not support the inputs of a run."""
    formats = [
        f"{entry.name}:{'DIR' if entry.folder else 'FILE'}"
        for entry in registry.file_formats.entries()
        if opener_of(entry, trained)
    ]
    expected = ", ".join(formats) or f"each {trained.input} on the command line, or call zoo.predict from Python"
    return DataError(f"The run reads {trained.input}, which the format of {address!r} does not hold. Name {expected}.")


def _format_of(path: str, input: str) -> str:
    """Returns the name of the most likely format of a path."""
    entries = registry.file_formats.entries()
    if user_path(path).is_dir():
        names = [entry.name for entry in entries if entry.folder and input in entry.inputs]
        names = names or [entry.name for entry in entries if entry.predict and not entry.folder]
    else:
        ending = ending_of(path)
        names = [entry.name for entry in entries if ending in entry.endings]
    if not names:
        raise DataError(
            f"The file format of {path!r} is unknown from its extension. Name the format, as in csv:{path} or "
            f"text:{path}."
        )
    return names[0]
