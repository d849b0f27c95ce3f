"""Residual blocks, in which recurrent layers are stacked since transformers: normalization, sums and gated MLPs.

A block is `x = x + recurrent(norm(x))`, then `x = x + mlp(norm(x))` (De et al. 2024, Griffin, section 2.1). A linear
map first gives the sequence the width of the blocks, and a last normalization follows them.
"""

import keras

_EPSILON = 1e-6
EXPANSION = 2
"""Features inside a gated MLP for each feature outside."""


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class GatedMLP(keras.layers.Layer):
    """A residual gated MLP: `x + (gelu(n W) * (n V)) U`, where `n` is `x` normalized (Shazeer 2020, GEGLU).

    Args:
        dropout: fraction of features of the sum's second part dropped in training.

    Example:
        >>> tuple(GatedMLP()(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 3)
    """

    def __init__(self, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.rate = dropout
        self.norm = keras.layers.LayerNormalization(epsilon=_EPSILON, dtype=self.dtype_policy, name="norm")
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="dropout")

    def build(self, shape):
        width, dtype = shape[-1], self.dtype_policy
        self.norm.build(shape)
        self.inner = keras.layers.Dense(2 * EXPANSION * width, dtype=dtype, name="inner")
        self.outer = keras.layers.Dense(width, dtype=dtype, name="outer")
        self.inner.build(shape)
        self.outer.build((*shape[:-1], EXPANSION * width))

    def call(self, x, training=False):
        """Returns the sequence `(batch, time, features)`, or vectors `(batch, features)`, after the MLP."""
        gate, values = keras.ops.split(self.inner(self.norm(x)), 2, axis=-1)
        return x + self.dropout(self.outer(keras.ops.gelu(gate) * values), training=training)

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return {**super().get_config(), "dropout": self.rate}


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class ResidualBlocks(keras.layers.Layer):
    """What surrounds the recurrent layers of residual blocks, for a layer that runs these itself, such as a decoder.

    Args:
        width: number of features of the blocks.
        num_blocks: number of blocks.
        dropout: fraction of features dropped in training: of what a block adds.
    """

    def __init__(self, width, num_blocks, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.width, self.num_blocks, self.rate = width, num_blocks, dropout
        dtype = self.dtype_policy
        numbers = range(1, num_blocks + 1)
        self.into = keras.layers.Dense(width, dtype=dtype, name="into")
        self.norms = [normalization(f"norm_{number}", dtype) for number in numbers]
        self.mlps = [GatedMLP(dropout, dtype=dtype, name=f"mlp_{number}") for number in numbers]
        self.last = normalization("norm", dtype)
        self.dropout = keras.layers.Dropout(dropout, dtype=dtype, name="dropout")

    def build(self, shape):
        self.into.build(shape)
        for layer in (*self.norms, *self.mlps, self.last):
            layer.build((*shape[:-1], self.width))

    def before(self, number, x):
        """Returns what the recurrent layer of a block reads; numbers begin with 0."""
        return self.norms[number](x)

    def after(self, number, x, y, training=False):
        """Returns the sequence after a block, given that before it and the output of its recurrent layer."""
        return self.mlps[number](x + self.dropout(y, training=training), training=training)

    def get_config(self):
        return {**super().get_config(), "width": self.width, "num_blocks": self.num_blocks, "dropout": self.rate}


def normalization(name, dtype=None):
    """Returns the layer that normalizes the features of each step."""
    return keras.layers.LayerNormalization(epsilon=_EPSILON, dtype=dtype, name=name)


def residual_stack(x, layers, mask, *, width, dropout):
    """Applies residual blocks to a sequence, in a functional model.

    A last layer that returns only its final output begins a new sum, as there is no single step to add it to.

    Args:
        x: the sequence, `(batch, time, features)`.
        layers: the recurrent layers, whose outputs have `width` features.
        mask: boolean `(batch, time)`, true at real steps.
        width: number of features of the blocks.
        dropout: fraction of features dropped in training: of what a block adds.

    Returns:
        What the last layer returns, normalized: `(batch, time, width)` or `(batch, width)`.
    """
    x = keras.layers.Dense(width, name="blocks_input")(x)
    for number, layer in enumerate(layers, 1):
        y = layer(normalization(f"norm_{number}")(x), mask=mask)
        y = keras.layers.Dropout(dropout, name=f"dropout_{number}")(y)
        x = keras.layers.Add(name=f"sum_{number}")([x, y]) if y.ndim == x.ndim else y
        x = GatedMLP(dropout, name=f"mlp_{number}")(x)
    return normalization("norm")(x)
