"""The linear recurrent unit (Orvieto et al. 2023, "Resurrecting Recurrent Neural Networks for Long Sequences")."""

import math

import keras
from keras import ops

from keras_rnn_zoo.layers.cell_layer import CellLayer
from keras_rnn_zoo.layers.linear_cell import LinearBlock, LinearCell

_TINY = 1e-6
"""The smallest random number whose logarithm is a weight."""


def _terms(inputs, weights):
    return weights, ops.split(inputs[0], 2, axis=-1)


def _states(h, inputs, weights):
    return ops.concatenate(h, axis=-1)


class LRUCell(LinearCell):
    """One step of an `LRU`: from inputs `(batch, features)` and the two parts of the state, each `(batch, units)`."""

    block = LinearBlock(_terms, _states)

    def __init__(self, units, r_min, r_max, max_phase, **kwargs):
        super().__init__(**kwargs)
        self.units = self.output_size = units
        self.state_size = [units, units]
        self.r_min, self.r_max, self.max_phase = r_min, r_max, max_phase

    def options(self):
        """Returns the arguments of the layer, besides `units`."""
        return {"r_min": self.r_min, "r_max": self.r_max, "max_phase": self.max_phase}

    def build(self, input_shape):
        features, units = input_shape[-1], self.units
        kept = {"shape": (units,), "autocast": False}

        def nu(shape, dtype=None):  # The radii are uniform in the ring between the two (lemma 3.2).
            squared = keras.initializers.RandomUniform(self.r_min**2, self.r_max**2)(shape, dtype)
            return ops.log(-0.5 * ops.log(ops.maximum(squared, _TINY)))

        def theta(shape, dtype=None):
            return ops.log(ops.maximum(keras.initializers.RandomUniform(0, self.max_phase)(shape, dtype), _TINY))

        def gamma(shape, dtype=None):  # sqrt(1 - |lambda|^2)
            return 0.5 * ops.log(-ops.expm1(-2 * ops.exp(self.nu.value)))

        self.nu = self.add_weight(initializer=nu, name="nu", **kept)
        self.theta = self.add_weight(initializer=theta, name="theta", **kept)
        self.gamma = self.add_weight(initializer=gamma, name="gamma", **kept)
        normal = keras.initializers.RandomNormal
        self.kernel = self.add_weight(
            shape=(features, 2 * units), initializer=normal(stddev=1 / math.sqrt(2 * features)), name="kernel"
        )
        self.output_kernel = self.add_weight(
            shape=(2 * units, units), initializer=normal(stddev=1 / math.sqrt(units)), name="output_kernel"
        )
        self.skip_kernel = self.add_weight(
            shape=(features, units), initializer=normal(stddev=1 / math.sqrt(features)), name="skip_kernel"
        )

    def inputs(self, x):
        gamma = ops.cast(ops.tile(ops.exp(self.gamma), [2]), self.compute_dtype)
        return [self.precise(ops.matmul(x, self.kernel * gamma))]

    def weights_of_block(self):
        radius, phase = ops.exp(-ops.exp(self.precise(self.nu))), ops.exp(self.precise(self.theta))
        return [radius * ops.cos(phase), radius * ops.sin(phase)]

    def outputs(self, y, x):
        y = ops.cast(y, self.compute_dtype)
        return ops.matmul(y, self.output_kernel) + ops.matmul(x, self.skip_kernel)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class LRU(CellLayer):
    """Linear recurrent unit: `h[t] = lambda h[t-1] + gamma B x[t]` and `y[t] = Re(C h[t]) + D x[t]`.

    From Orvieto et al. (2023). The state is complex and `lambda` diagonal. `lambda = exp(-exp(nu) + i exp(theta))`, so
    that it stays within the unit circle (section 3.3). At the start, the values of `lambda` are uniform in a ring, and
    `gamma = sqrt(1 - |lambda|^2)` keeps the state as large as its input (section 3.4); `nu`, `theta` and `log(gamma)`
    are learned. All numbers are real, and a complex one is two of them. `B` is a kernel `(features, 2 * units)`; `C` is
    `(2 * units, units)`, whose second half is the negative of the imaginary part.

    The output is linear in the input. What follows should not be: see the option `block` of the architectures.

    Args:
        units: size of the complex state, and of the output.
        r_min: smallest absolute value of `lambda` at the start.
        r_max: largest absolute value of `lambda` at the start.
        max_phase: largest phase of `lambda` at the start, in radians.
        **kwargs: arguments of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.

    Raises:
        ValueError: if `r_min` and `r_max` are not in order between 0 and 1.

    Example:
        >>> tuple(LRU(8, return_sequences=True)(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 8)
    """

    def __init__(self, units, r_min=0.0, r_max=1.0, max_phase=2 * math.pi, **kwargs):
        if not 0 <= r_min <= r_max <= 1:
            raise ValueError(
                f"`r_min` and `r_max` must satisfy 0 <= r_min <= r_max <= 1; received {r_min} and {r_max}."
            )
        cell = LRUCell(units, r_min, r_max, max_phase, dtype=kwargs.get("dtype"), name="cell")
        super().__init__(cell, **kwargs)
