"""Loss and accuracy of targets of several steps: classes, of which -1 is padding."""

import keras
from keras import ops

from keras_rnn_zoo.padding import IGNORED


class StepCrossentropy(keras.losses.Loss):
    """The mean cross-entropy over all steps that count, of logits `(batch, time, classes)`.

    Keras's `SparseCategoricalCrossentropy(ignore_class=-1)` gives the same, by one more pass over the logits each way.
    """

    def call(self, y_true, y_pred):
        counts = ops.not_equal(y_true, IGNORED)
        losses = ops.sparse_categorical_crossentropy(ops.where(counts, y_true, 0), y_pred, from_logits=True)
        weights = ops.cast(counts, losses.dtype)
        return ops.sum(losses * weights) / ops.maximum(ops.sum(weights), 1)


def counted_steps(targets):
    """Returns the number of steps of a batch of targets that count."""
    return int((targets.numpy() != IGNORED).sum())


class StepAccuracy(keras.metrics.Mean):
    """The share of the steps that count whose class has the highest logit."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "int32")
        right = ops.equal(y_true, ops.cast(ops.argmax(y_pred, axis=-1), "int32"))
        counts = ops.cast(ops.not_equal(y_true, IGNORED), "float32")
        return super().update_state(ops.cast(right, "float32"), sample_weight=counts)
