"""The selective state space of Mamba, S6 (Gu and Dao 2023, "Mamba: Linear-Time Sequence Modeling")."""

import math

import keras
from keras import ops

from keras_rnn_zoo.layers.cell_layer import CellLayer, real_first, steps_before, taken
from keras_rnn_zoo.layers.linear_cell import LinearBlock, LinearCell


def _terms(inputs, weights):
    step_size, x, into, _ = inputs  # (batch, steps, width), twice, and (batch, steps, state_dim)
    (rate,) = weights  # (width, state_dim)
    flat = (*ops.shape(x)[:2], rate.shape[0] * rate.shape[1])
    a = ops.exp(ops.expand_dims(step_size, 2) * ops.transpose(rate))
    b = ops.expand_dims(step_size * x, 2) * ops.expand_dims(into, -1)
    return [ops.reshape(a, flat)], [ops.reshape(b, flat)]


def _outputs(h, inputs, weights):
    width, state_dim = weights[0].shape
    numbers = ops.reshape(h[0], (*ops.shape(inputs[1])[:2], state_dim, width))
    return ops.sum(numbers * ops.expand_dims(inputs[3], -1), axis=2)


class MambaCell(LinearCell):
    """One step of a `Mamba`.

    The states are those of the recurrence, `(batch, state_dim * width)`, and the last inputs of the convolution,
    `(batch, (conv_width - 1) * width)`, where `width` is `expand * units`.
    """

    block = LinearBlock(_terms, _outputs)

    def __init__(self, units, state_dim, expand, conv_width, **kwargs):
        super().__init__(**kwargs)
        self.units = self.output_size = units
        self.state_dim, self.expand, self.conv_width = state_dim, expand, conv_width
        self.width, self.rank = expand * units, math.ceil(units / 16)
        self.state_size = [self.width * state_dim, (conv_width - 1) * self.width]

    def options(self):
        """Returns the arguments of the layer, besides `units`."""
        return {"state_dim": self.state_dim, "expand": self.expand, "conv_width": self.conv_width}

    def build(self, input_shape):
        width, uniform = self.width, keras.initializers.RandomUniform

        def rate(shape, dtype=None):  # The logarithms of 1, 2, ... for each channel (section 3.6, S4D-Real).
            return ops.broadcast_to(ops.log(ops.arange(1, shape[1] + 1, dtype=dtype)), shape)

        def step_bias(shape, dtype=None):  # The softplus of the bias is log-uniform in [0.001, 0.1] (section 3.6).
            size = ops.exp(uniform(math.log(0.001), math.log(0.1))(shape, dtype))
            return size + ops.log(-ops.expm1(-size))

        def matrix(name, rows, columns, initializer="glorot_uniform"):
            return self.add_weight(shape=(rows, columns), initializer=initializer, name=name)

        self.kernel = matrix("kernel", input_shape[-1], 2 * width)
        bound = 1 / math.sqrt(self.conv_width)
        self.conv_kernel = matrix("conv_kernel", self.conv_width, width, uniform(-bound, bound))
        self.conv_bias = self.add_weight(shape=(width,), initializer="zeros", name="conv_bias")
        self.select_kernel = matrix("select_kernel", width, self.rank + 2 * self.state_dim)
        bound = 1 / math.sqrt(self.rank)
        self.step_kernel = matrix("step_kernel", self.rank, width, uniform(-bound, bound))
        self.step_bias = self.add_weight(shape=(width,), initializer=step_bias, name="step_bias")
        self.rate = self.add_weight(shape=(width, self.state_dim), initializer=rate, autocast=False, name="rate")
        self.skip = self.add_weight(shape=(width,), initializer="ones", name="skip")
        self.output_kernel = matrix("output_kernel", width, self.units)

    def inputs(self, x):
        """Returns step sizes, inputs, and the vectors B and C, for the convolved inputs `(batch, time, width)`."""
        step, into, out_of = ops.split(
            ops.matmul(x, self.select_kernel), [self.rank, self.rank + self.state_dim], axis=-1
        )
        step = ops.softplus(self.precise(ops.matmul(step, self.step_kernel) + self.step_bias))
        return [step, *(self.precise(values) for values in (x, into, out_of))]

    def weights_of_block(self):
        return [-ops.exp(self.precise(self.rate))]

    def train(self, inputs, mask, states, weights):
        from keras_rnn_zoo.layers.selective_scan import selective_scan

        if mask is not None:  # Steps whose terms are zero keep the state.
            inputs = [ops.where(ops.expand_dims(mask, -1), values, 0.0) for values in inputs]
        step_size, x, into, out_of = inputs
        (state,), (rate,) = states, weights
        state = ops.reshape(state, (-1, self.state_dim, self.width))
        y, state = selective_scan(step_size, step_size * x, into, out_of, state, ops.transpose(rate))
        return y, [ops.reshape(state, (-1, self.state_dim * self.width))]

    def _read(self, x, held):
        """Returns the convolved inputs, the gate, each `(batch, time, width)`, and the inputs after those held."""
        x, gate = ops.split(ops.matmul(x, self.kernel), 2, axis=-1)
        time = ops.shape(x)[1]
        held = ops.reshape(held, (-1, self.conv_width - 1, self.width))
        window = ops.concatenate([ops.cast(held, x.dtype), x], axis=1)
        convolved = ops.depthwise_conv(window, ops.expand_dims(self.conv_kernel, -1))
        convolved = convolved[:, :time]  # For an empty batch, TensorFlow doesn't cut the steps that were held.
        return ops.silu(convolved + self.conv_bias), gate, window

    def _written(self, y, x, gate):
        y = ops.cast(y, self.compute_dtype) + self.skip * x
        return ops.matmul(y * ops.silu(gate), self.output_kernel)

    def call(self, inputs, states, training=False):
        h, held = states
        x, gate, window = self._read(ops.expand_dims(inputs, 1), held)
        y, (h,) = self.block(self.inputs(x), None, [self.precise(h)], self.weights_of_block())
        held = ops.reshape(window[:, 1:], (-1, self.state_size[1]))
        return self._written(y, x, gate)[:, 0], [ops.cast(h, self.compute_dtype), held]

    def sequence(self, x, mask, states, training=False):
        h, held = states
        real, count = mask, ops.full(ops.shape(x)[:1], ops.shape(x)[1], "int32")
        if mask is not None:  # The convolution must not see masked steps, so they go to the end.
            x, count = taken(x, real_first(mask)), ops.sum(ops.cast(mask, "int32"), axis=1)
            real = ops.arange(ops.shape(x)[1], dtype="int32") < ops.expand_dims(count, 1)
        x, gate, window = self._read(x, held)
        y, (h,) = self.run(self.inputs(x), real, [h], training)
        outputs = self._written(y, x, gate)
        if mask is not None:
            outputs = taken(outputs, ops.maximum(steps_before(mask), 0))
        places = ops.expand_dims(count, 1) + ops.arange(self.conv_width - 1, dtype="int32")
        return outputs, [h, ops.reshape(taken(window, places), (-1, self.state_size[1]))]


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class Mamba(CellLayer):
    """Mamba's block: a selective state space behind a short causal convolution (Gu and Dao 2023, figure 3).

    A linear map makes `expand * units` channels and as many gates of the input. The channels go through a causal
    convolution of `conv_width` steps, each channel for itself, and the function SiLU. Each then has `state_dim` numbers
    as its state, `h[t] = exp(s[t] A) h[t-1] + s[t] B[t] x[t]` and `y[t] = C[t] h[t] + D x[t]`, where the step size `s`
    and the vectors `B` and `C` are linear in the channels (algorithm 2). The result, times SiLU of the gates, is mapped
    to `units` features. Normalization and the residual connection are left to the architecture; see its option `block`.

    Args:
        units: number of features of the output.
        state_dim: numbers in the state of a channel.
        expand: channels for each unit.
        conv_width: number of steps that the convolution reads, at least 2.
        **kwargs: arguments of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.

    Example:
        >>> tuple(Mamba(8, return_sequences=True)(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 8)
    """

    def __init__(self, units, state_dim=16, expand=2, conv_width=4, **kwargs):
        cell = MambaCell(units, state_dim, expand, conv_width, dtype=kwargs.get("dtype"), name="cell")
        super().__init__(cell, **kwargs)
