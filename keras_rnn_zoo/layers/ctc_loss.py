"""The CTC (connectionist temporal classification) loss: TensorFlow's C++ kernel, or Keras on other backends."""

import keras
import tensorflow as tf

from keras_rnn_zoo.layers.masking import NEVER

_SPAN = 600.0
"""Logits are clipped at this far below the largest logit of their frame. The kernel works with probabilities: one that
underflows to zero, in double precision below `exp(-745)`, would make the loss infinite."""


def real_frames(logits):
    """Returns a boolean mask `(batch, frames)` of the frames that `BlankPadding` did not mark as padding.

    Args:
        logits: `(batch, frames, classes)`. A frame with NaN counts as real, so that the loss shows it.
    """
    # One class besides the blank suffices: only the logits of padding are that low.
    return ~((logits[:, :, 0] == 0) & (logits[:, :, 1] <= NEVER / 2))


def last_frames(real):
    """Returns the number of frames up to the last real one, int32 `(batch,)`, given a mask from `real_frames`."""
    return tf.reduce_max(tf.where(real, tf.range(1, tf.shape(real)[1] + 1), 0), axis=1)


def ctc_losses(labels, logits, real):
    """Returns the negative log-probability of each transcript (Graves et al. 2006), float32 `(batch,)`.

    The losses and their gradients are those of `keras.losses.ctc`. On TensorFlow, Keras computes them in a loop of
    dense ops whose cost grows with the square of a transcript's length; TensorFlow's kernel for sparse labels takes a
    tenth of the time.

    Args:
        labels: class indices, int32 `(batch, length)`, each at least 1; zeros pad the end of a transcript. A transcript
            must fit into its frames: one frame per class, plus one for a blank between two equal classes.
        logits: `(batch, frames, classes)` from `BlankPadding`; class 0 is the blank.
        real: boolean `(batch, frames)`, true at frames that are not padding; see `real_frames`.
    """
    if keras.backend.backend() != "tensorflow":
        return keras.losses.ctc(labels, logits)
    logits = tf.cast(logits, tf.float32)
    labels = tf.pad(labels, [[0, 0], [0, 1]])  # So that there is a first column, even if all transcripts are empty.
    empty = labels[:, 0] == 0
    return _losses_of_labels(labels, logits, real, empty) + _losses_of_blanks(logits, real & empty[:, None])


def _losses_of_labels(labels, logits, real, empty):
    """Returns the loss of each transcript, float32 `(batch,)`, and zero for those that are `empty`."""
    # The kernel rejects rows without a label, and skips rows without frames.
    first = tf.range(tf.shape(labels)[1]) == 0
    indices = tf.where((labels != 0) | first)
    # It expects the blank to be the last class.
    values = tf.maximum(tf.gather_nd(labels, indices) - 1, 0)
    # It always reads the first frame, even if there is none.
    frames = tf.pad(logits, [[0, 0], [0, tf.maximum(1 - tf.shape(logits)[1], 0)], [0, 0]])
    frames = tf.maximum(frames, tf.stop_gradient(tf.reduce_max(frames, axis=-1, keepdims=True)) - _SPAN)
    frames = tf.transpose(tf.roll(frames, -1, axis=-1), [1, 0, 2])  # (frames, batch, classes)
    losses, _ = tf.raw_ops.CTCLoss(
        inputs=tf.cast(frames, tf.float64),
        labels_indices=indices,
        labels_values=values,
        sequence_length=tf.where(empty, 0, last_frames(real)),
        ignore_longer_outputs_than_inputs=True,
    )
    return tf.cast(losses, tf.float32)


def _losses_of_blanks(logits, frames):
    """Returns the loss `(batch,)` of predicting blank at the frames selected by a boolean mask `(batch, frames)`."""
    indices = tf.where(frames)
    selected = tf.gather_nd(logits, indices)  # (selected frames, classes)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.zeros_like(indices[:, 0]), selected)
    return tf.math.unsorted_segment_sum(losses, indices[:, 0], tf.shape(logits, tf.int64)[0])
