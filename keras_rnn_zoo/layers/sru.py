"""The simple recurrent unit, in its published version (Lei et al. 2018, EMNLP).

Its gates read the state, each unit its own. In the first version (arXiv 1709.02755v1) they read the input only.
"""

import math

import keras
from keras import ops

from keras_rnn_zoo.layers.cell_layer import CellLayer
from keras_rnn_zoo.layers.step_cell import StepCell

_HIGHWAY = math.sqrt(3)
"""What the highway connection is scaled by, for an initial bias of 0 of its gate."""


class SRUCell(StepCell):
    """One step of an `SRU`: from inputs `(batch, features)` and the state `(batch, units)` to the next ones."""

    block = 4

    def options(self):
        return {}

    def build(self, input_shape):
        features, units = input_shape[-1], self.units
        self.is_projected = features != units
        shape = (features, (4 if self.is_projected else 3) * units)
        self.kernel = self.add_weight(shape=shape, initializer=_kernel, name="kernel")
        uniform = keras.initializers.RandomUniform(-math.sqrt(1.5), math.sqrt(1.5))  # The variance is 1/2.
        self.recurrent_kernel = self.add_weight(
            shape=(2 * units,), initializer=uniform, autocast=False, name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(2 * units,), initializer="zeros", name="bias")

    def sums(self, inputs):
        """Returns the candidates, the pre-activations of both gates without the state, and what the highway carries."""
        kernel, units = ops.convert_to_tensor(self.kernel), self.units
        if not self.is_projected:  # One product for all is faster than to copy its parts and the inputs.
            kernel = ops.concatenate([kernel, ops.eye(units, dtype=kernel.dtype) * _HIGHWAY], axis=1)
        none = ops.zeros(units, kernel.dtype)
        return ops.matmul(inputs, kernel) + ops.concatenate([none, ops.convert_to_tensor(self.bias), none])

    def recurrent_weights(self):
        return [self.recurrent_kernel]

    @staticmethod
    def step(z, states, weights):
        gates = SRUCell.gates(z, states, weights)
        c = gates["forget"] * states[0] + (1 - gates["forget"]) * gates["candidate"]
        return gates["output"] * c + (1 - gates["output"]) * gates["highway"], [c]

    @staticmethod
    def gates(z, states, weights):
        """Returns the gates by name, each `(batch, units)`."""
        units = states[0].shape[-1]
        candidate, sums, highway = ops.split(z, [units, 3 * units], axis=-1)
        # Compute both gates at once: XLA vectorizes a kernel that reads one slice, but not one that reads two.
        both = ops.sigmoid(sums + weights[0] * ops.concatenate([states[0]] * 2, axis=-1))
        forget, output = ops.split(both, 2, axis=-1)
        return {"candidate": candidate, "forget": forget, "output": output, "highway": highway}


def _kernel(shape, dtype=None):
    """Initializes a kernel as the authors' code does: the parts of the gates are smaller by the square root of 2."""
    features, width = shape
    units = width // 3 if width == 3 * features else width // 4
    limit = math.sqrt(3 / features)
    scales = [1.0, math.sqrt(0.5), math.sqrt(0.5), _HIGHWAY][: width // units]
    values = keras.random.uniform(shape, -limit, limit, dtype=dtype)
    return values * ops.repeat(ops.convert_to_tensor(scales, dtype), units)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class SRU(CellLayer):
    """The simple recurrent unit (Lei et al. 2018, "Simple Recurrent Units for Highly Parallelizable Recurrence").

    `c[t] = f[t] c[t-1] + (1 - f[t]) W x[t]` and `h[t] = r[t] c[t] + (1 - r[t]) a x[t]`. The gates `f` and `r` are
    sigmoids that read the input, and of the state before, each unit its own. `a` is the square root of 3; if `x` has
    not the size of the state, it is projected.

    Args:
        units: size of the state and the output.
        **kwargs: arguments of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.

    Example:
        >>> tuple(SRU(8, return_sequences=True)(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 8)
    """

    def __init__(self, units, **kwargs):
        super().__init__(SRUCell(units, dtype=kwargs.get("dtype"), name="cell"), **kwargs)
