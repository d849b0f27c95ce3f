"""Masks, and layers that respect them. A mask is boolean `(batch, time)`, true at real steps and false at padding."""

import keras
from keras import ops

NEVER = -1e4
"""The logit of an impossible class at a padding frame; representable in float16."""


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class StepMask(keras.layers.Layer):
    """Computes the mask `(batch, time)` of a padded sequence `(batch, time, ...)`; the first step counts as real.

    A step is padding if its first value is 0 (integers, such as token ids) or NaN (floating-point numbers). Because
    every row has at least one real step, the model has a prediction for an empty sequence, pooling never divides by
    zero, and cuDNN, which rejects fully masked rows, can run.
    """

    def call(self, inputs):
        firsts = ops.reshape(inputs, (*ops.shape(inputs)[:2], -1))[:, :, 0]
        floating = "float" in keras.backend.standardize_dtype(inputs.dtype)
        real = ops.logical_not(ops.isnan(firsts)) if floating else ops.not_equal(firsts, 0)
        return ops.logical_or(real, ops.arange(ops.shape(inputs)[1]) == 0)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs.shape[:2], dtype="bool")


class Masked(keras.layers.Layer):
    """Base class of layers that take the mask as an argument; Keras attaches no mask to their output.

    A layer that combines steps can also read a sequence in parts, if it has two more methods:

    - `state_shapes(features)` returns, for each state by name, the shape of a row and the value at the start.
    - `resume(inputs, mask, states)` returns the result for the steps so far, or for each step of the part, and the new
      states. Rows without real steps keep theirs.
    """

    supports_masking = True

    def compute_mask(self, inputs, previous_mask):
        return None


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class ZeroPadding(Masked):
    """Sets padding steps of `(batch, time, ...)` to zero, whatever their value, including NaN.

    NaN becomes zero at real steps, too, because the first step of an empty sequence counts as real.

    Args:
        finite: whether the inputs never contain NaN or infinity. They are then multiplied by the mask, which takes a
            third of the time.
    """

    def __init__(self, finite=False, **kwargs):
        super().__init__(**kwargs)
        self.finite = finite

    def call(self, inputs, mask):
        zero, extra = ops.cast(0, inputs.dtype), (1,) * (len(inputs.shape) - 2)
        if self.finite:
            return inputs * ops.reshape(ops.cast(mask, inputs.dtype), (*ops.shape(mask), *extra))
        # Replace NaN separately: tf2onnx may convert the second `where` to a product with 0 or 1, which keeps NaN.
        inputs = ops.where(ops.isnan(inputs), zero, inputs)
        return ops.where(ops.reshape(mask, (*ops.shape(mask), *extra)), inputs, zero)

    def compute_output_spec(self, inputs, mask):
        return keras.KerasTensor(inputs.shape, dtype=inputs.dtype)

    def get_config(self):
        return {**super().get_config(), "finite": self.finite}


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MeanSubtraction(Masked):
    """Subtracts from each feature of `(batch, time, features)` its mean over the real steps; padding becomes zero.

    Args:
        running: whether the mean at a step is that of the steps up to it, rather than of all.
    """

    def __init__(self, running=False, **kwargs):
        super().__init__(**kwargs)
        self.running = running

    def call(self, inputs, mask):
        if self.running:
            nothing = ops.zeros_like(inputs[:, 0])
            return self.resume(inputs, mask, {"mean": nothing, "count": nothing[:, :1]})[0]
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        mean = ops.sum(inputs * weights, axis=1, keepdims=True) / ops.sum(weights, axis=1, keepdims=True)
        return (inputs - mean) * weights

    def state_shapes(self, features):
        return {"mean": ((features,), 0.0), "count": ((1,), 0.0)}

    def resume(self, inputs, mask, states):
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        # Sums of differences from the mean so far, which is the first step at the start, stay small and exact.
        start = ops.expand_dims(ops.where(states["count"] > 0, states["mean"], inputs[:, 0]), 1)
        counts = ops.expand_dims(states["count"], 1) + ops.cumsum(weights, axis=1)  # (batch, time, 1)
        means = start + ops.cumsum((inputs - start) * weights, axis=1) / ops.maximum(counts, 1)
        return (inputs - means) * weights, {"mean": means[:, -1], "count": counts[:, -1]}

    def get_config(self):
        return {**super().get_config(), "running": self.running}


def pooled(x, mask, pooling):
    """Combines the steps of a sequence to one vector: `(batch, time, features)` to `(batch, features)`.

    Args:
        x: the sequence.
        mask: its mask.
        pooling: `"mean"`, `"max"` or `"attention"`, the learned weighted mean.
    """
    pools = {"mean": MaskedMeanPooling, "max": MaskedMaxPooling, "attention": AttentionPooling}
    return pools[pooling](name="pooling")(x, mask=mask)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MaskedMaxPooling(Masked):
    """Maximum of each feature over the real steps: `(batch, time, features)` to `(batch, features)`."""

    LOWEST = -1e4
    """Representable in float16, and below any state of a cell."""

    def call(self, inputs, mask):
        lowest = ops.cast(self.LOWEST, inputs.dtype)
        return ops.max(ops.where(ops.expand_dims(mask, -1), inputs, lowest), axis=1)

    def state_shapes(self, features):
        return {"max": ((features,), self.LOWEST)}

    def resume(self, inputs, mask, states):
        highest = ops.maximum(states["max"], self(inputs, mask=mask))
        return highest, {"max": highest}


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MaskedMeanPooling(Masked):
    """Mean of each feature over the real steps: `(batch, time, features)` to `(batch, features)`."""

    def call(self, inputs, mask):
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        return ops.sum(inputs * weights, axis=1) / ops.sum(weights, axis=1)

    def state_shapes(self, features):
        return {"mean": ((features,), 0.0), "count": ((1,), 0.0)}

    def resume(self, inputs, mask, states):
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        mean, count = states["mean"], states["count"] + ops.sum(weights, axis=1)
        # The difference of the new mean from the old one is exact however many steps there were; a sum would not be.
        mean = mean + ops.sum((inputs - ops.expand_dims(mean, 1)) * weights, axis=1) / ops.maximum(count, 1)
        return mean, {"mean": mean, "count": count}


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class AttentionPooling(Masked):
    """Weighted mean over the real steps, with learned weights: `(batch, time, features)` to `(batch, features)`.

    A step's weight is the softmax over time of `v . tanh(W h + b)` (Yang et al. 2016, "Hierarchical Attention Networks
    for Document Classification", equations 5 to 7).

    Example:
        >>> mask = keras.ops.convert_to_tensor([[True, True, False]])
        >>> tuple(AttentionPooling()(keras.ops.ones((1, 3, 4)), mask=mask).shape)
        (1, 4)
    """

    LOWEST = -1e4

    def build(self, input_shape):
        features = input_shape[-1]
        dtype = self.dtype_policy
        self.projection = keras.layers.Dense(features, activation="tanh", dtype=dtype, name="projection")
        self.projection.build(input_shape)
        self.score = keras.layers.Dense(1, use_bias=False, dtype=dtype, name="score")
        self.score.build((*input_shape[:-1], features))

    def call(self, inputs, mask):
        return ops.sum(ops.expand_dims(self.attention_weights(inputs, mask), -1) * inputs, axis=1)

    def attention_weights(self, inputs, mask):
        """Returns the weight of each step, `(batch, time)`."""
        return ops.softmax(self._scores(inputs, mask)[:, :, 0], axis=1)

    def _scores(self, inputs, mask):
        scores = self.score(self.projection(inputs))  # (batch, time, 1)
        return ops.where(ops.expand_dims(mask, -1), scores, ops.cast(self.LOWEST, scores.dtype))

    def state_shapes(self, features):
        return {"mean": ((features,), 0.0), "weight": ((1,), 0.0), "highest": ((1,), self.LOWEST)}

    def resume(self, inputs, mask, states):
        # The mean so far, the sum of its weights, and the score that has weight 1 suffice (Milakov and Gimelshein 2018,
        # "Online normalizer calculation for softmax").
        scores = self._scores(inputs, mask)
        highest = ops.maximum(states["highest"], ops.max(scores, axis=1))
        weights = ops.exp(scores - ops.expand_dims(highest, 1)) * ops.expand_dims(ops.cast(mask, scores.dtype), -1)
        before = states["weight"] * ops.exp(states["highest"] - highest)
        weight = before + ops.sum(weights, axis=1)
        mean = states["mean"] * before + ops.sum(weights * inputs, axis=1)
        mean = mean / ops.where(weight > 0, weight, 1.0)
        return mean, {"mean": mean, "weight": weight, "highest": highest}


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class BlankPadding(Masked):
    """Sets the logits `(batch, time, classes)` of padding frames so that the blank, class 0, is certain.

    Such frames contribute nothing to the CTC loss or to a transcript.
    """

    def call(self, inputs, mask):
        blank = ops.where(ops.arange(ops.shape(inputs)[-1]) == 0, 0.0, NEVER)
        return ops.where(ops.expand_dims(mask, -1), inputs, ops.cast(blank, inputs.dtype))


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class WordDropout(keras.layers.Layer):
    """Replaces token ids by the id of the unknown word (1) at random in training: int32 `(batch, time)`.

    Dai and Le 2015, "Semi-supervised Sequence Learning", section 4.1, drop words of IMDB reviews in this way. It also
    trains the embedding of the unknown word.

    Words seen only at inference are mostly rare ones. To train their contexts, rare words should be dropped more often
    than common ones (Kiperwasser and Goldberg 2016, section 5.2). Vocabularies are sorted by frequency, so a word's id
    indicates how rare it is.

    Args:
        rate: the probability of dropping a token, from 0 to 1.
        vocabulary_size: if set, `rate` is the probability for the rarest word of a vocabulary of this size, and it
            decreases with the square root of the id toward the most frequent word.
    """

    def __init__(self, rate, vocabulary_size=None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.vocabulary_size = rate, vocabulary_size
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, ids, training=False):
        if not training or not self.rate:
            return ids
        draws = keras.random.uniform(ops.shape(ids), seed=self.seed_generator)
        rate = self.rate
        if self.vocabulary_size:
            rate = rate * ops.sqrt(ops.cast(ids, "float32") / self.vocabulary_size)
        return ops.where(ops.logical_and(draws < rate, ops.not_equal(ids, 0)), ops.ones_like(ids), ids)

    def compute_output_spec(self, ids, training=False):
        return keras.KerasTensor(ids.shape, dtype=ids.dtype)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "vocabulary_size": self.vocabulary_size}
