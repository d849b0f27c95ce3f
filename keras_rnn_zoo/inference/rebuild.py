"""Rebuilds the dataset and the task of a run from its description."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.digests import damaged
from keras_rnn_zoo.artifacts.needed_entries import missing_plugin
from keras_rnn_zoo.artifacts.run_config import DatasetConfig, RunConfig, TaskConfig
from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.datasets._prepared import recorded_dir
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.errors import OptionError, RunError, UnknownNameError, ZooError
from keras_rnn_zoo.inference.predictor import first_line_of
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.tasks.task import Task


def open_examples(config: RunConfig, data_dir: str | None = None, dataset: registry.Dataset | None = None) -> Examples:
    """Opens the dataset of a run.

    Data that is already prepared in the folder that the run names is read there. Otherwise, it is searched for and
    prepared in `data_dir` or the user's default folder: a run does not decide where files are written.

    Args:
        config: the description of the run.
        data_dir: folder of prepared TFDS datasets, or of a user's files that have moved.
        dataset: the dataset, if it was already found.

    Raises:
        DataError: the data is missing or cannot be read.
    """
    if dataset is None:
        config = replace(config, dataset=_moved(config.dataset, data_dir))
        dataset = registry.dataset_of(config)
    if not data_dir and dataset.source == "tfds":
        data_dir = recorded_dir(dataset.location, config.dataset.data_dir)
    opened: Examples = dataset.open(data_dir, config.seed, config.dataset.options, fault_of_examples(config))
    return opened


def fault_of_examples(config: RunConfig) -> Callable[[Any, Any], str] | None:
    """Returns a function that explains why an example cannot be learned from; `None` if every example can be."""
    frames = registry.architectures.get(config.architecture).frames
    if frames is None or not hasattr(registry.tasks.get(config.task.name).make, "fault"):
        return None

    @cache
    def task() -> Any:  # Created for the first example, because it loads the frameworks.
        return make_task(replace(config.task, classes=()))

    def fault(raw: Any, target: Any) -> str:
        options = {**config.options, **task().reader.model_options()}
        reason = str(task().fault(raw, target, lambda steps: frames(steps, **options)))
        subsampled = options.get("subsampling", 1) > 1
        return f"{reason} with subsampling={options['subsampling']}" if reason and subsampled else reason

    return fault


def _moved(dataset: DatasetConfig, data_dir: str | None) -> DatasetConfig:
    """Returns the description of a user's files with their folder replaced by `data_dir`, if it is not empty.

    The names of the files stay the same. Whether their content is the same is checked later, by their checksum.
    """
    name, colon, location = dataset.name.partition(":")
    move = next((format.move for format in registry.file_formats.entries() if format.name == name), None)
    if not colon or not data_dir or move is None:
        return dataset
    options = dataset.options
    files = {split: move(options[split], data_dir) for split in ("validation", "test") if options.get(split)}
    return replace(dataset, name=f"{name}:{move(location, data_dir)}", options={**options, **files})


def make_task(config: TaskConfig) -> Task:
    """Creates a task, not yet fitted, from its description; raises `OptionError` for an invalid option."""
    entry = registry.tasks.get(config.name)
    reader = registry.reader_of(entry, config.input)
    reader_options = check_options(reader.options, config.reader, f"the reader {reader.name}")
    options = check_options(entry.options, config.options, f"the task {entry.name}")
    task: Task = entry.make(reader.make(**reader_options), config.classes, **options)
    return task


def load_task(config: TaskConfig, document: Path, folder: Member) -> Task:
    """Returns a fitted task.

    Args:
        config: its description.
        document: the file with the description, for messages.
        folder: the folder with the fitted task's files, such as its vocabulary.

    Raises:
        RunError: an option is invalid, or a file in the folder is not one that the task writes.
    """
    with blame_config(document):
        task = make_task(config)
    try:
        task.load(folder)
    except ZooError:
        raise
    except FileNotFoundError as error:
        raise damaged(Path(folder), f"the file {Path(error.filename or '').name!r} is missing") from None
    except Exception as error:  # Damage can cause any exception where a file's content is first used.
        fault = f"a file in it is not as training writes it ({first_line_of(error)})"
        raise damaged(Path(folder), fault) from error
    return task


@contextlib.contextmanager
def blame_config(document: Path) -> Iterator[None]:
    """Converts errors of options and entries that a file names to a `RunError` that names the file."""
    try:
        yield
    except UnknownNameError as error:
        raise RunError(missing_plugin(f"What {document} describes", error)) from None
    except OptionError as error:
        raise damaged(document, str(error).removesuffix(".")) from None
