"""Default settings that follow from how many examples there are to train on, counted in optimizer steps."""

import math
from collections.abc import Collection
from dataclasses import replace

from keras_rnn_zoo.artifacts.run_config import TrainingConfig

STEPS_PER_EPOCH, SMALLEST_BATCH = 16, 4
"""Batches are halved until an epoch has so many steps, or a batch so few examples."""
STEPS = 1500
"""Optimizer steps planned at least. A network that transcribes spends the first hundreds on telling blanks alone."""
PATIENCE_STEPS = 200
"""Optimizer steps without improvement that training goes on for, at least."""

ADAPTED = {"batch_size": "less", "epochs": "more", "patience": "more"}
"""The settings whose defaults follow from the number of examples, and which way they go where examples are few."""


def adapted_settings(examples: int, settings: TrainingConfig, free: Collection[str]) -> TrainingConfig:
    """Returns the settings of a training, with the defaults among them adapted to few training examples.

    An epoch of few examples has few optimizer steps, so a number of epochs that suits much data ends a training on
    little data before anything is learned. Batches become smaller, epochs more and patience longer until there are
    `STEPS_PER_EPOCH`, `STEPS` and `PATIENCE_STEPS` optimizer steps. From `enough_examples` on, nothing changes.

    Args:
        examples: number of training examples, 1 or more.
        settings: the settings, with `batch_size`, `epochs` and `patience` as for much data.
        free: the names of those settings that are defaults. The others stay as they are, and the defaults follow them.
    """
    batch_size, epochs, patience = settings.batch_size, settings.epochs, settings.patience
    if "batch_size" in free:
        while batch_size >= 2 * SMALLEST_BATCH and examples < STEPS_PER_EPOCH * batch_size:
            batch_size //= 2
    steps = math.ceil(examples / batch_size)
    if "epochs" in free:
        epochs = max(epochs, math.ceil(STEPS / steps))
    if "patience" in free:
        patience = max(patience, math.ceil(PATIENCE_STEPS / steps))
    return replace(settings, batch_size=batch_size, epochs=epochs, patience=patience)


def tie(examples: int) -> float:
    """Returns the difference between two accuracies on a validation split that says nothing.

    That is one example, where one is more than a percentage point; the loss tells more then. Else it is 0.

    Args:
        examples: number of validation examples.
    """
    return 1.001 / examples if examples < 100 else 0.0  # The margin is for rounding.


def enough_examples(settings: TrainingConfig) -> int:
    """Returns a number of training examples from which on `adapted_settings` changes none of the settings."""
    steps = max(STEPS_PER_EPOCH, STEPS / settings.epochs, PATIENCE_STEPS / max(settings.patience, 1))
    return math.ceil(steps) * settings.batch_size
