"""Masks and what respects them. A mask is boolean `(batch, time)`, true where a step is real."""

import keras
from keras import ops

NEVER = -1e4
"""The logit of a class that a frame of padding cannot be of; representable in float16."""


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class StepMask(keras.layers.Layer):
    """The mask of a padded sequence `(batch, time, ...)`: true where a step is real, and always at the first step.

    A step is padding if its first value is 0 (integers, such as token ids) or NaN (floating-point numbers). With one
    step to read in every row, an empty sequence has an answer, pooling never divides by zero, and cuDNN, which refuses
    rows that are wholly masked, can run.
    """

    def call(self, inputs):
        firsts = ops.reshape(inputs, (*ops.shape(inputs)[:2], -1))[:, :, 0]
        floating = "float" in keras.backend.standardize_dtype(inputs.dtype)
        real = ops.logical_not(ops.isnan(firsts)) if floating else ops.not_equal(firsts, 0)
        return ops.logical_or(real, ops.arange(ops.shape(inputs)[1]) == 0)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs.shape[:2], dtype="bool")


class Masked(keras.layers.Layer):
    """What layers share that take the mask as an argument: Keras attaches none to their output."""

    supports_masking = True

    def compute_mask(self, inputs, previous_mask):
        return None


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class ZeroPadding(Masked):
    """Sets the steps that are padding to zero: `(batch, time, ...)`, whatever stood there, NaN included.

    NaN becomes zero in real steps, too: the first step of an empty sequence counts as real.

    Args:
        finite: whether the inputs never hold NaN or infinity. They are then multiplied by the mask, which takes a third
            of the time.
    """

    def __init__(self, finite=False, **kwargs):
        super().__init__(**kwargs)
        self.finite = finite

    def call(self, inputs, mask):
        zero, extra = ops.cast(0, inputs.dtype), (1,) * (len(inputs.shape) - 2)
        if self.finite:
            return inputs * ops.reshape(ops.cast(mask, inputs.dtype), (*ops.shape(mask), *extra))
        # NaN by itself, else tf2onnx makes the choice a product with 0 or 1, and of NaN that is NaN.
        inputs = ops.where(ops.isnan(inputs), zero, inputs)
        return ops.where(ops.reshape(mask, (*ops.shape(mask), *extra)), inputs, zero)

    def compute_output_spec(self, inputs, mask):
        return keras.KerasTensor(inputs.shape, dtype=inputs.dtype)

    def get_config(self):
        return {**super().get_config(), "finite": self.finite}


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MeanSubtraction(Masked):
    """Subtracts from each feature its mean over the real steps: `(batch, time, features)`."""

    def call(self, inputs, mask):
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        mean = ops.sum(inputs * weights, axis=1, keepdims=True) / ops.sum(weights, axis=1, keepdims=True)
        return (inputs - mean) * weights


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MaskedMaxPooling(Masked):
    """The largest value of each feature over the real steps: `(batch, time, features)` to `(batch, features)`."""

    def call(self, inputs, mask):
        lowest = ops.cast(-1e4, inputs.dtype)  # Representable in float16, below any state of a cell.
        return ops.max(ops.where(ops.expand_dims(mask, -1), inputs, lowest), axis=1)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MaskedMeanPooling(Masked):
    """The mean of each feature over the real steps: `(batch, time, features)` to `(batch, features)`."""

    def call(self, inputs, mask):
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        return ops.sum(inputs * weights, axis=1) / ops.sum(weights, axis=1)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class AttentionPooling(Masked):
    """A weighted mean over the real steps, with learnt weights: `(batch, time, features)` to `(batch, features)`.

    A step's weight is the softmax over time of `v . tanh(W h + b)` (Yang et al. 2016, "Hierarchical Attention Networks
    for Document Classification", equations 5 to 7).
    """

    def build(self, input_shape):
        features = input_shape[-1]
        dtype = self.dtype_policy
        self.projection = keras.layers.Dense(features, activation="tanh", dtype=dtype, name="projection")
        self.projection.build(input_shape)
        self.score = keras.layers.Dense(1, use_bias=False, dtype=dtype, name="score")
        self.score.build((*input_shape[:-1], features))

    def call(self, inputs, mask):
        scores = self.score(self.projection(inputs))  # (batch, time, 1)
        scores = ops.where(ops.expand_dims(mask, -1), scores, ops.cast(-1e4, scores.dtype))
        return ops.sum(ops.softmax(scores, axis=1) * inputs, axis=1)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class BlankPadding(Masked):
    """Makes padding frames of logits `(batch, time, classes)` certain to be the blank, class 0.

    Such frames add nothing to the loss of connectionist temporal classification, and nothing to a transcript.
    """

    def call(self, inputs, mask):
        blank = ops.where(ops.arange(ops.shape(inputs)[-1]) == 0, 0.0, NEVER)
        return ops.where(ops.expand_dims(mask, -1), inputs, ops.cast(blank, inputs.dtype))


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class WordDropout(keras.layers.Layer):
    """In training, replaces each token id by that of the unknown word (1) with probability `rate`.

    Dai and Le 2015, "Semi-supervised Sequence Learning", section 4.1, drop words of IMDB reviews in this way. It also
    teaches what an unknown word is worth.

    The words that use brings and training had not are rare ones. To teach what stands around them, rare words are to be
    dropped more often than common ones (Kiperwasser and Goldberg 2016, section 5.2); as a vocabulary is sorted, an id
    tells how rare its word is.

    Args:
        rate: the probability, from 0 to 1.
        vocabulary_size: if given, the probability is `rate` for the rarest word of so many, and falls with the square
            root of the id towards the commonest.
    """

    def __init__(self, rate, vocabulary_size=None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.vocabulary_size = rate, vocabulary_size
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, ids, training=False):
        if not training or not self.rate:
            return ids
        drawn = keras.random.uniform(ops.shape(ids), seed=self.seed_generator)
        rate = self.rate
        if self.vocabulary_size:
            rate = rate * ops.sqrt(ops.cast(ids, "float32") / self.vocabulary_size)
        return ops.where(ops.logical_and(drawn < rate, ops.not_equal(ids, 0)), ops.ones_like(ids), ids)

    def compute_output_spec(self, ids, training=False):
        return keras.KerasTensor(ids.shape, dtype=ids.dtype)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "vocabulary_size": self.vocabulary_size}
