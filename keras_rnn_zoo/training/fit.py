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
from keras_rnn_zoo.display.status import announce
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.training.adversarial import train_adversarially
from keras_rnn_zoo.training.averaging import AveragedWeights
from keras_rnn_zoo.training.callbacks import BestCheckpoint, StopAfterEpoch, StopOnInvalidLoss, TrainingCheckpoint
from keras_rnn_zoo.training.checkpoint import assign, read_state
from keras_rnn_zoo.training.class_weights import weigh_classes
from keras_rnn_zoo.training.further_metrics import further_metrics
from keras_rnn_zoo.training.keras_objects import KerasObjects
from keras_rnn_zoo.training.label_smoothing import smooth_labels
from keras_rnn_zoo.training.optimizers import make_optimizer
from keras_rnn_zoo.training.trackers import Tracked

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


@dataclass(frozen=True)
class Fitting:
    """What is fitted, and how.

    Attributes:
        folder: the folder for checkpoints, the history and logs.
        settings: the settings of the training.
        objects: the Keras objects that the user passed.
        model: the model, which `fit` compiles.
        task: the fitted task.
        keeper: the callback that keeps the best weights.
        trackers: what records the training elsewhere.
        writes: whether this process writes to the folder; of several that train together, one does.
    """

    folder: Path
    settings: TrainingConfig
    objects: KerasObjects
    model: Any
    task: Task
    keeper: BestCheckpoint
    trackers: Sequence[Tracked] = ()
    writes: bool = True


def fit(fitting: Fitting, training: Batches, validation: Batches, verbose: int | str, *, resume: bool) -> None:
    """Trains a model for its epochs, or until it stops improving, and saves checkpoints.

    A resumed training restores the weights, the optimizer's state, the seeds of dropout, the metrics so far, the order
    of the examples and the history, so it ends with the same weights as an uninterrupted one.

    Args:
        fitting: the model and the settings.
        training: batches to train on.
        validation: batches to validate on.
        verbose: as in `keras.Model.fit`.
        resume: whether to continue from the checkpoint in the folder.

    Raises:
        RunError: the checkpoint is damaged.
        OptionError: the user's objects do not fit the task or one another.
        TrainingError: the loss is not finite.
    """
    settings, model, keeper = fitting.settings, fitting.model, fitting.keeper
    position = ResumePoint(fitting.folder / STATE)
    if resume:
        position = _position(position.path, keeper)
    if settings.class_weight:
        training, weights = weigh_classes(training, settings.class_weight, fitting.task.classes)
        names = zip(fitting.task.classes, weights, strict=True)
        logger.info("Weights of the classes: %s.", ", ".join(f"{name} {weight:.4g}" for name, weight in names))
    _compile(fitting, training.count * settings.epochs)
    if resume:
        _restore(model, position, training)
    logs = [keras.callbacks.TensorBoard(fitting.folder / "logs", write_graph=False)] if fitting.writes else []

    def run(data: Any, first_step: int, *more_callbacks: Any) -> None:
        every = settings.save_every_steps
        saver = TrainingCheckpoint(position.path, keeper, training, every, first_step, fitting.writes)
        if first_step:
            saver.metrics = position.values["metrics"]
        # The user's callbacks come before those that keep and save, which thus see what they changed.
        own = [StopOnInvalidLoss(first_step), *fitting.objects.callbacks, keeper, saver, *logs]
        own += [tracked.callback for tracked in fitting.trackers]
        if keeper.averages:
            own.append(keeper.averages)
        model.fit(
            data,
            validation_data=validation.data,
            initial_epoch=len(keeper.rows),
            epochs=settings.epochs,
            shuffle=False,  # The batches are already shuffled.
            verbose=verbose,
            callbacks=[*own, *more_callbacks],
        )

    announce("Compiling the training step")
    if position.step:
        run(training.rest(position.step), position.step, StopAfterEpoch())
    if not keeper.exhausted and not keeper.stopped and len(keeper.rows) < settings.epochs:
        run(training.data, 0)
    logger.info("%s", keeper.ending(settings.epochs))


def _compile(fitting: Fitting, steps: int) -> None:
    model, task = fitting.model, fitting.task
    optimizer = make_optimizer(fitting.settings, fitting.objects, steps)
    if fitting.settings.weight_averaging:
        fitting.keeper.averages = AveragedWeights(optimizer)
    further = further_metrics(fitting.settings.metrics, fitting.objects.metrics, task, model)
    model.compile(
        optimizer=optimizer,
        loss=task.loss(),
        metrics=[*task.training_metrics(), *further],
        # On TensorFlow, XLA would compile the model again for each batch shape. JAX needs it: without it, each op would
        # run on its own.
        jit_compile=keras.backend.backend() != "tensorflow",
    )
    if fitting.settings.label_smoothing:
        smooth_labels(model, task, fitting.settings.label_smoothing)
    if fitting.settings.adversarial:
        train_adversarially(model, fitting.settings.adversarial)
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
        inputs, targets, *_ = next(training.data.as_numpy_iterator())
        model.test_on_batch(inputs, targets)
    groups: dict[str, Sequence[Any]] = {"model": model.variables, "optimizer": model.optimizer.variables}
    for name, variables in groups.items():
        assign(position.path, variables, position.values.get(name, []))
