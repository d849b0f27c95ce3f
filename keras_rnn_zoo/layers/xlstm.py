"""The two cells of Beck et al. 2024, "xLSTM: Extended Long Short-Term Memory", and their layers.

Both have an input gate that is an exponential. So that it stays finite, what the gates scale is kept divided by
`exp(m)`, where the state `m` is the stabilizer (equations 15 to 17). Outputs do not depend on it.
"""

import math

import keras
from keras import ops

from keras_rnn_zoo.layers.cell_layer import CellLayer
from keras_rnn_zoo.layers.chunks import cut, heads_of, joined, not_later, over_chunks
from keras_rnn_zoo.layers.step_cell import StepCell, precise

_NEVER = -1e30
"""The logarithm of the input gate of a step that is not read."""
_SMALLEST = 1e-6
"""The smallest divisor of what an `MLSTM` reads from its memory."""


class SLSTMCell(StepCell):
    """One step of an `SLSTM`.

    Its states are the output `h`, the memory `c`, the normalizer `n` and the stabilizer `m`, all `(batch, units)`.
    """

    def __init__(self, units, heads=None, **kwargs):
        super().__init__(units, [units] * 4, **kwargs)
        self.heads = heads_of(units, heads)

    def options(self):
        return {"heads": self.heads}

    def build(self, input_shape):
        size = self.units // self.heads
        self.kernel = self.add_weight(shape=(input_shape[-1], 4 * self.units), name="kernel")
        recurrent = (self.heads, size, 4 * size)
        self.recurrent_kernel = self.add_weight(
            shape=recurrent, initializer="zeros", autocast=False, name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(4 * self.units,), initializer=_slstm_bias, name="bias")

    def sums(self, inputs):
        """Returns the pre-activations `x W + b`, ordered by heads, and within a head by gates."""
        shape = (-1, 4, self.heads, self.units // self.heads)
        kernel = ops.transpose(ops.reshape(self.kernel, shape), (0, 2, 1, 3))
        bias = ops.transpose(ops.reshape(self.bias, shape), (0, 2, 1, 3))
        flat = (-1, 4 * self.units)
        return ops.matmul(inputs, ops.reshape(kernel, flat)) + ops.reshape(bias, flat)[0]

    def recurrent_weights(self):
        return [self.recurrent_kernel]

    @staticmethod
    def step(z, states, weights):
        _, c, n, _ = states
        gates = SLSTMCell.gates(z, states, weights)
        c = gates["forget"] * c + gates["input"] * gates["candidate"]
        n = gates["forget"] * n + gates["input"]
        return (h := gates["output"] * c / n), [h, c, n, gates["stabilizer"]]

    @staticmethod
    def gates(z, states, weights):
        """Returns the gates by name, after the division by the exponential of the new stabilizer."""
        h, _, n, m = states
        heads, size, _ = weights[0].shape
        # A product for each head, as a batch of matrices: (heads, batch, size) @ (heads, size, 4 * size).
        by_head = ops.transpose(ops.reshape(h, (-1, heads, size)), (1, 0, 2))
        z = ops.reshape(z, (-1, heads, 4 * size)) + ops.transpose(ops.matmul(by_head, weights[0]), (1, 0, 2))
        i, f, candidate, output = (ops.reshape(part, (-1, heads * size)) for part in ops.split(z, 4, axis=-1))
        kept = ops.log_sigmoid(f) + m
        # Nothing has been read where the normalizer is zero. The decoders' first states may have it below zero.
        stabilizer = ops.where(n > 0, ops.maximum(kept, i), i)
        forget = ops.where(n > 0, ops.exp(ops.minimum(kept - stabilizer, 0.0)), 0.0)
        return {
            "input": ops.exp(i - stabilizer),
            "forget": forget,
            "candidate": ops.tanh(candidate),
            "output": ops.sigmoid(output),
            "stabilizer": stabilizer,
        }


def _slstm_bias(shape, dtype=None):
    units = shape[0] // 4
    return ops.concatenate([ops.zeros(units, dtype), _forget_bias(units, dtype), ops.zeros(2 * units, dtype)])


def _forget_bias(count, dtype):
    """Returns biases from 3 to 6, as in the authors' code: at first, a step forgets 5% to 0.2% of a state."""
    return ops.linspace(3.0, 6.0, count, dtype=dtype)


class MLSTMCell(keras.layers.Layer):
    """One step of an `MLSTM`, and all steps of a sequence at once.

    Its states are the memory `c`, a matrix `(keys, values)` for each head, the normalizer `n`, a vector `(keys,)` for
    each head, and the stabilizer `m`, a number for each head; all are flattened to `(batch, size)`.
    """

    def __init__(self, units, heads=None, **kwargs):
        super().__init__(**kwargs)
        self.units = self.output_size = units
        self.heads = heads_of(units, heads)
        self.size = units // self.heads
        self.state_size = [units * self.size, units, self.heads]

    def options(self):
        return {"heads": self.heads}

    def build(self, input_shape):
        features = input_shape[-1]
        self.kernel = self.add_weight(shape=(features, 4 * self.units), name="kernel")
        self.bias = self.add_weight(shape=(4 * self.units,), initializer="zeros", name="bias")
        self.gate_kernel = self.add_weight(shape=(features, 2 * self.heads), initializer="zeros", name="gate_kernel")
        self.gate_bias = self.add_weight(shape=(2 * self.heads,), initializer=_mlstm_gate_bias, name="gate_bias")

    def projections(self, inputs):
        """Returns what steps read of the inputs, `(..., features)`.

        Returns:
            The queries, keys and values, each `(..., heads, size)`; the logarithms of the input and the forget gates,
            `(..., heads)`; and the output gates, `(..., units)`.
        """
        sums = precise(ops.matmul(inputs, self.kernel) + self.bias)
        i, f = ops.split(precise(ops.matmul(inputs, self.gate_kernel) + self.gate_bias), 2, axis=-1)
        q, k, v, o = ops.split(sums, 4, axis=-1)
        q, k, v = (ops.reshape(part, (*ops.shape(part)[:-1], self.heads, self.size)) for part in (q, k, v))
        return q, k / math.sqrt(self.size), v, i, ops.log_sigmoid(f), ops.sigmoid(o)

    def gates(self, inputs, states):
        """Returns the gates by name, after the division by the exponential of the new stabilizer."""
        *_, i, log_f, output = self.projections(inputs)
        kept = log_f + ops.cast(states[2], log_f.dtype)
        after = ops.maximum(kept, i)
        return {"input": ops.exp(i - after), "forget": ops.exp(kept - after), "output": output}

    def call(self, inputs, states, training=False):
        q, k, v, i, log_f, output = self.projections(inputs)
        c, n, m = self._structured(states, q.dtype)
        after = ops.maximum(log_f + m, i)  # (batch, heads)
        forget, read = (ops.expand_dims(ops.exp(part - after), -1) for part in (log_f + m, i))
        n = forget * n + read * k
        # (batch, heads, keys, values)
        c = ops.expand_dims(forget, -1) * c + ops.expand_dims(read * k, -1) * ops.expand_dims(v, 2)
        found = ops.sum(c * ops.expand_dims(q, -1), axis=2)
        h = found / _divisor(ops.sum(n * q, axis=-1, keepdims=True), ops.expand_dims(after, -1))
        return self._output(h, output), self._flat(c, n, after)

    def sequence(self, x, mask, states, training=False):
        """Runs the cell over a sequence; see `keras_rnn_zoo.layers.cell_layer.CellLayer`."""
        if mask is not None:
            real = ops.expand_dims(mask, -1)
            x = ops.where(real, x, 0)  # NaN must not enter the products of its chunk.
        q, k, v, i, log_f, output = self.projections(x)
        if mask is not None:
            i, log_f = ops.where(real, i, _NEVER), ops.where(real, log_f, 0.0)
        c, n, m = self._structured(states, q.dtype)
        # The normalizer is what the memory would hold of values that are all 1.
        memory = ops.reshape(ops.concatenate([c, ops.expand_dims(n, -1)], axis=-1), (-1, self.size, self.size + 1))
        values = ops.concatenate([v, ops.ones_like(v[..., :1])], axis=-1)
        found, memory, m = _chunked(q, k, values, i, log_f, memory, ops.reshape(m, (-1, 1)))
        memory = ops.reshape(memory, (-1, self.heads, self.size, self.size + 1))
        h = joined(found, ops.shape(x)[1], self.heads)
        return self._output(h, output), self._flat(memory[..., :-1], memory[..., -1], m)

    def _structured(self, states, dtype):
        """Returns the states as `(batch, heads, keys, values)`, `(batch, heads, keys)` and `(batch, heads)`."""
        c, n, m = (ops.cast(state, dtype) for state in states)
        c = ops.reshape(c, (-1, self.heads, self.size, self.size))
        return c, ops.reshape(n, (-1, self.heads, self.size)), m

    def _flat(self, *states):
        pairs = zip(states, self.state_size, strict=True)
        return [ops.cast(ops.reshape(state, (-1, size)), self.compute_dtype) for state, size in pairs]

    def _output(self, h, output):
        return ops.cast(output * ops.reshape(h, ops.shape(output)), self.compute_dtype)


def _mlstm_gate_bias(shape, dtype=None):
    heads = shape[0] // 2
    return ops.concatenate([0.1 * keras.random.normal((heads,), dtype=dtype), _forget_bias(heads, dtype)])


def _divisor(normalizer, stabilizer):
    """Returns what the values read from the memory are divided by (equation 21), all divided by `exp(stabilizer)`."""
    smallest = ops.exp(ops.minimum(-stabilizer, 80.0))  # The bound keeps it finite in single precision.
    return ops.maximum(ops.maximum(ops.abs(normalizer), smallest), _SMALLEST)


def _chunked(q, k, values, i, log_f, memory, m):
    """Runs the memory over a sequence, cut into chunks (Beck et al. 2025, "Tiled Flash Linear Attention").

    Args:
        q: queries, `(batch, time, heads, keys)`.
        k: keys, of the same shape.
        values: `(batch, time, heads, values)`, the last of which is 1.
        i: the logarithms of the input gates, `(batch, time, heads)`.
        log_f: the logarithms of the forget gates, of the same shape.
        memory: the memory before the first step, `(batch * heads, keys, values)`.
        m: its stabilizer, `(batch * heads, 1)`.

    Returns:
        The values found, `(chunks, batch * heads, length, values - 1)`, and the memory and its stabilizer at the end.
    """
    q, k, values, log_f = (cut(part, k.shape[-1]) for part in (q, k, values, log_f))
    i = cut(i, k.shape[-1], fill=_NEVER)
    decay = ops.cumsum(log_f, axis=-1)  # (chunks, batch * heads, length)
    whole = decay[..., -1:]
    # What a chunk alone would have written at its end, and its stabilizer.
    weights = whole - decay + i
    own = ops.max(weights, axis=-1, keepdims=True, initial=_NEVER)
    written = ops.matmul(ops.swapaxes(k * ops.expand_dims(ops.exp(weights - own), -1), -1, -2), values)

    def step(before, chunk):
        (memory, m), (written, whole, own) = before, chunk
        after = ops.maximum(whole + m, own)
        kept, added = (ops.expand_dims(ops.exp(part - after), -1) for part in (whole + m, own))
        return [kept * memory + added * written, after]

    (memories, ms), final = over_chunks(step, [memory, m], [written, whole, own])
    # The weight of step s at step t of the same chunk, as a logarithm: (chunks, batch * heads, t, s).
    weights = ops.expand_dims(decay, -1) - ops.expand_dims(decay, -2) + ops.expand_dims(i, -2)
    weights = ops.where(not_later(q), weights, _NEVER)
    m = ops.maximum(decay + ms, ops.max(weights, axis=-1, initial=_NEVER))
    scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) * ops.exp(weights - ops.expand_dims(m, -1))
    found = ops.matmul(scores, values)
    found += ops.expand_dims(ops.exp(decay + ms - m), -1) * ops.matmul(q, memories)
    return found[..., :-1] / _divisor(found[..., -1:], ops.expand_dims(m, -1)), *final


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class SLSTM(CellLayer):
    """The sLSTM: an LSTM with an exponential input gate and a normalizer (Beck et al. 2024, section 2.2).

    `c[t] = f[t] c[t-1] + i[t] z[t]`, `n[t] = f[t] n[t-1] + i[t]`, `h[t] = o[t] c[t] / n[t]`, where the gates `i`, `f`,
    `o` and the candidate `z` read the input and the output before. The forget gate is a sigmoid. The convolution and
    the projections of the paper's block are not part of the layer.

    Args:
        units: size of the state and the output.
        heads: number of blocks of the recurrent weights; the states of a block are read by its own gates only. By
            default 4, or 2 or 1 if that does not divide `units`.
        **kwargs: arguments of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.

    Example:
        >>> tuple(SLSTM(8)(keras.ops.ones((2, 5, 3))).shape)
        (2, 8)
    """

    def __init__(self, units, heads=None, **kwargs):
        super().__init__(SLSTMCell(units, heads, dtype=kwargs.get("dtype"), name="cell"), **kwargs)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MLSTM(CellLayer):
    """The mLSTM: a matrix as memory, with exponential input gates (Beck et al. 2024, section 2.3).

    For each head, `C[t] = f[t] C[t-1] + i[t] v[t] k[t]'`, `n[t] = f[t] n[t-1] + i[t] k[t]`, and
    `h[t] = o[t] C[t] q[t] / max(|n[t]' q[t]|, 1)`. Gates, keys, values and queries read the input only, so all steps of
    a chunk are computed at once. The forget gate is a sigmoid. The convolution and the projections of the paper's block
    are not part of the layer.

    Args:
        units: size of the output; keys and values have `units / heads` features.
        heads: number of memories. By default 4, or 2 or 1 if that does not divide `units`.
        **kwargs: arguments of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.

    Example:
        >>> tuple(MLSTM(8, return_sequences=True)(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 8)
    """

    def __init__(self, units, heads=None, **kwargs):
        super().__init__(MLSTMCell(units, heads, dtype=kwargs.get("dtype"), name="cell"), **kwargs)
