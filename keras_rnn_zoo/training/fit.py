"""Fits a model to batches, from the beginning or from a checkpoint."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from keras_rnn_zoo.artifacts.run import STATE
from keras_rnn_zoo.artifacts.run_config import TrainingConfig
from keras_rnn_zoo.batching.batches import Batches
from keras_rnn_zoo.status import announce
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.training.adam import Adam
from keras_rnn_zoo.training.callbacks import BestCheckpoint, StopAfterEpoch, StopOnInvalidLoss, TrainingCheckpoint
from keras_rnn_zoo.training.checkpoint import assign, read_state

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ResumePoint:
    """The progress of an interrupted training, read from its checkpoint.

    Attributes:
        path: the file of the checkpoint.
        epoch: number of complete epochs.
        step: number of steps of the next epoch that are done.
        values: the values of the variables, by group.
    """

    path: Path
    epoch: int = 0
    step: int = 0
    values: dict[str, list[Any]] = field(default_factory=dict)


def fit(
    folder: Path,
    settings: TrainingConfig,
    model: Any,
    task: Task,
    keeper: BestCheckpoint,
    training: Batches,
    validation: Batches,
    verbose: int | str,
    *,
    resume: bool,
) -> None:
    """Trains a model for its epochs, or until it stops improving, and saves checkpoints.

    A resumed training restores the weights, the optimizer's state, the seeds of dropout, the metrics so far, the order
    of the examples and the history, so it ends with the same weights as an uninterrupted one.

    Args:
        folder: the folder for checkpoints, the history and logs.
        settings: the settings of the training.
        model: the model, which this function compiles.
        task: the fitted task.
        keeper: the callback that keeps the best weights.
        training: batches to train on.
        validation: batches to validate on.
        verbose: as in `keras.Model.fit`.
        resume: whether to continue from the checkpoint in `folder`.

    Raises:
        RunError: the checkpoint is damaged.
        TrainingError: the loss is not finite.
    """
    position = ResumePoint(folder / STATE)
    if resume:
        position = _position(position.path, keeper)
    _compile(model, task, settings, training.count * settings.epochs)
    if resume:
        _restore(model, position, training)
    logs = keras.callbacks.TensorBoard(folder / "logs", write_graph=False)

    def run(data: Any, first_step: int, *more_callbacks: Any) -> None:
        saver = TrainingCheckpoint(position.path, keeper, training, settings.save_every_steps, first_step)
        if first_step:
            saver.metrics = position.values["metrics"]
        model.fit(
            data,
            validation_data=validation.data,
            initial_epoch=len(keeper.rows),
            epochs=settings.epochs,
            shuffle=False,  # The batches are already shuffled.
            verbose=verbose,
            callbacks=[StopOnInvalidLoss(first_step), keeper, saver, logs, *more_callbacks],
        )

    announce("Compiling the training step")
    if position.step:
        run(training.rest(position.step), position.step, StopAfterEpoch())
    if not keeper.exhausted and len(keeper.rows) < settings.epochs:
        run(training.data, 0)
    logger.info("%s", keeper.ending(settings.epochs))


def _compile(model: Any, task: Task, settings: TrainingConfig, steps: int) -> None:
    schedule = keras.optimizers.schedules.CosineDecay(settings.learning_rate, decay_steps=steps)
    model.compile(
        optimizer=Adam(schedule, epsilon=settings.adam_epsilon, global_clipnorm=settings.gradient_norm),
        loss=task.loss(),
        metrics=task.training_metrics(),
        # On TensorFlow, XLA would compile the model again for each batch shape. JAX needs it: without it, each op would
        # run on its own.
        jit_compile=keras.backend.backend() != "tensorflow",
    )
    model.optimizer.build(model.trainable_variables)


def _position(path: Path, keeper: BestCheckpoint) -> ResumePoint:
    """Reads the checkpoint of an interrupted training, and restores its history."""
    document, values = read_state(path)
    keeper.resume(document["rows"])
    return ResumePoint(path, document["epoch"], document["step"], values)


def _restore(model: Any, position: ResumePoint, training: Batches) -> None:
    """Restores the variables of a model and its optimizer."""
    if position.step:
        # Metrics create their variables with the first batch. `fit` resets them afterwards.
        inputs, targets = next(training.data.as_numpy_iterator())
        model.test_on_batch(inputs, targets)
    groups: dict[str, Sequence[Any]] = {"model": model.variables, "optimizer": model.optimizer.variables}
    for name, variables in groups.items():
        assign(position.path, variables, position.values.get(name, []))
