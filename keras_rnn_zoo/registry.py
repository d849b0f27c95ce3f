"""The names of the zoo: architectures, cells, datasets, tasks, readers and formats, each found by name or alias.

An entry is a function or class with the decorator of its kind. It is registered under its name in snake case; its
summary is the first line of its docstring, and its options are its keyword-only parameters. To add an entry, add a file
to the folder of its kind, such as `architectures/` or `cells/`, which is scanned when a name is first looked up, or to
a plugin. Imports no framework.
"""

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from keras_rnn_zoo.display.printing import alternatives
from keras_rnn_zoo.entries.addresses import address_of, kind_of_file
from keras_rnn_zoo.entries.catalog import Catalog
from keras_rnn_zoo.entries.catalog import Entry as Entry
from keras_rnn_zoo.entries.files import FileFormat as FileFormat
from keras_rnn_zoo.entries.files import TaskFiles as TaskFiles
from keras_rnn_zoo.entries.kinds import Architecture as Architecture
from keras_rnn_zoo.entries.kinds import Cell as Cell
from keras_rnn_zoo.entries.kinds import Command as Command
from keras_rnn_zoo.entries.kinds import Dataset as Dataset
from keras_rnn_zoo.entries.kinds import ExportFormat as ExportFormat
from keras_rnn_zoo.entries.kinds import Plot as Plot
from keras_rnn_zoo.entries.kinds import Reader as Reader
from keras_rnn_zoo.entries.kinds import Task as Task
from keras_rnn_zoo.errors import DataError, UnknownNameError
from keras_rnn_zoo.options import Option

if TYPE_CHECKING:
    from keras_rnn_zoo.artifacts.run_config import RunConfig

architectures: Catalog[Architecture] = Catalog("architecture", "keras_rnn_zoo.architectures")
cells: Catalog[Cell] = Catalog("cell", "keras_rnn_zoo.cells")
datasets: Catalog[Dataset] = Catalog("dataset", "keras_rnn_zoo.datasets")
tasks: Catalog[Task] = Catalog("task", "keras_rnn_zoo.tasks")
readers: Catalog[Reader] = Catalog("reader", "keras_rnn_zoo.readers")
file_formats: Catalog[FileFormat] = Catalog("file format", "keras_rnn_zoo.user_data.formats")

export_formats: Catalog[ExportFormat] = Catalog("export format", "keras_rnn_zoo.exporting.formats")
plots: Catalog[Plot] = Catalog("kind of plot", "keras_rnn_zoo.plotting.kinds")
commands: Catalog[Command] = Catalog("command")
"""The commands of plugins; those of the zoo are the files in `zoo_cli/commands/`."""

F = TypeVar("F", bound=Callable[..., Any])


def _registers(catalog: Catalog[Any], kind: Callable[..., Any], facts: Mapping[str, Any]) -> Callable[[F], F]:
    """Returns a decorator that registers a function under its name."""

    def register(function: F) -> F:
        catalog.add(kind(function.__name__, function, **facts))
        return function

    return register


def architecture(**facts: Any) -> Callable[[F], F]:
    """Registers the decorated build function; arguments as the attributes of `Architecture`."""
    return _registers(architectures, Architecture, facts)


def cell(**facts: Any) -> Callable[[F], F]:
    """Registers the decorated function, which returns the class of a recurrent layer; arguments as in `Cell`."""
    return _registers(cells, Cell, facts)


def command(**facts: Any) -> Callable[[F], F]:
    """Registers the decorated `click.Command` as a command of the `zoo` program; arguments as in `Command`."""

    def register(command: F) -> F:
        name, callback = getattr(command, "name", None), getattr(command, "callback", None)
        if not name or callback is None:
            raise TypeError(f"`registry.command` must decorate a `click.command`; received {command!r}.")
        commands.add(Command(name, callback, command=command, **facts))
        return command

    return register


def dataset(**facts: Any) -> Callable[[F], F]:
    """Registers the decorated function that opens a dataset; arguments as the attributes of `Dataset`."""
    return _registers(datasets, Dataset, facts)


def plot(**facts: Any) -> Callable[[F], F]:
    """Registers the decorated function, which draws a kind of plot; arguments as the attributes of `Plot`."""
    return _registers(plots, Plot, facts)


def task(**facts: Any) -> Callable[[F], F]:
    """Registers the decorated `Task` subclass, `LanguageModeling` as `language_modeling`; arguments as in `Task`."""

    def register(cls: F) -> F:
        tasks.add(Task(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower(), cls, **facts))
        return cls

    return register


def reader(**facts: Any) -> Callable[[F], F]:
    """Registers the decorated `Reader` subclass, `TextReader` as `text`; arguments as in `Reader`."""

    def register(cls: F) -> F:
        readers.add(Reader(cls.__name__.removesuffix("Reader").lower(), cls, **facts))
        return cls

    return register


def export_format(name: str, **facts: Any) -> Callable[[F], F]:
    """Registers the decorated `Exporter` subclass as an export format; further arguments as in `ExportFormat`."""

    def register(cls: F) -> F:
        export_formats.add(ExportFormat(name, cls, **facts))
        return cls

    return register


def file_format(name: str, **facts: Any) -> Callable[[F], F]:
    """Registers the decorated function as a file format; further arguments as in `FileFormat`."""

    def register(function: F) -> F:
        file_formats.add(FileFormat(name, function, **facts))
        return function

    return register


def find_dataset(
    name: Any,
    tasks: tuple[str, ...],
    options: Mapping[str, Any] | None = None,
    config: "RunConfig | None" = None,
) -> Dataset:
    """Returns a dataset by its name or address, such as `csv:reviews.csv`.

    Args:
        name: the name, the address, the path of a file whose extension determines its format, or data in memory,
            such as a DataFrame.
        tasks: the tasks that it may be for; the data decide if several are possible.
        options: options set by the user, such as `columns`; they may determine the task of the data.
        config: the description of a run that was trained on the dataset.

    Raises:
        UnknownNameError: the dataset or file format is unknown.
        DataError: the files are missing, or not in that format.
    """
    name = os.fspath(name) if isinstance(name, os.PathLike) else name
    prefix, colon, location = name.partition(":") if isinstance(name, str) else ("memory", ":", name)
    if colon:
        format = file_formats.get(prefix)
        supported = tuple(task for task in tasks_of(format) if task in tasks)
        if not supported:
            others = [f.address for f in file_formats.entries() if f.listed and set(tasks_of(f)) & set(tasks)]
            raise DataError(
                f"Files in the format {format.name!r} are for {', '.join(tasks_of(format))}, not for "
                f"{alternatives(tasks)}. Formats for {alternatives(tasks)}: {', '.join(others)}."
            )
        dataset: Dataset = format.make(location, supported, options or {}, config)
        return dataset
    try:
        return datasets.get(name)
    except UnknownNameError as error:
        formats = file_formats.entries()
        fitting = [format for format in formats if set(tasks_of(format)) & set(tasks)]
        address = address_of(str(name), formats, fitting, error)
    return find_dataset(address, tasks, options, config)


def file_with_inputs(text: str, input: str) -> str:
    """Returns "file" or "folder" if a text is the path of files with inputs to predict, else ""; see `addresses`."""
    return kind_of_file(text, input, file_formats.entries())


def reading_options() -> list[str]:
    """Returns the names of the options with which files are read for prediction, such as `separator`."""
    return sorted({name for format in file_formats.entries() for name in format.reading_options})


def tasks_of(format: FileFormat) -> tuple[str, ...]:
    """Returns the tasks that files in a format can be for: those that the format names, and those that name it."""
    others = [task.name for task in tasks.entries() if task.files and format.name in task.files.formats]
    return (*format.tasks, *(name for name in others if name not in format.tasks))


def dataset_of(config: "RunConfig", data: Any = None) -> Dataset:
    """Returns the dataset of a run; raises the same errors as `find_dataset`.

    Args:
        config: the description of the run.
        data: the data if it is in memory, else `None`.
    """
    name = config.dataset.name if data is None else data
    try:
        return find_dataset(name, (config.task.name,), config.dataset.options, config)
    except UnknownNameError as error:
        hint = "The run was trained on it: a plugin that provides it may be missing; install that package."
        raise UnknownNameError(f"{error} {hint}") from None


def list_architectures() -> list[str]:
    """Returns the names of all architectures, from `one_to_one` to `ctc`; those of plugins follow by name."""
    return architectures.names()


def datasets_of(architecture: Architecture) -> list[Dataset]:
    """Returns the datasets that an architecture can be trained on: the default, other embedded ones, and the rest."""
    supported = [entry for entry in datasets.entries() if not _mismatch(architecture, entry)]
    return sorted(supported, key=lambda entry: (entry.name != architecture.default_dataset, not entry.embedded))


def architectures_of(dataset: Dataset) -> list[Architecture]:
    """Returns the architectures that can be trained on a dataset."""
    return [entry for entry in architectures.entries() if not _mismatch(entry, dataset)]


def defaults_of(architecture: Architecture, dataset: Dataset) -> dict[str, Any]:
    """Returns a dataset's defaults without the options that only other architectures have."""
    options = options_of(architecture, dataset)
    others = {name for entry in architectures.entries() for name in entry.options}
    return {name: value for name, value in dataset.defaults.items() if name in options or name not in others}


def default_dataset(architecture: Architecture, name: str = "") -> Dataset:
    """Returns the dataset that an architecture is trained on by default.

    Args:
        architecture: the architecture.
        name: the name by which the user called it: an alias, such as `speech`, may have a dataset of its own.

    Raises:
        DataError: there is no registered dataset for the architecture.
    """
    if own := architecture.alias_dataset(name):
        return datasets.get(own)
    supported = datasets_of(architecture)
    if not supported:
        raise DataError(
            f"The architecture {architecture.name!r} has no default dataset. Name one with --dataset, such as your own "
            "files."
        )
    return supported[0]


def options_of(architecture: Architecture, dataset: Dataset) -> dict[str, Option]:
    """Returns all options of an architecture with a dataset: of the model, the task, the reader and the dataset."""
    task = tasks.get(dataset.task)
    options: dict[str, Option] = {}
    for entry in (architecture, task, reader_of(task, dataset.model_options["input"]), dataset):
        options = {**options, **{name: option for name, option in entry.options.items() if name not in options}}
    return options


def relevant_options(architecture: Architecture, dataset: Dataset) -> dict[str, Option]:
    """Returns the options of an architecture that have an effect for a dataset; see `options_of`."""
    input, options = dataset.model_options["input"], options_of(architecture, dataset)
    return {name: option for name, option in options.items() if option.applies_to(input, dataset.task)}


def reader_of(task: Task, input: str) -> Reader:
    """Returns the reader that a task uses for a kind of input."""
    return readers.get(task.readers.get(input, input))


def endpoint_of(dataset: Dataset) -> dict[str, dict[str, str]]:
    """Returns the inputs and outputs of the default endpoint for a dataset, with dtypes and shapes."""
    task = tasks.get(dataset.task)
    inputs = reader_of(task, dataset.model_options["input"]).inputs
    return {"inputs": {**inputs, **task.inputs}, "outputs": dict(task.outputs)}


def check_pair(architecture: Architecture, dataset: Dataset) -> None:
    """Raises `DataError` unless the architecture supports the dataset's task and kind of input."""
    mismatch = _mismatch(architecture, dataset)
    if not mismatch:
        return
    names = [entry.name for entry in architectures_of(dataset)]
    others = f" Architectures for it: {', '.join(names)}." if names else ""
    supported = ", ".join(entry.name for entry in datasets_of(architecture)) or "none"
    raise DataError(f"The dataset {dataset.name!r} {mismatch}.{others} Datasets of {architecture.name}: {supported}.")


def _mismatch(architecture: Architecture, dataset: Dataset) -> str:
    """Returns why an architecture cannot be trained on a dataset, or ""."""
    if dataset.task not in architecture.tasks:
        return f"is for {dataset.task}, which {architecture.name} does not support"
    if dataset.model_options["input"] not in architecture.options["input"].choices:
        return f"has inputs of the kind {dataset.model_options['input']}, which {architecture.name} does not support"
    return ""


def main_metric(task: str, metrics: Mapping[str, float]) -> str:
    """Returns which of the metrics of a run, at least one, stands for it in lists; the task may be unknown here."""
    main = tasks.get(task).main_metric if task in tasks.names() else ""
    names = [*(name for name in metrics if name != "loss"), *metrics]
    return main if main in metrics else names[0]
