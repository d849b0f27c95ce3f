"""The real-gated linear recurrent unit of Griffin (De et al. 2024)."""

import math

import keras
from keras import ops

from keras_rnn_zoo.layers.cell_layer import CellLayer
from keras_rnn_zoo.layers.linear_cell import LinearBlock, LinearCell

_C = 8.0
"""The constant by which the recurrence gate is multiplied (section 2.4)."""


def _terms(inputs, weights):
    z, x = inputs
    (rate,) = weights
    recurrence, gate = ops.split(ops.sigmoid(z), 2, axis=-1)
    log_a = rate * recurrence
    # sqrt(1 - a^2), without loss of digits where `a` is near one, and without `expm1`, which ONNX lacks: 1 - a^2 is
    # -2 t / (1 - t) with t = tanh(log a). The slope is infinite at one.
    t = ops.tanh(log_a)
    scale = ops.sqrt(ops.maximum(-2 * t / (1 - t), 1e-12))
    return [ops.exp(log_a)], [scale * gate * x]


def _states(h, inputs, weights):
    return h[0]


class RGLRUCell(LinearCell):
    """One step of an `RGLRU`: from inputs `(batch, features)` and the state `(batch, units)` to the next state.

    The next state is also the output.
    """

    block = LinearBlock(_terms, _states)

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units

    def options(self):
        """Returns the arguments of the layer, besides `units`: none."""
        return {}

    def build(self, input_shape):
        units = self.units

        def decay(shape, dtype=None):  # `sigmoid(decay) ** c` is uniform in [0.9, 0.999] (section 2.4).
            log_a = ops.log(keras.initializers.RandomUniform(0.9, 0.999)(shape, dtype)) / _C
            return log_a - ops.log(-ops.expm1(log_a))

        self.decay = self.add_weight(shape=(units,), initializer=decay, autocast=False, name="decay")
        self.kernel = self.add_weight(shape=(input_shape[-1], units), initializer="lecun_normal", name="kernel")
        self.bias = self.add_weight(shape=(units,), initializer="zeros", name="bias")
        normal = keras.initializers.RandomNormal(stddev=1 / math.sqrt(units))
        self.gate_kernel = self.add_weight(shape=(units, 2 * units), initializer=normal, name="gate_kernel")
        self.gate_bias = self.add_weight(shape=(2 * units,), initializer="zeros", name="gate_bias")

    def inputs(self, x):
        x = ops.matmul(x, self.kernel) + self.bias
        return [self.precise(ops.matmul(x, self.gate_kernel) + self.gate_bias), self.precise(x)]

    def weights_of_block(self):
        return [-_C * ops.softplus(-self.precise(self.decay))]

    def outputs(self, y, x):
        return ops.cast(y, self.compute_dtype)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class RGLRU(CellLayer):
    """Real-gated linear recurrent unit: `h[t] = a[t] h[t-1] + sqrt(1 - a[t]^2) (i[t] u[t])` (De et al. 2024, Griffin).

    A linear map makes `u`, which has `units` features, of the input. The recurrence gate `r` and the input gate `i` are
    sigmoids of `u`, with full matrices as in equations 1 and 2; the paper's large models make these block-diagonal.
    `a[t] = a^(8 r[t])`, where `a` is learned and its eighth power is uniform in [0.9, 0.999] at the start (equation 3).
    The layer is the unit alone. The convolution and the second branch of Griffin's block are not part of it.

    Args:
        units: size of the state.
        **kwargs: arguments of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.

    Example:
        >>> tuple(RGLRU(8, return_sequences=True)(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 8)
    """

    def __init__(self, units, **kwargs):
        super().__init__(RGLRUCell(units, dtype=kwargs.get("dtype"), name="cell"), **kwargs)
