"""Files to predict: their inputs, one after another, and how predictions are written next to them.

How a format is opened for prediction is part of its entry, in `keras_rnn_zoo.user_data.formats` or a plugin.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.atomic_files import user_path
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.user_data.columns import parse_columns, words_of
from keras_rnn_zoo.user_data.prediction_outputs import Prediction
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.textfile import likely_encoding


class InputRecord(NamedTuple):
    """One input as `predict` takes it, and what stands beside it in the file.

    Where the file holds no input, such as a comment between sentences, `input` is `None`.
    """

    input: Any
    beside: Any


Writer = Callable[[InputRecord, Prediction], None]


class InputFile(NamedTuple):
    """A file or folder of inputs.

    Attributes:
        path: the file or folder.
        inputs: gives the inputs, or what is wrong with one.
        writer: given a file, returns a function that writes an input with its prediction, as `predict` gives it; of
            what is no input the prediction is empty.
    """

    path: str
    inputs: Callable[[], Iterator[InputRecord | BadRow]]
    writer: Callable[[IO[str]], Writer]


class TrainedOn(NamedTuple):
    """What a run was trained on, as far as that says how new files are read.

    Attributes:
        task: the name of its task.
        input: its kind of input.
        format: the file format of its data set; "" where that was no file.
        columns: the column of each word.
        options: the options of its data set.
    """

    task: str
    input: str
    format: str
    columns: Mapping[str, str]
    options: Mapping[str, Any]

    @property
    def source(self) -> str:
        """The word for the column of the input."""
        return words_of(self.task, self.input)[0]

    def encoding_of(self, place: str, encoding: str) -> str:
        """Returns the encoding of a file: the one named, if any, else the likely one."""
        return encoding or likely_encoding(place, str(self.options.get("encoding", "")))

    def column_given(self, columns: str) -> str:
        """Returns the column of the input that the option `columns` names, or ""."""
        # The column of the target may be named as it was in training; nothing reads it.
        return parse_columns(columns, words_of(self.task, self.input)).get(self.source, "")

    def known_column(self, column_names: str) -> tuple[str, bool]:
        """Returns the column of the input in training, and whether a file to predict must have it.

        Args:
            column_names: what the names of the file's columns mean, as of `FileFormat`; others mean nothing there.
        """
        entries = [entry for entry in registry.file_formats.entries() if entry.name == self.format]
        column = self.columns.get(self.source, "")
        same = [entry for entry in entries if entry.column_names == column_names]
        return (column if same or not entries else "", any(entry.predict for entry in same))


def open_inputs(
    address: str, config: RunConfig, columns: str = "", encoding: str = "", separator: str = ""
) -> InputFile:
    """Opens the files that a run is to predict.

    Args:
        address: the path, whose ending tells the format, or an address.
        config: the description of the run.
        columns: which column holds the input, such as `text=review`; by default the one that training read.
        encoding: the encoding of texts; "" for what a byte order mark tells, else for UTF-8 or the encoding that
            training read.
        separator: what separates the columns of a table; "" for what training was told, or what is found.

    Raises:
        OptionError: an option is given that the format does not have.
        DataError: the files are not there, or not of a format that the run's kind of input has.
    """
    data = config.dataset
    format, colon, _ = data.name.partition(":")
    columns_read = data.recorded.columns if data.recorded else {}
    trained = TrainedOn(config.task.name, config.task.input, format if colon else "", columns_read, data.options)
    prefix, colon, place = address.partition(":")
    if not colon or prefix not in registry.file_formats.names():
        prefix, place = _format_of(address, trained.input), address
    entry = registry.file_formats.get(prefix)
    given = {"columns": columns, "encoding": encoding, "separator": separator}
    chosen = {name: value for name, value in given.items() if value}
    for name in chosen:
        if name not in _options_of(entry):
            others = [other.name for other in registry.file_formats.entries() if name in _options_of(other)]
            raise OptionError(
                f"Option {name!r} goes with {' and '.join(others)} files; {address!r} is none. Leave it out."
            )
    if entry.predict is None or trained.input not in entry.inputs:
        raise unfit(address, trained)
    opened: InputFile = entry.predict(place, trained, **chosen)
    return opened


def unfit(address: str, trained: TrainedOn) -> DataError:
    """Returns the error for files whose format cannot hold the inputs of a run."""
    fitting = [
        f"{entry.name}:{'DIR' if entry.folder else 'FILE'}"
        for entry in registry.file_formats.entries()
        if entry.predict and trained.input in entry.inputs
    ]
    wanted = ", ".join(fitting) or f"each {trained.input} on the command line instead, or call zoo.predict from Python"
    return DataError(f"The run reads {trained.input}; {address!r} is of no form with that. Name {wanted}.")


def _options_of(entry: registry.FileFormat) -> list[str]:
    """Returns the options that predicting files in a format takes."""
    parameters = inspect.signature(entry.predict).parameters.values() if entry.predict else ()
    return [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]


def _format_of(path: str, input: str) -> str:
    """Returns the name of the format that a path is most likely in."""
    entries = registry.file_formats.entries()
    if user_path(path).is_dir():
        named = [entry.name for entry in entries if entry.folder and input in entry.inputs]
        named = named or [entry.name for entry in entries if entry.predict and not entry.folder]
    else:
        ending = path.casefold().removesuffix(".gz").rpartition(".")[2]
        named = [entry.name for entry in entries if ending in entry.endings]
    if not named:
        raise DataError(f"The ending of {path!r} tells no form. Name it, such as csv:{path} or text:{path}.")
    return named[0]
