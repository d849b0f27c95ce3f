"""The run that a training starts from, and the defaults that follow from it. Imports no framework."""

import os
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.export import find_export
from keras_rnn_zoo.artifacts.run import Run, open_run
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError, RunError


def find_source(run: Any, models_dir: str | os.PathLike[str] | None = None) -> Run:
    """Returns the run that a training starts from.

    Args:
        run: the run, its name or path, or what `keras_rnn_zoo.load` returned for one.
        models_dir: the folder of the runs.

    Raises:
        RunError: there is no such run, or it is an export.
    """
    if path := find_export(run):
        raise RunError(
            f"{path} is an export, which training cannot start from. Name the run that it was exported from with "
            "--from."
        )
    return open_run(run, models_dir)


def inherited_options(
    source: RunConfig | None, architecture: registry.Architecture, dataset: registry.Dataset
) -> dict[str, Any]:
    """Returns the options that a training takes from the run it starts from, unless the user sets them.

    They are those of the model, the task and the reader, and the integers among those of the dataset, such as the
    steps of a forecast, which determine sizes of the model.

    Args:
        source: the description of the run; `None` for a training from nothing.
        architecture: the architecture to train.
        dataset: the dataset to train on.

    Raises:
        DataError: the run has another kind of input than the dataset.
    """
    if source is None:
        return {}
    input = dataset.model_options["input"]
    if source.task.input != input:
        raise DataError(
            f"The run {source.run!r} reads {source.task.input}, but the input of the dataset {dataset.name!r} is "
            f"{input}. Name a run for {input} with --from, or train without it."
        )
    task = registry.tasks.get(dataset.task)
    sizes = {name for name, option in dataset.options.items() if option.type is int}
    parts: list[tuple[Mapping[str, Any], Any]] = [
        (source.dataset.options, sizes if source.task.name == task.name else ()),
        (source.task.options, task.options),
        (source.task.reader, registry.reader_of(task, input).options),
        (source.options, architecture.options),
    ]
    values = {name: value for options, known in parts for name, value in options.items() if name in known}
    # The weights of the run include those that it began with, of ImageNet or a file of word vectors.
    begun = {"pretrained": False, "vectors": "", "words_from_vectors": False}
    return {**values, **{name: value for name, value in begun.items() if name in values}}
