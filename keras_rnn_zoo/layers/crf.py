"""A linear-chain conditional random field (CRF): the tags of a sequence are scored together, not step by step.

Lafferty et al. 2001, "Conditional Random Fields"; Lample et al. 2016, "Neural Architectures for Named Entity
Recognition", section 2.2. No maintained library has a CRF for Keras 3.

The score of a sequence of tags is the sum of its emissions, the logits of its tags, and of its transitions, a learned
number for each pair of neighboring tags, for each first and for each last tag. The layer `Crf` returns all of these in
one tensor, the potentials, which the loss, the metric and decoding read:

    potentials  float32 (batch, classes + 2 + time, classes)
        [:, :classes]       transition from the tag of the row to the tag of the column
        [:, classes]        transition from the start to the first tag
        [:, classes + 1]    transition from the last tag to the end
        [:, classes + 2:]   emissions; `NEVER` at padding, which must be at the end
"""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.layers.loops import while_loop
from keras_rnn_zoo.layers.masking import NEVER, Masked
from keras_rnn_zoo.layers.steps import StepAccuracy, most_likely

_TINY = 1e-37
"""The smallest sum of probabilities, relative to the largest one, whose logarithm is taken; normal in float32."""


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class Crf(Masked):
    """Adds learned transitions between tags to their logits: `(batch, time, classes)` to the potentials.

    Example:
        >>> mask = keras.ops.convert_to_tensor([[True, True, False]])
        >>> tuple(Crf()(keras.ops.ones((1, 3, 4)), mask=mask).shape)
        (1, 9, 4)
    """

    def build(self, input_shape):
        classes = input_shape[-1]
        self.transitions = self.add_weight(shape=(classes, classes), initializer="zeros", name="transitions")
        self.start = self.add_weight(shape=(classes,), initializer="zeros", name="start")
        self.end = self.add_weight(shape=(classes,), initializer="zeros", name="end")

    def call(self, inputs, mask):
        emissions = ops.where(ops.expand_dims(mask, -1), inputs, ops.cast(NEVER, inputs.dtype))
        ends = [ops.expand_dims(self.start, 0), ops.expand_dims(self.end, 0)]
        transitions = ops.concatenate([self.transitions, *ends], axis=0)  # (classes + 2, classes)
        # A broadcast sum, for tf2onnx and LiteRT convert no broadcast to a shape that is known at run time only.
        rows = ops.expand_dims(ops.zeros_like(inputs[:, 0]), 1) + ops.cast(transitions, inputs.dtype)
        return ops.concatenate([rows, emissions], axis=1)

    def compute_output_spec(self, inputs, mask):
        batch, time, classes = inputs.shape
        rows = None if time is None else time + classes + 2
        return keras.KerasTensor((batch, rows, classes), dtype=inputs.dtype)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class BestTags(keras.layers.Layer):
    """Viterbi decoding as a layer: potentials to scores `(batch, time, classes)`; see `best_tags`.

    Args:
        forbidden: boolean `(classes + 2, classes)`, the transitions that are not allowed, in the order of the
            potentials; `None` if all are.
    """

    def __init__(self, forbidden=None, **kwargs):
        super().__init__(**kwargs)
        self.forbidden = None if forbidden is None else np.asarray(forbidden, bool)

    def call(self, potentials):
        return best_tags(potentials, self.forbidden)

    def get_config(self):
        return {**super().get_config(), "forbidden": None if self.forbidden is None else self.forbidden.tolist()}


class TagLogits(keras.layers.Layer):
    """The forward-backward algorithm as a layer: potentials to logits `(batch, time, classes)`; see `tag_logits`."""

    def call(self, potentials):
        return tag_logits(potentials)

    def compute_output_spec(self, potentials):
        batch, rows, classes = potentials.shape
        time = None if rows is None else rows - classes - 2
        return keras.KerasTensor((batch, time, classes), dtype=potentials.dtype)


class CrfLoss(keras.losses.Loss):
    """Negative log-likelihood of the true tags, summed over the sentences and divided by the number of labeled steps.

    Targets are class indices `(batch, time)`, -1 where there is none; predictions are potentials. A step without a
    label, such as a word whose tag is unknown, may have any tag: its tags are summed over (Tsuboi et al. 2008).
    """

    def call(self, y_true, y_pred):
        parts = _parts(y_pred)
        labels = ops.cast(y_true, "int32")
        counted = ops.sum(ops.cast(ops.not_equal(labels, IGNORED), y_pred.dtype))
        return ops.sum(_negative_log_likelihood(labels, *parts)) / ops.maximum(counted, 1)


class SequenceAccuracy(StepAccuracy):
    """Fraction of steps, without ignored ones, whose tag is the one in the best sequence of tags.

    Targets are class indices `(batch, time)`, -1 at ignored steps; predictions are potentials.

    Args:
        forbidden: as for `BestTags`.
    """

    def __init__(self, forbidden=None, **kwargs):
        super().__init__(**kwargs)
        self.forbidden = forbidden

    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(y_true, best_tags(y_pred, self.forbidden), sample_weight)


def best_tags(potentials, forbidden=None):
    """Finds the sequence of tags with the highest score, by the Viterbi algorithm.

    Args:
        potentials: the output of `Crf`.
        forbidden: as for `BestTags`.

    Returns:
        Scores, `(batch, time, classes)`: at each step, how good the best sequence with each tag is that goes on with
        the best tags of the steps after it. The tag with the highest score belongs to the best sequence.
    """
    emissions, real, transitions, start, end = _parts(potentials, forbidden)

    def extend(before, inputs):
        emission, real = inputs
        best = ops.max(ops.expand_dims(before, 2) + transitions, axis=1) + emission
        best = best - ops.max(best, axis=-1, keepdims=True)  # Small numbers are precise.
        best = ops.where(real, best, before)
        return best, best

    first = start + emissions[0]
    # Another step, of padding: TensorFlow cannot stack the outputs of no steps.
    later = ops.concatenate([emissions[1:], ops.zeros_like(emissions[:1]) + NEVER], axis=0)
    _, rest = _scan(extend, first, (later, _is_real(later)))
    scores = ops.concatenate([ops.expand_dims(first, 0), rest[:-1]], axis=0)  # (time, batch, classes)
    into = ops.transpose(transitions)

    def choose(after, inputs):
        scores, real = inputs
        scores = scores + after
        return ops.where(real, ops.take(into, most_likely(scores), axis=0), after), scores

    _, chosen = _scan(choose, ops.zeros_like(first) + end, (scores, real), reverse=True)
    return ops.transpose(chosen, (1, 0, 2))


def marginals(potentials):
    """Returns the probability of each tag at each step, `(batch, time, classes)`."""
    return ops.softmax(tag_logits(potentials), axis=-1)


def tag_logits(potentials):
    """Returns logits of the `marginals`, `(batch, time, classes)`, by the forward-backward algorithm."""
    emissions, real, transitions, start, end = _parts(potentials)
    before = _forward(emissions, real, transitions, start)

    def extend(after, inputs):
        emission, real = inputs
        extended = _log_product(after + emission, ops.transpose(transitions))
        return ops.where(real, extended, after), after

    _, after = _scan(extend, ops.zeros_like(emissions[0]) + end, (emissions, real), reverse=True)
    return ops.transpose(before + after, (1, 0, 2))


def _negative_log_likelihood(labels, emissions, real, transitions, start, end):
    """Returns the negative log-likelihood of labels `(batch, time)` of each sentence, `(batch,)`."""
    # The same number for all tags of a step changes no probability. Emissions that are log-probabilities keep the two
    # sums small, and their difference precise.
    emissions = ops.log_softmax(emissions, axis=-1)
    labels = ops.expand_dims(ops.transpose(labels), -1)  # (time, batch, 1)
    tags = ops.arange(ops.shape(emissions)[-1], dtype="int32")
    possible = ops.logical_or(ops.equal(labels, tags), ops.equal(labels, IGNORED))
    fitting = ops.where(possible, emissions, ops.cast(NEVER, emissions.dtype))
    # One loop for both sums: over all sequences of tags, and over those that have the labels.
    both, twice = ops.concatenate([emissions, fitting], axis=1), ops.concatenate([real, real], axis=1)
    sums = ops.logsumexp(_forward(both, twice, transitions, start)[-1] + end, axis=-1)
    every, labeled = ops.split(sums, 2)
    return every - labeled


def _forward(emissions, real, transitions, start):
    """Returns, for each step and tag, the log of the summed scores of all sequences that end with it there.

    The result is `(time, batch, classes)`; at padding, it is that of the last real step.
    """

    def extend(before, inputs):
        emission, real = inputs
        after = ops.where(real, _log_product(before, transitions) + emission, before)
        return after, after

    first = start + emissions[0]
    later, real = (ops.concatenate([one[1:], ops.zeros_like(one[:1])], axis=0) for one in (emissions, real))
    _, rest = _scan(extend, first, (later, real))  # With a step of padding, as in `best_tags`.
    return ops.concatenate([ops.expand_dims(first, 0), rest[:-1]], axis=0)


def _log_product(logs, transitions):
    """Returns `log(exp(logs) @ exp(transitions))` for `(batch, classes)` and `(classes, classes)`.

    A matrix product takes a fraction of the time and memory of `logsumexp` over all pairs of tags.
    """
    shift = ops.stop_gradient(ops.max(logs, axis=-1, keepdims=True))
    shifts = ops.stop_gradient(ops.max(transitions, axis=0))
    product = ops.matmul(ops.exp(logs - shift), ops.exp(transitions - shifts))
    return ops.log(ops.maximum(product, _TINY)) + shift + shifts


def _parts(potentials, forbidden=None):
    """Returns the emissions `(time, batch, classes)`, the mask `(time, batch, 1)`, transitions, starts and ends."""
    classes = potentials.shape[-1]
    # The transitions of all rows are the same.
    transitions = potentials[0, : classes + 2]
    if forbidden is not None:
        transitions = ops.where(forbidden, ops.cast(NEVER, transitions.dtype), transitions)
    emissions = ops.transpose(potentials[:, classes + 2 :], (1, 0, 2))
    return emissions, _is_real(emissions), transitions[:classes], transitions[classes], transitions[classes + 1]


def _is_real(emissions):
    """Returns whether emissions `(time, batch, classes)` are those of a real step, `(time, batch, 1)`."""
    return ops.logical_not(emissions[:, :, :1] <= NEVER / 2)  # NaN is real, so that the loss shows it.


def _scan(step, initial, inputs, *, reverse=False):
    """Runs `step(state, inputs of a step) -> (state, output)` over the first axis of all inputs, as `ops.scan`.

    On TensorFlow, `ops.scan` does not accept several inputs of unknown length, and keeps states in a way that LiteRT
    and ONNX do not support.
    """
    if keras.backend.backend() != "tensorflow":
        return ops.scan(step, initial, inputs, reverse=reverse)
    count = tf.shape(inputs[0])[0]
    if reverse:
        inputs = [tf.reverse(values, [0]) for values in inputs]
    arrays = [tf.TensorArray(one.dtype, count, element_shape=one.shape[1:]).unstack(one) for one in inputs]

    def body(index, state, outputs):
        state, output = step(state, [array.read(index) for array in arrays])
        return index + 1, state, outputs.write(index, output)

    outputs = tf.TensorArray(initial.dtype, count, element_shape=initial.shape)
    _, state, outputs = while_loop(lambda index, *_: index < count, body, (tf.constant(0), initial, outputs))
    steps = outputs.stack()
    return state, tf.reverse(steps, [0]) if reverse else steps
