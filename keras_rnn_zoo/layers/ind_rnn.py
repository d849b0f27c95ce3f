"""The independently recurrent network (Li et al. 2018)."""

import keras
from keras import ops

from keras_rnn_zoo.layers.cell_layer import CellLayer
from keras_rnn_zoo.layers.step_cell import StepCell


class _AtMostOne(keras.constraints.Constraint):
    """Keeps weights from -1 to 1. Beyond, the state of a long sequence would grow exponentially."""

    def __call__(self, w):
        return ops.clip(w, -1.0, 1.0)


class IndRNNCell(StepCell):
    """One step of an `IndRNN`: from inputs `(batch, features)` and the state `(batch, units)` to the next state.

    The next state is also the output.
    """

    block = 4

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(self.units,),
            initializer=keras.initializers.RandomUniform(0.0, 1.0),
            constraint=_AtMostOne(),
            autocast=False,
            name="recurrent_kernel",
        )
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def options(self):
        return {}

    def sums(self, inputs):
        return ops.matmul(inputs, self.kernel) + self.bias

    def recurrent_weights(self):
        return [self.recurrent_kernel]

    @staticmethod
    def step(z, states, weights):
        h = ops.relu(z + weights[0] * states[0])
        return h, [h]


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class IndRNN(CellLayer):
    """The independently recurrent network: `h[t] = relu(W x[t] + u h[t-1] + b)` (Li et al. 2018, section 3).

    `u` is a vector, so each unit reads its own state only, and the layers above mix the units. Its values are kept from
    -1 to 1, and begin between 0 and 1, so that units remember for different times.

    Args:
        units: size of the state and the output.
        **kwargs: arguments of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.

    Example:
        >>> tuple(IndRNN(8)(keras.ops.ones((2, 5, 3))).shape)
        (2, 8)
    """

    def __init__(self, units, **kwargs):
        super().__init__(IndRNNCell(units, dtype=kwargs.get("dtype"), name="cell"), **kwargs)
