"""Attention: for each query, a weighted mean of what was read."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class SequenceAttention(keras.layers.Layer):
    """Attends to a memory `(batch, time, features)`.

    Args:
        score: how well a query fits a step of the memory: `"luong"`, their product through a matrix (Luong et al. 2015,
            "general"), or `"bahdanau"`, a layer of `tanh` units over both (Bahdanau et al. 2014).
        units: features of a query.
    """

    def __init__(self, score, units, **kwargs):
        super().__init__(**kwargs)
        self.score_kind, self.units = score, units
        self.key_projection = keras.layers.Dense(units, use_bias=False, dtype=self.dtype_policy, name="key_projection")
        if score == "bahdanau":
            self.query_projection = keras.layers.Dense(units, dtype=self.dtype_policy, name="query_projection")
            self.score = keras.layers.Dense(1, use_bias=False, dtype=self.dtype_policy, name="score")

    def build(self, memory_shape):
        self.key_projection.build(memory_shape)
        if self.score_kind == "bahdanau":
            self.query_projection.build((None, None, self.units))
            self.score.build((None, self.units))

    def keys(self, memory):
        """Returns the memory as queries are compared with it, `(batch, time, units)`; computed once a sequence."""
        return self.key_projection(memory)

    def call(self, queries, keys, memory, memory_mask):
        """Returns for queries `(batch, steps, units)` the attended `(batch, steps, features)` and the weights."""
        if self.score_kind == "bahdanau":
            both = ops.expand_dims(self.query_projection(queries), 2) + ops.expand_dims(keys, 1)
            # As a matrix: an array of rank four is what Keras before 3.15 would multiply by an op of TensorFlow that
            # reads and writes beyond its arrays, by oneDNN.
            scores = self.score(ops.reshape(ops.tanh(both), (-1, self.units)))
            scores = ops.reshape(scores, ops.shape(both)[:3])  # (batch, steps, time)
        else:
            scores = ops.matmul(queries, ops.transpose(keys, (0, 2, 1)))
        scores = ops.where(ops.expand_dims(memory_mask, 1), scores, ops.cast(-1e4, scores.dtype))
        weights = ops.softmax(scores, axis=-1)
        return ops.matmul(weights, memory), weights

    def get_config(self):
        return {**super().get_config(), "score": self.score_kind, "units": self.units}
