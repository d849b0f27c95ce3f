"""The names of the zoo: architectures, datasets and tasks, each found by name or alias.

An entry is a function or class under one of the decorators `architecture`, `dataset` and `task`. Its registered name is
its own name in snake case, its summary is the first line of its docstring, its options are its keyword-only
parameters. Adding an entry is adding one file to `architectures/`, `datasets/` or `tasks/`, which are scanned when a
name is first asked for. Imports no framework.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from keras_rnn_zoo.catalogue import Catalogue, Entry
from keras_rnn_zoo.errors import DataError, UnknownNameError
from keras_rnn_zoo.files import user_path
from keras_rnn_zoo.options import Option


@dataclass(frozen=True)
class Architecture(Entry):
    """A build function: options in, an uncompiled `keras.Model` out.

    Attributes:
        tasks: the tasks that it can do.
        default_dataset: the embedded data set that it is trained on when none is named.
        order: place among the architectures; those without one follow by name.
        frames: for transcription, given the steps of an input and, by keyword, its kind and the options of the model
            and of its reader, returns the number of frames that the model's output has; `None` where it is not known.
    """

    tasks: tuple[str, ...] = ()
    default_dataset: str = ""
    order: float = math.inf
    frames: Callable[..., int] | None = None

    def check(self) -> None:
        super().check()
        if not (self.tasks and "input" in self.options and self.options["input"].choices):
            raise TypeError(f"The architecture {self.name!r} needs `tasks` and an option `input` with its choices.")


@dataclass(frozen=True)
class Dataset(Entry):
    """A function that opens a data set; see `keras_rnn_zoo.datasets.examples`.

    Attributes:
        task: the task that its examples are for.
        source: `"embedded"`, `"tfds"` for a data set that TensorFlow Datasets downloads and prepares, or `"files"`.
        location: where the prepared files of a TFDS data set lie within its data directory.
        size: number of examples in each split, in words.
        licence: terms of use of the data.
        sizes: options that a model takes from this data set before any of it was read; `build` uses them.
        defaults: training settings and options that suit this data set better than the general ones.

    Its own options, such as the length of its sequences, are the keyword-only parameters of its function.
    """

    task: str = ""
    source: Literal["embedded", "tfds", "files"] = "embedded"
    location: str = ""
    size: str = ""
    licence: str = ""
    sizes: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        super().check()
        if not (self.task and self.sizes.get("input")):
            raise TypeError(f"The dataset {self.name!r} needs a `task`, and `sizes` with the kind of its `input`.")

    @property
    def embedded(self) -> bool:
        """Whether the data set is made on the spot, without network or files."""
        return self.source == "embedded"

    @property
    def by_address(self) -> bool:
        """Whether the data set was named by an address, such as `csv:FILE`, rather than registered under a name."""
        return ":" in self.name


@dataclass(frozen=True)
class Task(Entry):
    """A subclass of `keras_rnn_zoo.tasks.task.Task`.

    Attributes:
        outputs: for each output of the exported default endpoint, its meaning, dtype and shape.
        inputs: the same for inputs that the task takes beside those of its reader.
        readers: the reader of each kind of input, where it is another than the one named as the kind.
    """

    outputs: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    readers: Mapping[str, str] = field(default_factory=dict)

    @property
    def answer_options(self) -> Mapping[str, Option]:
        """The options that an answer of this task takes, such as the temperature of a language model."""
        return self.make.answer_options  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Reader(Entry):
    """A subclass of `keras_rnn_zoo.readers.reader.Reader`.

    Attributes:
        inputs: for each input of an exported endpoint, its meaning, dtype and shape.
    """

    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Form(Entry):
    """A form of files that a user brings: a function from an address to a `Dataset`.

    It is called with the place (the address without the form's name), the tasks wanted, the options given and what a
    run knows of it already; see `keras_rnn_zoo.addresses.opening`.

    Attributes:
        tasks: the tasks that its examples can be for.
        address: what an address looks like, such as `"csv:FILE"`.
        endings: the endings of file names in this form.
    """

    tasks: tuple[str, ...] = ()
    address: str = ""
    endings: tuple[str, ...] = ()


architectures: Catalogue[Architecture] = Catalogue("architecture", "keras_rnn_zoo.architectures")
datasets: Catalogue[Dataset] = Catalogue("dataset", "keras_rnn_zoo.datasets")
tasks: Catalogue[Task] = Catalogue("task", "keras_rnn_zoo.tasks")
readers: Catalogue[Reader] = Catalogue("reader", "keras_rnn_zoo.readers")
forms: Catalogue[Form] = Catalogue("form of files", "keras_rnn_zoo.addresses")

F = TypeVar("F", bound=Callable[..., Any])


def architecture(**facts: Any) -> Callable[[F], F]:
    """Registers the decorated build function; arguments as the attributes of `Architecture`."""

    def register(function: F) -> F:
        architectures.add(Architecture(function.__name__, function, **facts))
        return function

    return register


def dataset(**facts: Any) -> Callable[[F], F]:
    """Registers the decorated function that opens a data set; arguments as the attributes of `Dataset`."""

    def register(function: F) -> F:
        datasets.add(Dataset(function.__name__, function, **facts))
        return function

    return register


def task(**facts: Any) -> Callable[[F], F]:
    """Registers the decorated `Task` subclass, `LanguageModelling` as `language_modelling`; arguments as of `Task`."""

    def register(cls: F) -> F:
        tasks.add(Task(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower(), cls, **facts))
        return cls

    return register


def reader(**facts: Any) -> Callable[[F], F]:
    """Registers the decorated `Reader` subclass, `TextReader` as `text`; arguments as of `Reader`."""

    def register(cls: F) -> F:
        readers.add(Reader(cls.__name__.removesuffix("Reader").lower(), cls, **facts))
        return cls

    return register


def form(name: str, **facts: Any) -> Callable[[F], F]:
    """Registers the decorated function as the form of files of that name; further arguments as of `Form`."""

    def register(function: F) -> F:
        forms.add(Form(name, function, **facts))
        return function

    return register


def find_dataset(
    name: str,
    tasks: tuple[str, ...],
    options: Mapping[str, Any] | None = None,
    known: Mapping[str, Any] | None = None,
) -> Dataset:
    """Returns a data set by its name or by the address of files, such as `csv:reviews.csv`.

    Args:
        name: the name or address.
        tasks: the tasks that it may be for, where the files leave a choice.
        options: options given, such as `columns`; they may tell what the files are for.
        known: what a run's `config.json` says of the data set, if it was opened before.

    Raises:
        UnknownNameError: no such data set or form.
        DataError: the files are not there, or not what the form needs.
    """
    prefix, colon, place = str(name).partition(":")
    if colon:
        form = forms.get(prefix)
        fitting = tuple(task for task in form.tasks if task in tasks)
        if not fitting:
            others = [other.address for other in forms.entries() if set(other.tasks) & set(tasks)]
            raise DataError(
                f"Files of the form {form.name!r} are for {', '.join(form.tasks)}; {' or '.join(tasks)} is wanted. "
                f"Forms for that: {', '.join(others)}."
            )
        return form.make(place, fitting, options or {}, known or {})
    try:
        return datasets.get(name)
    except UnknownNameError as error:
        ending = str(name).casefold().removesuffix(".gz").rpartition(".")[2]
        named = [f"{form.name}:{name}" for form in forms.entries() if ending in form.endings]
        if user_path(name).is_dir():
            named = [f"images:{name}", f"audio:{name}"]
        if not named:
            raise
        told = f"{str(error).partition('. ')[0]}. Files are named with their form: {' or '.join(named)}."
        raise UnknownNameError(told) from None


def dataset_of(config: Mapping[str, Any], fault: Callable[[Any, Any], str] | None = None) -> Dataset:
    """Returns the data set that a run's `config.json` names; raises as `find_dataset`.

    Args:
        config: the content of `config.json`.
        fault: given the raw input and the target of an example of files, returns why it cannot be learned from, or "".
    """
    data, task = config["dataset"], config["task"]
    known = {**data, "classes": task.get("classes", ()), "fault": fault}
    return find_dataset(data["name"], (task["name"],), data["options"], known)


def list_architectures() -> list[str]:
    """Returns the names of all architectures, from `one_to_one` to `ctc`; those of plugins follow by name."""
    return [entry.name for entry in sorted(architectures.entries(), key=lambda entry: entry.order)]


def datasets_of(architecture: Architecture) -> list[Dataset]:
    """Returns the data sets that fit an architecture: the default one, other embedded ones, the rest."""
    fitting = [entry for entry in datasets.entries() if not _mismatch(architecture, entry)]
    return sorted(fitting, key=lambda entry: (entry.name != architecture.default_dataset, not entry.embedded))


def defaults_of(architecture: Architecture, dataset: Dataset) -> dict[str, Any]:
    """Returns a data set's defaults without the options that only other architectures have."""
    own = options_of(architecture, dataset)
    others = {name for entry in architectures.entries() for name in entry.options}
    return {name: value for name, value in dataset.defaults.items() if name in own or name not in others}


def default_dataset(architecture: Architecture) -> Dataset:
    """Returns the data set that an architecture is trained on when none is named.

    Raises:
        DataError: no registered data set fits the architecture.
    """
    fitting = datasets_of(architecture)
    if not fitting:
        raise DataError(
            f"The architecture {architecture.name!r} has no dataset of its own. Name one by --dataset, such as files "
            "of yours."
        )
    return fitting[0]


def options_of(architecture: Architecture, dataset: Dataset) -> dict[str, Option]:
    """Returns every option of an architecture trained on a data set.

    The model's come first, then those of the task, of the reader of its input and of the data set.
    """
    task = tasks.get(dataset.task)
    options: dict[str, Option] = {}
    for entry in (architecture, task, reader_of(task, dataset.sizes["input"]), dataset):
        options = {**options, **{name: option for name, option in entry.options.items() if name not in options}}
    return options


def reader_of(task: Task, input: str) -> Reader:
    """Returns the reader that a task reads a kind of input with."""
    return readers.get(task.readers.get(input, input))


def endpoint_of(dataset: Dataset) -> dict[str, dict[str, str]]:
    """Returns what the exported default endpoint of a run on a data set takes and gives, with dtypes and shapes."""
    task = tasks.get(dataset.task)
    inputs = reader_of(task, dataset.sizes["input"]).inputs
    return {"inputs": {**inputs, **task.inputs}, "outputs": dict(task.outputs)}


def check_pair(architecture: Architecture, dataset: Dataset) -> None:
    """Raises `DataError` unless the architecture can do the data set's task and read its kind of input."""
    mismatch = _mismatch(architecture, dataset)
    if not mismatch:
        return
    names = [one.name for one in architectures.entries() if not _mismatch(one, dataset)]
    others = f" Architectures for it: {', '.join(names)}." if names else ""
    fitting = ", ".join(entry.name for entry in datasets_of(architecture)) or "none"
    raise DataError(f"The dataset {dataset.name!r} {mismatch}.{others} Datasets of {architecture.name}: {fitting}.")


def _mismatch(architecture: Architecture, dataset: Dataset) -> str:
    """Returns why an architecture cannot be trained on a data set, or ""."""
    if dataset.task not in architecture.tasks:
        return f"is for {dataset.task}, which {architecture.name} does not do"
    if dataset.sizes["input"] not in architecture.options["input"].choices:
        return f"has inputs of the kind {dataset.sizes['input']}, which {architecture.name} does not read"
    return ""
