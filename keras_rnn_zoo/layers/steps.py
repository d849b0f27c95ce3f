"""What tasks share whose targets are several steps: classes, of which -1 is padding."""

from typing import Any

import keras
from keras import ops

from keras_rnn_zoo.padding import IGNORED


def step_crossentropy() -> Any:
    """Returns the loss of logits `(batch, time, classes)`: the mean over all steps that count."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED)


def counted_steps(targets: Any) -> int:
    """Returns the number of steps of a batch of targets that count."""
    return int((targets.numpy() != IGNORED).sum())


class StepAccuracy(keras.metrics.Mean):
    """The share of the steps that count whose class has the highest logit."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        y_true = ops.cast(y_true, "int32")
        right = ops.equal(y_true, ops.cast(ops.argmax(y_pred, axis=-1), "int32"))
        counts = ops.cast(ops.not_equal(y_true, IGNORED), "float32")
        return super().update_state(ops.cast(right, "float32"), sample_weight=counts)
