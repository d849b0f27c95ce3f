"""Masks and what respects them. A mask is boolean `(batch, time)`, true where a step is real."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class StepMask(keras.layers.Layer):
    """The mask of token ids `(batch, time)`: true where the id is not padding (0), and always at the first step.

    With one step to read in every row, an empty sequence has an answer, pooling never divides by zero, and cuDNN,
    which refuses rows that are wholly masked, can run.
    """

    def call(self, ids):
        first = ops.arange(ops.shape(ids)[1]) == 0
        return ops.logical_or(ops.not_equal(ids, 0), first)

    def compute_output_spec(self, ids):
        return keras.KerasTensor(ids.shape, dtype="bool")


class MaskedPooling(keras.layers.Layer):
    """What pooling layers share: they take the mask as an argument, and their output, without time, has none."""

    supports_masking = True

    def compute_mask(self, inputs, previous_mask):
        return None


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MaskedMaxPooling(MaskedPooling):
    """The largest value of each feature over the real steps: `(batch, time, features)` to `(batch, features)`."""

    def call(self, inputs, mask):
        lowest = ops.cast(-1e4, inputs.dtype)  # Representable in float16, below any state of a cell.
        return ops.max(ops.where(ops.expand_dims(mask, -1), inputs, lowest), axis=1)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MaskedMeanPooling(MaskedPooling):
    """The mean of each feature over the real steps: `(batch, time, features)` to `(batch, features)`."""

    def call(self, inputs, mask):
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        return ops.sum(inputs * weights, axis=1) / ops.sum(weights, axis=1)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class AttentionPooling(MaskedPooling):
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
class TokenDropout(keras.layers.Layer):
    """In training, replaces each token id by that of the unknown word (1) with probability `rate`.

    Dai and Le 2015, "Semi-supervised Sequence Learning", section 4.1, drop words of IMDB reviews in this way. It also
    teaches what an unknown word is worth.

    Args:
        rate: the probability, from 0 to 1.
    """

    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, ids, training=False):
        if not training or not self.rate:
            return ids
        drawn = keras.random.uniform(ops.shape(ids), seed=self.seed_generator) < self.rate
        return ops.where(ops.logical_and(drawn, ops.not_equal(ids, 0)), ops.ones_like(ids), ids)

    def compute_output_spec(self, ids, training=False):
        return keras.KerasTensor(ids.shape, dtype=ids.dtype)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}
