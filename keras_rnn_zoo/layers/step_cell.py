"""The base class of cells that are defined by one step, which reads the state to compute its gates."""

import keras
from keras import ops

from keras_rnn_zoo.layers.step_scan import step_scan


class StepCell(keras.layers.Layer):
    """A cell whose step is a function of what it reads of the input, its states and its recurrent weights.

    Subclasses define `sums(inputs)`, `step(z, states, weights)` and `recurrent_weights()`. The step is a static method;
    it is computed in single precision if the layer's precision is half, so its weights are made with `autocast=False`.

    Args:
        units: number of features of the output.
        state_size: the size of each state; one of `units` by default.

    Attributes:
        block: the number of steps in an iteration of the loop on TensorFlow. More make the loop faster if steps are
            small, and take longer to compile.
    """

    block = 1

    def __init__(self, units, state_size=None, **kwargs):
        super().__init__(**kwargs)
        self.units = self.output_size = units
        self.state_size = state_size or units

    def sums(self, inputs):
        """Returns what steps read of the inputs, `(..., features)`, with the last axis for the values of a step."""
        raise NotImplementedError  # Subclasses define it.

    @staticmethod
    def step(z, states, weights):
        """Returns the output and the list of new states; see `keras_rnn_zoo.layers.step_scan.step_scan`."""
        raise NotImplementedError

    def recurrent_weights(self):
        """Returns the list of weights that the step reads.

        A vector may reach the step with one copy for each sequence, `(batch, size)`.
        """
        return []

    def call(self, inputs, states, training=False):
        output, after = self.step(*self._precise(inputs, states))
        return self._rounded(output), [self._rounded(state) for state in after]

    def sequence(self, x, mask, states, training=False):
        """Runs the cell over a sequence; see `keras_rnn_zoo.layers.cell_layer.CellLayer`."""
        z, states, weights = self._precise(x, states)
        outputs, final = step_scan(self.step, z, mask, states, weights, block=self.block, training=training)
        return self._rounded(outputs), [self._rounded(state) for state in final]

    def _precise(self, inputs, states):
        z = precise(self.sums(inputs))
        cast = [ops.cast(part, z.dtype) for part in (*states, *self.recurrent_weights())]
        return z, cast[: len(states)], cast[len(states) :]

    def _rounded(self, values):
        return ops.cast(values, self.compute_dtype)


def precise(values):
    """Returns values of half precision in single precision, and others as they are."""
    half = keras.backend.standardize_dtype(values.dtype) in ("float16", "bfloat16")
    return ops.cast(values, "float32") if half else values
