"""The kinds of entries in the registry, with their attributes. Imports no framework."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from keras_rnn_zoo.entries.catalog import Entry, are_names, normalize_name
from keras_rnn_zoo.entries.files import TaskFiles
from keras_rnn_zoo.options import Option, check_options


@dataclass(frozen=True)
class Architecture(Entry):
    """A build function from options to an uncompiled `keras.Model`.

    Attributes:
        tasks: the tasks that it supports.
        default_dataset: the embedded dataset that it is trained on by default.
        alias_datasets: for aliases that name a purpose, such as `"speech"`, the dataset that it is trained on by
            default if it is called by that alias.
        frames: for transcription, a function that returns the number of frames in the model's output, given the number
            of input steps and, by keyword, the kind of input and the options of model and reader; `None` if unknown.
    """

    tasks: tuple[str, ...] = ()
    default_dataset: str = ""
    alias_datasets: Mapping[str, str] = field(default_factory=dict)
    frames: Callable[..., int] | None = None

    def check(self) -> None:
        super().check()
        if not (are_names(self.tasks) and self.tasks and "input" in self.options and self.options["input"].choices):
            raise TypeError(f"The architecture {self.name!r} needs `tasks` and an option `input` with its choices.")
        if not isinstance(self.alias_datasets, Mapping) or self.alias_datasets.keys() - set(self.aliases):
            raise TypeError(
                f"The `alias_datasets` of {self.name!r} must be a dict from some of its aliases to names of datasets; "
                f"received {self.alias_datasets!r}."
            )

    @property
    def listed_aliases(self) -> str:
        """The aliases in words, each with the dataset that belongs to it, if any."""
        datasets = self.alias_datasets
        return ", ".join(
            f"{alias} (trains on {datasets[alias]})" if alias in datasets else alias for alias in self.aliases
        )

    def alias_dataset(self, name: str) -> str:
        """Returns the name of the dataset that belongs to a name of the architecture, or "" for its usual default."""
        return {normalize_name(alias): dataset for alias, dataset in self.alias_datasets.items()}.get(
            normalize_name(name), ""
        )


@dataclass(frozen=True)
class Cell(Entry):
    """A function that returns the class of a recurrent Keras layer, so that Keras is loaded only when it is called.

    The class is a subclass of `keras.layers.RNN`, registered with `keras.saving.register_keras_serializable`. Its
    arguments are the number of `units`, which is the number of output features, and those of `keras.layers.RNN`. A
    function with options returns a `functools.partial` of the class with these arguments. Each state of its cell is a
    vector for each row, and zero before the first step.

    Attributes:
        states: the names of the states of the layer's cell, such as `("h", "c")`.
        bridged: the names of the states that a decoder starts from what was encoded; by default, all of them. The
            others, such as the last inputs of a convolution, start as zero.
        gates: a function from a Keras cell, its inputs `(rows, features)` and the list of its states before the step to
            its gates by name, each `(rows, units)`, in `keras.ops`; `None` if the cell has none, or they are unknown.
    """

    states: tuple[str, ...] = ("h",)
    bridged: tuple[str, ...] = ()
    gates: Callable[[Any, Any, Any], dict[str, Any]] | None = None

    def check(self) -> None:
        super().check()
        if not (are_names(self.states) and are_names(self.bridged) and {*self.bridged} <= {*self.states}):
            raise TypeError(
                f"The cell {self.name!r} needs `states`, a tuple of names, and `bridged`, some of them; received "
                f"{self.states!r} and {self.bridged!r}."
            )

    def bridged_sizes(self, sizes: Sequence[int]) -> list[int]:
        """Returns the sizes of a cell's states, with 0 for those that a decoder starts as zero."""
        if not self.bridged:
            return list(sizes)
        return [size if name in self.bridged else 0 for name, size in zip(self.states, sizes, strict=True)]

    @cached_property
    def layer(self) -> Any:
        """The class of the layer, or a `functools.partial` of it."""
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

    The options of the dataset, such as the length of its sequences, are the keyword-only parameters of its function.

    Attributes:
        task: the task that its examples are for.
        source: `"embedded"`, `"tfds"` for a dataset that TensorFlow Datasets downloads and prepares, or `"files"`.
        location: path of the prepared files of a TFDS dataset within its data directory.
        size: number of examples in each split, in words.
        license: terms of use of the data, in words.
        license_id: their identifier on the Hugging Face Hub, such as `"cc-by-4.0"`; `"other"` if it has none.
        terms: the address of the page that states them; "" if there is none.
        not_shipped: why networks trained on the data are not passed on; "" if they may be.
        model_options: options of the model that follow from this dataset before it is read; `build` uses them.
        defaults: training settings and options that suit this dataset better than the general defaults.
        checks_examples: whether `make` takes, after the seed, the argument `fault_of` of `open`.
    """

    task: str = ""
    source: Literal["embedded", "tfds", "files"] = "embedded"
    location: str = ""
    size: str = ""
    license: str = ""
    license_id: str = "other"
    terms: str = ""
    not_shipped: str = ""
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
                raise TypeError(
                    f"The default of {name!r} of the dataset {self.name!r} must be a plain value; received {value!r}."
                )

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
            data_dir: the folder of prepared TFDS datasets; `None` for the default folder.
            seed: seed of the splits, if they are drawn at random.
            options: values of its options.
            fault_of: given the raw input and the target of an example of a user's files, returns why it cannot be
                learned from, or "".

        Returns:
            A `keras_rnn_zoo.datasets.examples.Examples`.

        Raises:
            OptionError: an option is unknown, or its value is invalid.
            DataError: the data cannot be read.
        """
        checked = check_options(self.options, options, f"the dataset {self.name}")
        return self.make(data_dir, seed, *([fault_of] if self.checks_examples else []), **checked)

    @property
    def embedded(self) -> bool:
        """Whether the dataset is generated, without network or files."""
        return self.source == "embedded"

    @property
    def by_address(self) -> bool:
        """Whether the dataset is named by an address, such as `csv:FILE`, rather than by a registered name."""
        return ":" in self.name


@dataclass(frozen=True)
class Task(Entry):
    """A subclass of `keras_rnn_zoo.tasks.task.Task`.

    Attributes:
        outputs: for each output of the exported default endpoint, its meaning, dtype and shape.
        inputs: the same for inputs of the task in addition to those of its reader.
        readers: the reader for each kind of input, if it is not the reader with the name of the kind.
        files: how files hold its examples; `None` if a user's own files cannot be used for this task.
        pipeline_tags: for each kind of input, the Hugging Face Hub's name of the task, if it has one.
        main_metric: the metric that lists show; "" for the first one that is not the loss.
    """

    outputs: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    readers: Mapping[str, str] = field(default_factory=dict)
    files: TaskFiles | None = None
    pipeline_tags: Mapping[str, str] = field(default_factory=dict)
    main_metric: str = ""

    @property
    def prediction_options(self) -> Mapping[str, Option]:
        """The options of prediction, such as the temperature of a language model."""
        options: Mapping[str, Option] = self.make.prediction_options  # type: ignore[attr-defined]
        return options

    @property
    def monitor(self) -> str:
        """The column of `history.csv` that determines the best epoch."""
        return str(self.make.monitor)  # type: ignore[attr-defined]

    @property
    def monitor_mode(self) -> str:
        """`"min"` or `"max"`: whether lower or higher values of it are better."""
        return str(self.make.monitor_mode)  # type: ignore[attr-defined]

    @property
    def smooths_labels(self) -> bool:
        """Whether the task has a loss with smoothed labels."""
        return bool(self.make.smooths_labels)  # type: ignore[attr-defined]

    @property
    def target_per_example(self) -> bool:
        """Whether an example has a single target, a class or a number, rather than a sequence."""
        return bool(self.make.target_per_example)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Reader(Entry):
    """A subclass of `keras_rnn_zoo.readers.reader.Reader`.

    Attributes:
        inputs: for each input of an exported endpoint, its meaning, dtype and shape.
        columns: usual names of columns with such inputs, separated by spaces, most likely first.
        by_path: whether an input on the command line is the path of a file.
        example: an example of an input for suggested command lines.
    """

    inputs: Mapping[str, str] = field(default_factory=dict)
    columns: str = ""
    by_path: bool = False
    example: str = '"..."'


@dataclass(frozen=True)
class ExportFormat(Entry):
    """A subclass of `keras_rnn_zoo.exporting.exporter.Exporter`.

    Attributes:
        file: the file with the model; "" if the format has a folder of files.
        needs: the packages that it imports.
        install: the argument of `pip install` if a package is missing; by default, the packages.
        unsupported: for each kind of input whose models cannot be exported in this format, the reason.
        quantizes: whether weights can be quantized to 8 bits.
        streams: whether it has streaming exports, which read inputs in parts.
        served: whether versions are written to the run's folder itself, where TensorFlow Serving looks for them.
    """

    file: str = ""
    needs: tuple[str, ...] = ()
    install: str = ""
    unsupported: Mapping[str, str] = field(default_factory=dict)
    quantizes: bool = False
    streams: bool = False
    served: bool = False


def _always(subject: Any) -> str:
    return ""


@dataclass(frozen=True)
class Plot(Entry):
    """A function that draws a plot of a run: from a `keras_rnn_zoo.plotting.subject.Subject` to a Matplotlib figure.

    Attributes:
        fault: a function from the same to the reason why the run has no such plot, as the end of a sentence: "it has no
            attention"; "" if it has one. It may look at the run and its model, and computes nothing.
        shows_inputs: whether the plot shows an input or an example. Such plots are not shared with a run.
    """

    fault: Callable[[Any], str] = _always
    shows_inputs: bool = False
