"""Losses and accuracies for targets with several steps: class indices padded with -1, numbers, or transcripts."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.layers.ctc_loss import ctc_losses, real_frames


def _mean_where(counted, losses):
    """Returns the mean of the losses that count, 0 if none do."""
    weights = ops.cast(counted, losses.dtype)
    return ops.sum(losses * weights) / ops.maximum(ops.sum(weights), 1)


def crossentropies(classes, logits, smoothing=0.0):
    """Returns the cross-entropy of each prediction, maybe with smoothed labels (Szegedy et al. 2016, section 7).

    Args:
        classes: the true class indices, `(...)`.
        logits: `(..., classes)`.
        smoothing: the probability that is shared equally among all classes; the true class gets the rest.
    """
    losses = ops.sparse_categorical_crossentropy(classes, logits, from_logits=True)
    if not smoothing:
        return losses
    # Relative to the unsmoothed loss: no vector of probabilities is needed, which a large vocabulary makes expensive.
    own = ops.take_along_axis(logits, ops.expand_dims(ops.cast(classes, "int32"), -1), axis=-1)
    return losses + smoothing * (ops.squeeze(own, -1) - ops.mean(logits, axis=-1))


class SmoothedCrossentropy(keras.losses.Loss):
    """Mean cross-entropy with smoothed labels; see `crossentropies`.

    Targets are class indices `(batch,)`; predictions are logits `(batch, classes)`.

    Args:
        smoothing: as for `crossentropies`.
    """

    def __init__(self, smoothing):
        super().__init__()
        self.smoothing = smoothing

    def call(self, y_true, y_pred):
        return crossentropies(y_true, y_pred, self.smoothing)


class StepCrossentropy(keras.losses.Loss):
    """Mean cross-entropy over all steps that are not ignored.

    Targets are class indices `(batch, time)`, -1 at ignored steps; predictions are logits `(batch, time, classes)`.
    Keras's `SparseCategoricalCrossentropy(ignore_class=-1)` gives the same value, but makes one more pass over the
    logits in each direction.

    Args:
        smoothing: as for `crossentropies`.
    """

    def __init__(self, smoothing=0.0):
        super().__init__()
        self.smoothing = smoothing

    def call(self, y_true, y_pred):
        counted = ops.not_equal(y_true, IGNORED)
        losses = crossentropies(ops.where(counted, y_true, 0), y_pred, self.smoothing)
        return _mean_where(counted, losses)


class StepBinaryCrossentropy(keras.losses.Loss):
    """Mean binary cross-entropy over the classes of all steps that are not ignored.

    Targets are 0 or 1 `(batch, time, classes)`, -1 at ignored steps; predictions are logits of the same shape.
    """

    def call(self, y_true, y_pred):
        counted = ops.not_equal(y_true, IGNORED)
        losses = ops.binary_crossentropy(ops.where(counted, y_true, 0), y_pred, from_logits=True)
        return _mean_where(counted, losses)


class StepSquaredError(keras.losses.Loss):
    """Mean squared error over the numbers of all steps that are not missing.

    Targets are numbers `(batch, time, targets)`, NaN where missing; predictions have the same shape.
    """

    def call(self, y_true, y_pred):
        counted = ops.logical_not(ops.isnan(y_true))
        # A missing number counts as predicted exactly: NaN times zero would still be NaN.
        errors = ops.where(counted, y_true, y_pred) - y_pred
        return ops.sum(ops.square(errors)) / ops.maximum(ops.sum(ops.cast(counted, errors.dtype)), 1)


def counted_steps(targets):
    """Returns the number of steps, or of their classes or numbers, in a batch of targets that are not ignored."""
    targets = targets.numpy()
    return int((~np.isnan(targets) if targets.dtype.kind == "f" else targets != IGNORED).sum())


def most_likely(logits):
    """Returns the class with the highest logit, int32 `(...)` for logits `(..., classes)`; the first one of a tie."""
    if keras.backend.backend() == "tensorflow":
        # Keras first makes negative zeros smaller than zero, in five ops that each read and write all logits. With a
        # large vocabulary, that takes a tenth of a training step.
        return tf.argmax(logits, axis=-1, output_type=tf.int32)
    return ops.cast(ops.argmax(logits, axis=-1), "int32")


class StepAccuracy(keras.metrics.Mean):
    """Fraction of steps, without ignored ones, whose class has the highest logit.

    Targets are class indices `(batch, time)`, -1 at ignored steps; predictions are logits `(batch, time, classes)`.
    """

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "int32")
        correct = ops.equal(y_true, most_likely(y_pred))
        counted = ops.cast(ops.not_equal(y_true, IGNORED), "float32")
        return super().update_state(ops.cast(correct, "float32"), sample_weight=counted)


class TranscriptLoss(keras.losses.Loss):
    """Mean CTC (connectionist temporal classification) loss over the transcripts that fit into their frames.

    A transcript needs a frame for each of its classes, plus one for a blank between equal ones. With fewer frames, no
    alignment exists: the loss would be meaningless, and larger than that of all other transcripts together.

    Targets are class indices `(batch, length)`, padded with zeros; predictions are logits `(batch, frames, classes)`
    from `BlankPadding`. On TensorFlow, compile the model with `jit_compile=False`: XLA does not support this kernel.
    """

    def call(self, y_true, y_pred):
        y_true, real = ops.cast(y_true, "int32"), real_frames(y_pred)
        frames = ops.sum(ops.cast(real, "int32"), axis=1)
        repeated = ops.logical_and(y_true[:, 1:] == y_true[:, :-1], y_true[:, 1:] != 0)
        needed = ops.sum(ops.cast(y_true != 0, "int32"), axis=1) + ops.sum(ops.cast(repeated, "int32"), axis=1)
        fits = needed <= frames
        # An empty transcript in its place has a finite loss and finite gradients.
        losses = ctc_losses(ops.where(fits[:, None], y_true, 0), y_pred, real)
        weights = ops.cast(fits, losses.dtype)
        return ops.sum(losses * weights) / ops.maximum(ops.sum(weights), 1)


class TranscriptAccuracy(keras.metrics.Mean):
    """Exact-match accuracy of greedy (best-path) CTC decoding.

    Decoding takes the most likely class of each frame, merges repetitions and removes blanks, class 0 (Graves et al.
    2006). Targets are class indices `(batch, length)`, padded with zeros; predictions are logits `(batch, frames,
    classes)`.
    """

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.pad(ops.cast(y_true, "int32"), [[0, 0], [0, 1]])
        best = most_likely(y_pred)  # (batch, frames)
        previous = ops.pad(best[:, :-1], [[0, 0], [1, 0]])
        emitted = ops.logical_and(best != 0, best != previous)
        positions = ops.cumsum(ops.cast(emitted, "int32"), axis=1) - 1  # Position in the transcript at each frame.
        expected = ops.take_along_axis(y_true, ops.clip(positions, 0, ops.shape(y_true)[1] - 1), axis=1)
        correct = ops.all(ops.logical_or(ops.logical_not(emitted), expected == best), axis=1)
        same_length = positions[:, -1] + 1 == ops.sum(ops.cast(y_true != 0, "int32"), axis=1)
        return super().update_state(ops.cast(ops.logical_and(correct, same_length), "float32"))
