"""Loss and accuracy of targets of several steps: classes, of which -1 is padding, or transcripts."""

import keras
import tensorflow as tf
from keras import ops

from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.layers.ctc_loss import ctc_losses, real_frames


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


def likeliest(logits):
    """Returns the class of the highest logit, int32, of logits `(..., classes)`; of equal ones, the first."""
    if keras.backend.backend() == "tensorflow":
        # Keras first makes negative zeros smaller than zero, in five ops that each read and write all logits: with a
        # large vocabulary, a tenth of a training step.
        return tf.argmax(logits, axis=-1, output_type=tf.int32)
    return ops.cast(ops.argmax(logits, axis=-1), "int32")


class StepAccuracy(keras.metrics.Mean):
    """The share of the steps that count whose class has the highest logit."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "int32")
        right = ops.equal(y_true, likeliest(y_pred))
        counts = ops.cast(ops.not_equal(y_true, IGNORED), "float32")
        return super().update_state(ops.cast(right, "float32"), sample_weight=counts)


class TranscriptLoss(keras.losses.Loss):
    """The mean loss of connectionist temporal classification over the transcripts that fit into their frames.

    A transcript needs a frame for each of its classes, and one for a blank between equal ones. Where there are fewer,
    no path through the frames gives it: its loss would say nothing, and be larger than that of all others together.
    Transcripts are classes `(batch, length)`, zero for padding; predictions are logits `(batch, frames, classes)` of
    `BlankPadding`. On TensorFlow, compile the model with `jit_compile=False`: XLA does not have this kernel.
    """

    def call(self, y_true, y_pred):
        y_true, real = ops.cast(y_true, "int32"), real_frames(y_pred)
        frames = ops.sum(ops.cast(real, "int32"), axis=1)
        repeated = ops.logical_and(y_true[:, 1:] == y_true[:, :-1], y_true[:, 1:] != 0)
        needed = ops.sum(ops.cast(y_true != 0, "int32"), axis=1) + ops.sum(ops.cast(repeated, "int32"), axis=1)
        fits = needed <= frames
        # Of the empty transcript in its place, the loss is finite and so are its gradients.
        losses = ctc_losses(ops.where(fits[:, None], y_true, 0), y_pred, real)
        weights = ops.cast(fits, losses.dtype)
        return ops.sum(losses * weights) / ops.maximum(ops.sum(weights), 1)


class TranscriptAccuracy(keras.metrics.Mean):
    """The share of transcripts that the likeliest classes of the frames give without a mistake.

    Frames of one class in a row are read once, then blanks, class 0, are left out (Graves et al. 2006). Transcripts are
    classes `(batch, length)`, zero for padding; predictions are logits `(batch, frames, classes)`.
    """

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.pad(ops.cast(y_true, "int32"), [[0, 0], [0, 1]])
        best = likeliest(y_pred)  # (batch, frames)
        before = ops.pad(best[:, :-1], [[0, 0], [1, 0]])
        written = ops.logical_and(best != 0, best != before)
        places = ops.cumsum(ops.cast(written, "int32"), axis=1) - 1
        wanted = ops.take_along_axis(y_true, ops.clip(places, 0, ops.shape(y_true)[1] - 1), axis=1)
        right = ops.all(ops.logical_or(ops.logical_not(written), wanted == best), axis=1)
        as_long = places[:, -1] + 1 == ops.sum(ops.cast(y_true != 0, "int32"), axis=1)
        return super().update_state(ops.cast(ops.logical_and(right, as_long), "float32"))
