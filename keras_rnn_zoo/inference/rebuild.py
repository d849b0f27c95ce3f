"""What the description of a run stands for, made again: its dataset and its task."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.digests import damaged
from keras_rnn_zoo.artifacts.run_config import DatasetConfig, RunConfig, TaskConfig
from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.datasets._prepared import recorded_dir
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.errors import OptionError, ZooError
from keras_rnn_zoo.inference.predictor import first_line_of
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.tasks.task import Task


def open_examples(config: RunConfig, data_dir: str | None = None, dataset: registry.Dataset | None = None) -> Examples:
    """Opens the dataset of a run.

    Data that is prepared in the folder that the run names is read there. Other data is looked for, and prepared, in
    `data_dir` or in the user's default folder: a run does not decide where files are written.

    Args:
        config: the description of the run.
        data_dir: folder of prepared TFDS datasets, or of a user's files that have moved.
        dataset: the dataset, if it was found already.

    Raises:
        DataError: the data is missing or cannot be read.
    """
    if dataset is None:
        config = replace(config, dataset=_moved(config.dataset, data_dir))
        dataset = registry.dataset_of(config)
    if not data_dir and dataset.source == "tfds":
        data_dir = recorded_dir(dataset.location, config.dataset.data_dir)
    opened: Examples = dataset.open(data_dir, config.seed, config.dataset.options, _fault_of_examples(config))
    return opened


def _fault_of_examples(config: RunConfig) -> Callable[[Any, Any], str] | None:
    """Returns a function that returns why an example cannot be learned from; `None` if every example can be."""
    frames = registry.architectures.get(config.architecture).frames
    if config.task.name != "transcription" or frames is None:
        return None

    @cache
    def task() -> Any:  # Made for the first example, since it loads the frameworks.
        return make_task(replace(config.task, classes=()))

    def fault(raw: Any, target: Any) -> str:
        options = {**config.options, **task().reader.model_options()}
        found = str(task().fault(raw, target, lambda steps: frames(steps, **options)))
        subsampled = options.get("subsampling", 1) > 1
        return f"{found} with subsampling={options['subsampling']}" if found and subsampled else found

    return fault


def _moved(dataset: DatasetConfig, data_dir: str | None) -> DatasetConfig:
    """Returns the description of a user's files with their paths in `data_dir`, if it is given.

    Their names stay; their checksum shows whether their content did.
    """
    form, colon, place = dataset.name.partition(":")
    if not colon or not data_dir or form == "tfds":
        return dataset

    def moved(paths: str) -> str:
        parts = paths.split(",") if form == "text" else [paths]
        return ",".join(str(Path(data_dir) / Path(part.strip()).name) for part in parts)

    files = {part: moved(dataset.options[part]) for part in ("validation", "test") if dataset.options.get(part)}
    return replace(dataset, name=f"{form}:{moved(place)}", options={**dataset.options, **files})


def make_task(config: TaskConfig) -> Task:
    """Returns the task that a description stands for, not yet fitted; raises `OptionError` for an invalid option."""
    entry = registry.tasks.get(config.name)
    reader = registry.reader_of(entry, config.input)
    reading = check_options(reader.options, config.reader, f"the reader {reader.name}")
    options = check_options(entry.options, config.options, f"the task {entry.name}")
    task: Task = entry.make(reader.make(**reading), config.classes, **options)
    return task


def load_task(config: TaskConfig, document: Path, folder: Member) -> Task:
    """Returns a fitted task.

    Args:
        config: its description.
        document: the file with the description, for messages.
        folder: the folder with what the task learned.

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
        raise damaged(Path(folder), f"it lacks the file {Path(error.filename or '').name!r}") from None
    except Exception as error:  # Damage may show wherever a file's content is first used.
        fault = f"a file in it is not what training writes ({first_line_of(error)})"
        raise damaged(Path(folder), fault) from error
    return task


@contextlib.contextmanager
def blame_config(document: Path) -> Iterator[None]:
    """Turns the error for an option that an entry refuses into one that names the file with the option."""
    try:
        yield
    except OptionError as error:
        raise damaged(document, str(error).removesuffix(".")) from None
