"""The names of the zoo: architectures, datasets and tasks, each found by name or alias.

An entry is a function or class under one of the decorators `architecture`, `dataset` and `task`. Its registered name is
its own name in snake case, its summary is the first line of its docstring, its options are its keyword-only
parameters. Adding an entry is adding one file to `architectures/`, `datasets/` or `tasks/`, which are scanned when a
name is first asked for. Imports no framework.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from keras_rnn_zoo.errors import DataError, DuplicateNameError, UnknownNameError, name_hint
from keras_rnn_zoo.options import Option, read_options


@dataclass(frozen=True)
class Entry:
    """What is known of an entry without loading a framework."""

    name: str
    make: Callable[..., Any]
    aliases: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of the entry's docstring."""
        return (inspect.getdoc(self.make) or "").partition("\n")[0]

    @cached_property
    def options(self) -> dict[str, Option]:
        """The entry's options by name, in the order of its signature."""
        return read_options(self.make)


@dataclass(frozen=True)
class Architecture(Entry):
    """A build function: options in, an uncompiled `keras.Model` out.

    Attributes:
        tasks: the tasks that it can do.
        default_dataset: the embedded data set that it is trained on when none is named.
    """

    tasks: tuple[str, ...] = ()
    default_dataset: str = ""


@dataclass(frozen=True)
class Dataset(Entry):
    """A function that opens a data set; see `keras_rnn_zoo.datasets.examples`.

    Attributes:
        task: the task that its examples are for.
        architectures: the architectures that it is listed under.
        source: `"embedded"`, or `"tfds"` for a data set that TensorFlow Datasets downloads and prepares.
        location: where the prepared files of a TFDS data set lie within its data directory.
        size: number of examples in each split, in words.
        licence: terms of use of the data.
        sizes: options that a model takes from this data set before any of it was read; `build` uses them.
        defaults: training settings and options that suit this data set better than the general ones.

    Its own options, such as the length of its sequences, are the keyword-only parameters of its function.
    """

    task: str = ""
    architectures: tuple[str, ...] = ()
    source: Literal["embedded", "tfds"] = "embedded"
    location: str = ""
    size: str = ""
    licence: str = ""
    sizes: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        """Whether the data set is made on the spot, without network or files."""
        return self.source == "embedded"


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


ORDER = ("one_to_one", "one_to_many", "many_to_one", "many_to_many", "sync_many_to_many", "ctc")
"""The architectures of this package in the order in which they are told; those of plugins follow by name."""

E = TypeVar("E", bound=Entry)


def fold(name: str) -> str:
    """Returns `name` as names are compared: lower case, with `_` for hyphens and spaces."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


class Catalogue(Generic[E]):
    """The entries of one kind.

    Args:
        kind: the word for one entry, used in messages.
        package: the package whose modules are imported to find entries; `None` for none.
    """

    def __init__(self, kind: str, package: str | None = None) -> None:
        self.kind = kind
        self._package = package
        self._entries: dict[str, E] = {}
        self._names: dict[str, str] = {}

    def add(self, entry: E) -> None:
        """Adds an entry; raises `DuplicateNameError` if its name or an alias is taken."""
        names = {fold(name) for name in (entry.name, *entry.aliases)}
        for name in names:
            if name in self._names:
                other = self._entries[self._names[name]]
                raise DuplicateNameError(
                    f"Two entries want the {self.kind} name {name!r}: {_place(other)} has it, {_place(entry)} asked "
                    "for it. Rename one of them."
                )
        self._entries[entry.name] = entry
        self._names.update(dict.fromkeys(names, entry.name))

    def get(self, name: str) -> E:
        """Returns the entry of that name or alias; raises `UnknownNameError` with the nearest names."""
        self._scan()
        folded = fold(str(name))
        if folded not in self._names:
            raise UnknownNameError(f"There is no {self.kind} named {name!r}. {name_hint(folded, self._names)}")
        return self._entries[self._names[folded]]

    def entries(self) -> list[E]:
        """Returns all entries, sorted by name."""
        self._scan()
        return [self._entries[name] for name in sorted(self._entries)]

    def _scan(self) -> None:
        if self._package is None:
            return
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
        self._package = None


def _place(entry: Entry) -> str:
    return f"{entry.make.__module__}.{entry.make.__qualname__}"


architectures: Catalogue[Architecture] = Catalogue("architecture", "keras_rnn_zoo.architectures")
datasets: Catalogue[Dataset] = Catalogue("dataset", "keras_rnn_zoo.datasets")
tasks: Catalogue[Task] = Catalogue("task", "keras_rnn_zoo.tasks")
readers: Catalogue[Reader] = Catalogue("reader", "keras_rnn_zoo.readers")

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


def list_architectures() -> list[str]:
    """Returns the names of all architectures, from `one_to_one` to `ctc`; those of plugins follow by name."""
    names = [entry.name for entry in architectures.entries()]
    return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


def datasets_of(architecture: Architecture) -> list[Dataset]:
    """Returns the data sets that an architecture is listed with: the default one, other embedded ones, the rest."""
    mine = [entry for entry in datasets.entries() if architecture.name in entry.architectures]
    return sorted(mine, key=lambda entry: (entry.name != architecture.default_dataset, not entry.embedded))


def default_dataset(architecture: Architecture) -> Dataset:
    """Returns the data set that an architecture is trained on when none is named; it is embedded."""
    return datasets_of(architecture)[0]


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
    if dataset.task not in architecture.tasks:
        fault = f"is for {dataset.task}, which {architecture.name} does not do"
    elif dataset.sizes["input"] not in architecture.options["input"].choices:
        fault = f"has inputs of the kind {dataset.sizes['input']}, which {architecture.name} does not read"
    else:
        return
    fitting = [entry.name for entry in datasets_of(architecture)]
    raise DataError(f"The dataset {dataset.name!r} {fault}. Datasets of {architecture.name}: {', '.join(fitting)}.")
