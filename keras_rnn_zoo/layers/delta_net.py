"""The gated delta rule: a matrix as memory, where a key's old value is erased before the new one is written.

Schlag et al. 2021, "Linear Transformers Are Secretly Fast Weight Programmers", has the rule without gates; Yang et al.
2024, "Parallelizing Linear Transformers with the Delta Rule over Sequence Length", its form for chunks of steps; Yang
et al. 2024, "Gated Delta Networks: Improving Mamba2 with Delta Rule", both with a gate that forgets.
"""

import math

import keras
from keras import ops

from keras_rnn_zoo.layers.cell_layer import CellLayer
from keras_rnn_zoo.layers.chunks import cut, heads_of, joined, not_later, over_chunks
from keras_rnn_zoo.layers.step_cell import precise

_EPSILON = 1e-5
"""Added to the mean of squares of what is read from the memory; its square root is a divisor."""
_NEVER = -1e30
"""The logarithm of the weight of a step that comes later."""


class DeltaNetCell(keras.layers.Layer):
    """One step of a `DeltaNet`, and all steps of a sequence at once.

    Its state is a matrix `(keys, values)` for each head, flattened to `(batch, size)`.
    """

    def __init__(self, units, heads=None, gated=True, negative_eigenvalues=False, **kwargs):
        super().__init__(**kwargs)
        self.units = self.output_size = units
        self.heads = heads_of(units, heads)
        self.size = units // self.heads
        self.state_size = units * self.size
        self.gated, self.negative_eigenvalues = gated, negative_eigenvalues

    def options(self):
        return {"heads": self.heads, "gated": self.gated, "negative_eigenvalues": self.negative_eigenvalues}

    def build(self, input_shape):
        features = input_shape[-1]
        self.kernel = self.add_weight(shape=(features, 4 * self.units), name="kernel")
        self.write_kernel = self.add_weight(shape=(features, self.heads), name="write_kernel")
        self.scale = self.add_weight(shape=(self.size,), initializer="ones", name="scale")
        if self.gated:
            self.decay_kernel = self.add_weight(shape=(features, self.heads), name="decay_kernel")
            self.decay_bias = self.add_weight(shape=(self.heads,), initializer=_decay_bias, name="decay_bias")
            self.log_rate = self.add_weight(shape=(self.heads,), initializer=_log_rate, name="log_rate")

    def projections(self, inputs):
        """Returns what steps read of the inputs, `(..., features)`.

        Returns:
            The queries, keys and values, each `(..., heads, size)`; the strengths of writing and the logarithms of what
            is kept, `(..., heads)`; and the output gates, `(..., units)`.
        """
        q, k, v, gate = ops.split(precise(ops.silu(ops.matmul(inputs, self.kernel))), 4, axis=-1)
        q, k, v = (ops.reshape(part, (*ops.shape(part)[:-1], self.heads, self.size)) for part in (q, k, v))
        write = ops.sigmoid(precise(ops.matmul(inputs, self.write_kernel))) * (2 if self.negative_eigenvalues else 1)
        if not self.gated:
            return _unit(q), _unit(k), v, write, ops.zeros_like(write), gate
        decay = precise(ops.softplus(ops.matmul(inputs, self.decay_kernel) + self.decay_bias))
        rate = ops.cast(ops.exp(self.log_rate), decay.dtype)
        return _unit(q), _unit(k), v, write, -rate * decay, gate

    def gates(self, inputs):
        """Returns the gates by name: how strongly each head writes, what it keeps, and the gates of the output."""
        *_, write, kept, gate = self.projections(inputs)
        return {"write": write, "keep": ops.exp(kept), "output": gate}

    def call(self, inputs, states, training=False):
        q, k, v, write, kept, gate = self.projections(inputs)
        memory = ops.reshape(ops.cast(states[0], q.dtype), (-1, self.heads, self.size, self.size))
        memory = ops.expand_dims(ops.expand_dims(ops.exp(kept), -1), -1) * memory  # (batch, heads, keys, values)
        column = ops.expand_dims(k, -1)
        change = ops.expand_dims(write, -1) * (v - ops.sum(memory * column, axis=2))
        memory = memory + column * ops.expand_dims(change, 2)
        found = ops.sum(memory * ops.expand_dims(q, -1), axis=2)
        return self._output(found, gate), [self._flat(memory)]

    def sequence(self, x, mask, states, training=False):
        """Runs the cell over a sequence; see `keras_rnn_zoo.layers.cell_layer.CellLayer`."""
        if mask is not None:
            real = ops.expand_dims(mask, -1)
            x = ops.where(real, x, 0)  # NaN must not enter the products of its chunk.
        q, k, v, write, kept, gate = self.projections(x)
        if mask is not None:
            write, kept = ops.where(real, write, 0.0), ops.where(real, kept, 0.0)
        memory = ops.reshape(ops.cast(states[0], q.dtype), (-1, self.size, self.size))
        found, memory = _chunked(q, k, v, write, kept, memory)
        found = ops.reshape(joined(found, ops.shape(x)[1], self.heads), ops.shape(v))
        return self._output(found, gate), [self._flat(memory)]

    def _flat(self, memory):
        return ops.cast(ops.reshape(memory, (-1, self.state_size)), self.compute_dtype)

    def _output(self, found, gate):
        """Returns what was found, `(..., heads, values)`, normalized in each head, times the gate."""
        mean = ops.mean(ops.square(found), axis=-1, keepdims=True)
        normal = found * ops.rsqrt(mean + _EPSILON) * ops.cast(self.scale, found.dtype)
        return ops.cast(ops.reshape(normal, ops.shape(gate)) * gate, self.compute_dtype)


def _unit(values):
    """Returns vectors divided by their lengths, as in the authors' code, where a vector of zeros stays finite."""
    return values * ops.rsqrt(ops.sum(ops.square(values), axis=-1, keepdims=True) + 1e-6)


def _log_rate(shape, dtype=None):
    """Initializes the logarithms of the rates of forgetting as the authors' code does, which takes it from Mamba 2."""
    return ops.log(keras.random.uniform(shape, 1.0, 16.0, dtype=dtype))


def _decay_bias(shape, dtype=None):
    """Initializes biases whose softplus is from 0.001 to 0.1, evenly on a logarithmic scale."""
    step = ops.exp(keras.random.uniform(shape, math.log(0.001), math.log(0.1), dtype=dtype))
    return step + ops.log(-ops.expm1(-step))


def _chunked(q, k, v, write, kept, memory):
    """Runs the memory over a sequence, cut into chunks.

    A step adds `k[t] u[t]'` to the decayed memory, where `u[t]` is the value to write less the one that is there, times
    the strength. That one is what the memory before the chunk holds, and what the steps before added: a triangular
    system of equations for all `u` of a chunk (the WY form).

    Args:
        q: queries, `(batch, time, heads, keys)`.
        k: keys, of the same shape.
        v: values, `(batch, time, heads, values)`.
        write: the strengths of writing, `(batch, time, heads)`.
        kept: the logarithms of what is kept, of the same shape.
        memory: the memory before the first step, `(batch * heads, keys, values)`.

    Returns:
        The values found, `(chunks, batch * heads, length, values)`, and the memory after the last step.
    """
    q, k, v, write, kept = (cut(part, k.shape[-1]) for part in (q, k, v, write, kept))
    decay = ops.cumsum(kept, axis=-1)  # (chunks, batch * heads, length)
    # What is left at step t of what step s added: (chunks, batch * heads, t, s).
    left = ops.expand_dims(decay, -1) - ops.expand_dims(decay, -2)
    left = ops.exp(ops.where(not_later(q), left, _NEVER))
    turned, strength = ops.swapaxes(k, -1, -2), ops.expand_dims(write, -1)
    system = strength * left * ops.matmul(k, turned)
    # The diagonal is 1, and of the rest, what is above it is not read.
    system = ops.where(ops.transpose(not_later(q)), 1.0, system)
    old = strength * ops.expand_dims(ops.exp(decay), -1) * k
    solved = ops.solve_triangular(system, ops.concatenate([strength * v, old], axis=-1), lower=True)
    new, old = solved[..., : v.shape[-1]], solved[..., v.shape[-1] :]  # The additions are `new - old @ memory`.
    turned = turned * ops.expand_dims(ops.exp(decay[..., -1:] - decay), -2)
    whole = ops.expand_dims(ops.exp(decay[..., -1:]), -1)

    def step(states, chunk):
        (memory,), (turned, new, old, whole) = states, chunk
        return [whole * memory + ops.matmul(turned, new - ops.matmul(old, memory))]

    (memories,), (memory,) = over_chunks(step, [memory], [turned, new, old, whole])
    found = ops.expand_dims(ops.exp(decay), -1) * ops.matmul(q, memories)
    scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) * left
    return found + ops.matmul(scores, new - ops.matmul(old, memories)), memory


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class DeltaNet(CellLayer):
    """The gated delta rule (Yang et al. 2024, "Gated Delta Networks"), without gates that of Schlag et al. 2021.

    For each head, `S[t] = a[t] S[t-1] (I - b[t] k[t] k[t]') + b[t] v[t] k[t]'`, and the output is `S[t] q[t]`,
    normalized and times a gate. Gates, keys, values and queries read the input only, so all steps of a chunk are
    computed at once. Keys and queries have length 1. The short convolutions and the projection of the paper's block are
    not part of the layer.

    Args:
        units: size of the output; keys and values have `units / heads` features.
        heads: number of memories. By default 4, or 2 or 1 if that does not divide `units`.
        gated: whether a gate `a`, from 0 to 1, forgets; otherwise it is 1.
        negative_eigenvalues: whether `b` is from 0 to 2 rather than 1, so that writing can reverse what is there
            (Grazzi et al. 2024, "Unlocking State-Tracking in Linear RNNs Through Negative Eigenvalues").
        **kwargs: arguments of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.

    Example:
        >>> tuple(DeltaNet(8, return_sequences=True)(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 8)
    """

    def __init__(self, units, heads=None, gated=True, negative_eigenvalues=False, **kwargs):
        options = {"dtype": kwargs.get("dtype"), "name": "cell"}
        super().__init__(DeltaNetCell(units, heads, gated, negative_eigenvalues, **options), **kwargs)
