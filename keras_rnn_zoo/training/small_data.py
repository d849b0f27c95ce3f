"""Defaults of training settings for small datasets, chosen by the number of optimizer steps."""

import math
from collections.abc import Collection
from dataclasses import replace

from keras_rnn_zoo.artifacts.run_config import TrainingConfig

MIN_STEPS_PER_EPOCH, MIN_BATCH_SIZE = 16, 4
"""The batch size is halved until an epoch has this many steps, or a batch this few examples."""
MIN_STEPS = 1500
"""Minimum number of optimizer steps to plan for. A transcription model predicts only blanks for the first hundreds."""
MIN_PATIENCE_STEPS = 200
"""Minimum number of optimizer steps without improvement after which training stops."""

ADAPTED = {"batch_size": "less", "epochs": "more", "patience": "more"}
"""The settings whose defaults depend on the number of examples, and how few examples change them."""


def adapted_settings(examples: int, settings: TrainingConfig, free: Collection[str]) -> TrainingConfig:
    """Returns the settings of a training, with their defaults adapted to a small number of training examples.

    With few examples, an epoch has few optimizer steps, so the number of epochs that suits a large dataset would end
    training before anything is learned. Batch size, epochs and patience are changed so that there are at least
    `MIN_STEPS_PER_EPOCH`, `MIN_STEPS` and `MIN_PATIENCE_STEPS` optimizer steps. With `enough_examples` or more, nothing
    changes.

    Args:
        examples: number of training examples, 1 or more.
        settings: the settings, with the `batch_size`, `epochs` and `patience` of a large dataset.
        free: names of the settings that are defaults. The others stay as they are.
    """
    batch_size, epochs, patience = settings.batch_size, settings.epochs, settings.patience
    if "batch_size" in free:
        while batch_size >= 2 * MIN_BATCH_SIZE and examples < MIN_STEPS_PER_EPOCH * batch_size:
            batch_size //= 2
    steps = math.ceil(examples / batch_size)
    if "epochs" in free:
        epochs = max(epochs, math.ceil(MIN_STEPS / steps))
    if "patience" in free:
        patience = max(patience, math.ceil(MIN_PATIENCE_STEPS / steps))
    return replace(settings, batch_size=batch_size, epochs=epochs, patience=patience)


def tie(examples: int) -> float:
    """Returns the largest difference between two validation accuracies that counts as a tie.

    With fewer than 100 validation examples, a difference of one example is a tie, and the loss decides. With more,
    only equal accuracies are.

    Args:
        examples: number of validation examples.
    """
    return 1.001 / examples if examples < 100 else 0.0  # Slightly more than 1 because of rounding.


def enough_examples(settings: TrainingConfig) -> int:
    """Returns a number of training examples with which, or with more, `adapted_settings` changes nothing."""
    steps = max(MIN_STEPS_PER_EPOCH, MIN_STEPS / settings.epochs, MIN_PATIENCE_STEPS / max(settings.patience, 1))
    return math.ceil(steps) * settings.batch_size
