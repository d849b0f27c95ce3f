"""Descriptions of runs, for tests that need one without a training."""

import dataclasses

from keras_rnn_zoo.artifacts.run_config import DatasetConfig, RowsConfig, RunConfig, TaskConfig, TrainingConfig
from keras_rnn_zoo.training.settings import SETTINGS

TRAINING = TrainingConfig(**{name: one.default for name, one in SETTINGS.items() if name != "seed"})


def run_config(
    dataset="toy_reviews",
    task="classification",
    input="text",
    *,
    architecture="many_to_one",
    options=None,
    reader=None,
    columns=None,
):
    """Returns the description of a run; `options` are the dataset's, `columns` those that training recorded."""
    recorded = RowsConfig({}, columns) if columns is not None else None
    return RunConfig(
        "a",
        architecture,
        DatasetConfig(dataset, options or {}, recorded=recorded),
        TaskConfig(task, input, {}, reader or {}),
        {},
        TRAINING,
        0,
        {},
    )


def described_by(examples, dataset, task="classification"):
    """Returns the description of a run that was trained on opened files."""
    config = run_config(dataset, task)
    return dataclasses.replace(
        config,
        dataset=dataclasses.replace(config.dataset, checksum=examples.checksum, recorded=examples.recorded),
        task=dataclasses.replace(config.task, classes=examples.classes),
    )
