"""The loss of connectionist temporal classification: on TensorFlow by its C++ kernel, elsewhere by Keras."""

import keras
import tensorflow as tf

from keras_rnn_zoo.layers.masking import NEVER

_SPAN = 600.0
"""How far below the largest logit of its frame another may be. The kernel works with probabilities, and the logarithm
of one that is zero would make a loss infinite; in double precision that is one of `exp(-745)`."""


def real_frames(logits):
    """Returns which frames of logits `(batch, frames, classes)` are no padding by `BlankPadding`.

    A frame with NaN counts as real, so that it is seen in the loss.
    """
    # One class beside the blank is enough to tell, and no logits but those of padding are that low.
    return ~((logits[:, :, 0] == 0) & (logits[:, :, 1] <= NEVER / 2))


def last_frames(real):
    """Returns how many frames each row has up to its last real one, int32 `(batch,)`, given `real_frames`."""
    return tf.reduce_max(tf.where(real, tf.range(1, tf.shape(real)[1] + 1), 0), axis=1)


def ctc_losses(labels, logits, real):
    """Returns the negative log-probability of each transcript (Graves et al. 2006), float32 `(batch,)`.

    The losses and their gradient are those of `keras.losses.ctc`. On TensorFlow, Keras computes them by a loop of dense
    ops, whose work grows with the square of a transcript's length; TensorFlow's kernel for sparse labels takes a tenth
    of the time.

    Args:
        labels: classes, int32 `(batch, length)`, each at least 1; zeros after the end of a transcript. Each transcript
            must fit into its frames: one for each class, and one for the blank between two equal ones.
        logits: `(batch, frames, classes)`, of which class 0 is the blank; as of `BlankPadding`.
        real: boolean `(batch, frames)`, which frames are no padding; see `real_frames`.
    """
    if keras.backend.backend() != "tensorflow":
        return keras.losses.ctc(labels, logits)
    logits = tf.cast(logits, tf.float32)
    labels = tf.pad(labels, [[0, 0], [0, 1]])  # A first column, even where all transcripts are empty.
    empty = labels[:, 0] == 0
    return _losses_of_labels(labels, logits, real, empty) + _losses_of_blanks(logits, real & empty[:, None])


def _losses_of_labels(labels, logits, real, empty):
    """Returns the losses of transcripts, and zero for those that are `empty`."""
    # The kernel takes no row without a label, and computes nothing for one without frames.
    first = tf.range(tf.shape(labels)[1]) == 0
    places = tf.where((labels != 0) | first)
    # It wants the blank to be the last class.
    values = tf.maximum(tf.gather_nd(labels, places) - 1, 0)
    # It reads the first frame, whether there is one or not.
    frames = tf.pad(logits, [[0, 0], [0, tf.maximum(1 - tf.shape(logits)[1], 0)], [0, 0]])
    frames = tf.maximum(frames, tf.stop_gradient(tf.reduce_max(frames, axis=-1, keepdims=True)) - _SPAN)
    frames = tf.transpose(tf.roll(frames, -1, axis=-1), [1, 0, 2])
    losses, _ = tf.raw_ops.CTCLoss(
        inputs=tf.cast(frames, tf.float64),
        labels_indices=places,
        labels_values=values,
        sequence_length=tf.where(empty, 0, last_frames(real)),
        ignore_longer_outputs_than_inputs=True,
    )
    return tf.cast(losses, tf.float32)


def _losses_of_blanks(logits, frames):
    """Returns the loss of each row for predicting blank at each of its frames, a boolean mask `(batch, frames)`."""
    places = tf.where(frames)
    found = tf.gather_nd(logits, places)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.zeros_like(places[:, 0]), found)
    return tf.math.unsorted_segment_sum(losses, places[:, 0], tf.shape(logits, tf.int64)[0])
