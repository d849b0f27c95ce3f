"""How a user's files hold the examples of a task, and in which formats. Imports no framework."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from keras_rnn_zoo.entries.catalog import Entry


@dataclass(frozen=True)
class TaskFiles:
    """How a user's files hold the examples of a task.

    Attributes:
        target: the word by which the option `columns` names the target column, such as "label"; "" if the input is its
            own target.
        source: the word for the input column; "" for the kind of input, such as "text".
        columns: for each word, the usual names of its column, separated by spaces, most likely first.
        check: given a target in a file and the known classes (`keras_rnn_zoo.user_data.labels.KnownClasses`), returns
            the converted target and its fault, or ""; by default, checks that a text is not empty.
        dtype: TensorFlow's name of the dtype of targets.
        classes: "one" if a target is the name of a class, "several" if it consists of names of classes separated by
            spaces, else "".
        references: whether an input may have several targets, in a list.
        table: the file with the targets of the files in a folder.
        formats: file formats that support the task, in addition to those that name it.
        text_defaults: given some texts and their targets, returns settings and options that suit such texts.
        joins: the words for which several columns may be named, joined by +.
        few_files: settings and options that suit a folder with few files, by kind of input.
    """

    target: str = ""
    source: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Any, Any], tuple[Any, str]] | None = None
    dtype: str = "string"
    classes: Literal["", "one", "several"] = ""
    references: bool = False
    table: str = "labels.csv"
    formats: tuple[str, ...] = ()
    text_defaults: Callable[[Sequence[str], Sequence[str]], dict[str, Any]] | None = None
    joins: tuple[str, ...] = ()
    few_files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def file_in_folder(location: str, folder: str) -> str:
    """Returns the path of a file that has moved to another folder."""
    return str(Path(folder) / Path(location.strip()).name)


@dataclass(frozen=True)
class FileFormat(Entry):
    """A format of a user's files: a function from an address to a `Dataset`.

    It is called with the location (the address without the format's name), the possible tasks, the user's options and
    the `RunConfig` of a run that was trained on these files, or `None`; see `keras_rnn_zoo.user_data.dataset`.

    Attributes:
        tasks: the tasks that its examples can be for.
        address: a pattern of its addresses, such as `"csv:FILE"`.
        endings: the extensions of files in this format, without a dot.
        folder: whether the location is a folder.
        joins_files: whether a pattern such as `part-*.csv` may name several files with the same columns.
        inputs: the kinds of input whose runs can predict such files.
        column_names: the naming scheme of columns, such as "table". In formats with the same scheme, a run reads the
            column with the name of the one that it was trained on.
        predict: opens such files for prediction, without targets, and defines how predictions are written next to the
            inputs; `None` if `zoo predict --input` does not support the format. It is called with the location and what
            the run was trained on (`keras_rnn_zoo.user_data.prediction_inputs.TrainedOn`), and returns an `InputFile`.
            Its keyword-only parameters are those of `columns`, `encoding` and `separator` that the format supports,
            and options of its own.
        predict_steps: the same for runs that predict every step, if the format holds a step in each row; by default,
            `predict`.
        write: a subclass of `keras_rnn_zoo.user_data.prediction_outputs.PredictionFile`, which writes inputs of any
            format and their predictions in this format; `None` if only such files themselves can be written so.
        unclear_endings: extensions that files in this format may have, but that leave open which format it is.
        move: given a location and a folder, returns the location of the same files after they have moved there; `None`
            if a location does not name files.
    """

    tasks: tuple[str, ...] = ()
    address: str = ""
    endings: tuple[str, ...] = ()
    folder: bool = False
    joins_files: bool = False
    inputs: tuple[str, ...] = ()
    column_names: str = ""
    predict: Callable[..., Any] | None = None
    predict_steps: Callable[..., Any] | None = None
    write: type[Any] | None = None
    unclear_endings: tuple[str, ...] = ()
    move: Callable[[str, str], str] | None = file_in_folder

    @cached_property
    def reading_options(self) -> tuple[str, ...]:
        """The names of the options with which such files are read for prediction."""
        parameters = inspect.signature(self.predict).parameters.values() if self.predict else ()
        return tuple(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)
