"""What is known of each kind of entry before it is made. Imports no framework."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from keras_rnn_zoo.catalog import Entry, are_names
from keras_rnn_zoo.options import Option, check_options


@dataclass(frozen=True)
class Architecture(Entry):
    """A build function: options in, an uncompiled `keras.Model` out.

    Attributes:
        tasks: the tasks that it can do.
        default_dataset: the embedded dataset that it is trained on when none is named.
        frames: for transcription, given the steps of an input and, by keyword, its kind and the options of the model
            and of its reader, returns the number of frames that the model's output has; `None` where it is not known.
    """

    tasks: tuple[str, ...] = ()
    default_dataset: str = ""
    frames: Callable[..., int] | None = None

    def check(self) -> None:
        super().check()
        if not (are_names(self.tasks) and self.tasks and "input" in self.options and self.options["input"].choices):
            raise TypeError(f"The architecture {self.name!r} needs `tasks` and an option `input` with its choices.")


@dataclass(frozen=True)
class Cell(Entry):
    """A function that returns the class of a recurrent Keras layer, loading Keras only then.

    The class is a `keras.layers.RNN`, registered by `keras.saving.register_keras_serializable`. It is made with the
    number of `units`, which are the features of its output, and with the further arguments of `keras.layers.RNN`.
    """

    @cached_property
    def layer(self) -> Any:
        """The class of the layer."""
        return self.make()


@dataclass(frozen=True)
class Command(Entry):
    """A command of the `zoo` program that a plugin adds; its function is the callback of a Click command.

    Attributes:
        command: the `click.Command`.
    """

    command: Any = None

    def check(self) -> None:
        if not self.summary:
            raise TypeError(f"The command {self.name!r} needs a docstring, whose first line zoo --help shows.")


@dataclass(frozen=True)
class Dataset(Entry):
    """A function that opens a dataset; see `keras_rnn_zoo.datasets.examples`.

    Attributes:
        task: the task that its examples are for.
        source: `"embedded"`, `"tfds"` for a dataset that TensorFlow Datasets downloads and prepares, or `"files"`.
        location: where the prepared files of a TFDS dataset lie within its data directory.
        size: number of examples in each split, in words.
        license: terms of use of the data.
        model_options: options that a model takes from this dataset before any of it was read; `build` uses them.
        defaults: training settings and options that suit this dataset better than the general ones.
        checks_examples: whether `make` takes, after the seed, a function that returns why an example cannot be learned
            from; see `open`.

    Its own options, such as the length of its sequences, are the keyword-only parameters of its function.
    """

    task: str = ""
    source: Literal["embedded", "tfds", "files"] = "embedded"
    location: str = ""
    size: str = ""
    license: str = ""
    model_options: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    checks_examples: bool = False

    def check(self) -> None:
        super().check()
        mappings = all(isinstance(facts, Mapping) for facts in (self.model_options, self.defaults))
        if not (self.task and mappings and isinstance(self.model_options.get("input"), str)):
            raise TypeError(
                f"The dataset {self.name!r} needs a `task`, and `model_options` with the kind of its `input`."
            )
        for name, value in self.defaults.items():
            if not isinstance(value, bool | int | float | str):
                raise TypeError(f"The default of {name!r} of the dataset {self.name!r} is {value!r}, no plain value.")

    def default_of(self, option: Option) -> Any:
        """Returns the default of an option or a setting for this dataset."""
        return self.defaults.get(option.name, option.default)

    def open(
        self,
        data_dir: str | None,
        seed: int,
        options: Mapping[str, Any],
        fault_of: Callable[[Any, Any], str] | None = None,
    ) -> Any:
        """Opens the dataset.

        Args:
            data_dir: the folder of prepared TFDS datasets; `None` for the default one.
            seed: seed of the splits that the dataset draws.
            options: values of its options.
            fault_of: given the raw input and the target of an example of a user's files, returns why it cannot be
                learned from, or "".

        Returns:
            A `keras_rnn_zoo.datasets.examples.Examples`.

        Raises:
            OptionError: an unknown option, or an invalid value.
            DataError: the data cannot be read.
        """
        checked = check_options(self.options, options, f"the dataset {self.name}")
        return self.make(data_dir, seed, *([fault_of] if self.checks_examples else []), **checked)

    @property
    def embedded(self) -> bool:
        """Whether the dataset is made on the spot, without network or files."""
        return self.source == "embedded"

    @property
    def by_address(self) -> bool:
        """Whether the dataset was named by an address, such as `csv:FILE`, rather than registered under a name."""
        return ":" in self.name


@dataclass(frozen=True)
class TaskFiles:
    """How the examples of a task stand in files that users bring.

    Attributes:
        target: the word for the column of the target, such as "label"; "" where the input is its own target.
        source: the word for the column of the input; its kind, such as "text", where it is "".
        columns: the names that the column for a word usually has, most likely first, with spaces between, by word.
        check: given a target as it stands in a file and the classes known (`keras_rnn_zoo.user_data.labels.Known`),
            returns the target and what is wrong with it, or ""; a text that is not empty by default.
        dtype: TensorFlow's name for the type of a target, as the task takes it.
        classes: "one" where a target is the name of a class, "several" where it is names of classes with spaces
            between; "" where it is none.
        references: whether an input may have several targets, which are a list then.
        table: the file that gives the targets of the files in a folder.
        formats: further file formats that serve the task, besides those that name it themselves.
        text_defaults: given some texts and their targets, returns the settings and options that suit such texts.
        few_files: settings and options that suit a folder of a few thousand files, by the kind of input.
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
    few_files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Task(Entry):
    """A subclass of `keras_rnn_zoo.tasks.task.Task`.

    Attributes:
        outputs: for each output of the exported default endpoint, its meaning, dtype and shape.
        inputs: the same for inputs that the task takes beside those of its reader.
        readers: the reader of each kind of input, where it is another than the one named as the kind.
        files: how its examples stand in files; `None` where files of a user's own cannot be for this task.
    """

    outputs: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    readers: Mapping[str, str] = field(default_factory=dict)
    files: TaskFiles | None = None

    @property
    def prediction_options(self) -> Mapping[str, Option]:
        """The options that an answer of this task takes, such as the temperature of a language model."""
        options: Mapping[str, Option] = self.make.prediction_options  # type: ignore[attr-defined]
        return options


@dataclass(frozen=True)
class Reader(Entry):
    """A subclass of `keras_rnn_zoo.readers.reader.Reader`.

    Attributes:
        inputs: for each input of an exported endpoint, its meaning, dtype and shape.
        columns: the names that a column of such inputs usually has, most likely first, with spaces between.
        by_path: whether an input on a command line is the path of a file.
        example: what stands for an input in a command line that is suggested.
    """

    inputs: Mapping[str, str] = field(default_factory=dict)
    columns: str = ""
    by_path: bool = False
    example: str = '"..."'


@dataclass(frozen=True)
class ExportFormat(Entry):
    """A subclass of `keras_rnn_zoo.exporting.exporter.Exporter`.

    Attributes:
        file: the file with the model; "" where the format has a folder of files.
        needs: the packages that it imports.
        install: what `pip install` is given where one of them is missing; the packages themselves by default.
        unsupported: why models that read a kind of input have no export in this format, by kind.
        quantizes: whether weights can be kept in 8 bits.
        served: whether versions lie in the run's folder itself, where TensorFlow Serving looks for them.
    """

    file: str = ""
    needs: tuple[str, ...] = ()
    install: str = ""
    unsupported: Mapping[str, str] = field(default_factory=dict)
    quantizes: bool = False
    served: bool = False


@dataclass(frozen=True)
class FileFormat(Entry):
    """A form of files that a user brings: a function from an address to a `Dataset`.

    It is called with the place (the address without the form's name), the tasks wanted, the options given and the
    `RunConfig` of a run that was trained on these files, or `None`; see `keras_rnn_zoo.user_data.dataset`.

    Attributes:
        tasks: the tasks that its examples can be for.
        address: what an address looks like, such as `"csv:FILE"`.
        endings: the endings of file names in this form.
        folder: whether its place is a folder.
        inputs: the kinds of input whose runs can predict such files.
        column_names: what the names of columns mean: those of formats with the same word here, such as "table", name
            the same things, so that a run reads the column that it was trained on.
        predict: opens the inputs of such files for prediction, without targets, and says how predictions are written
            next to them; `None` where `zoo predict --input` does not read the format. It is called with the place and
            what the run was trained on (`keras_rnn_zoo.user_data.prediction_inputs.TrainedOn`), and returns an
            `InputFile`; of `columns`, `encoding` and `separator` it takes as keywords those that the format has.
    """

    tasks: tuple[str, ...] = ()
    address: str = ""
    endings: tuple[str, ...] = ()
    folder: bool = False
    inputs: tuple[str, ...] = ()
    column_names: str = ""
    predict: Callable[..., Any] | None = None
