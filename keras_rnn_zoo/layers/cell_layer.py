"""The base class of the zoo's own recurrent layers: a cell, and how it reads a whole sequence."""

import keras
import tensorflow as tf
from keras import ops


class CellLayer(keras.layers.RNN):
    """A recurrent layer that runs a cell over a sequence, step by step or all steps at once.

    The cell is a Keras layer with the attributes `units`, `state_size` and `output_size`, which is `units`. Its method
    `call(inputs, states, training)` runs one step and returns the output `(batch, units)` and the list of new states.
    Every state is a vector, `(batch, size)`, and zero before the first step. Matrices are flattened. The output need
    not be a state. `options()` returns the arguments of the layer that the cell keeps, besides `units`.

    A cell that can read many steps at once has the method `sequence(x, mask, states, training)`, too. `x` is
    `(batch, time, features)` in reading order, `mask` boolean `(batch, time)` or `None`, and `states` a list. It
    returns the outputs `(batch, time, units)` and the list of final states. Masked steps must leave the states as they
    are; what is returned as their outputs doesn't matter.

    Args:
        cell: the cell.
        **kwargs: arguments of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.
    """

    def __init__(self, cell, **kwargs):
        super().__init__(cell, **kwargs)
        self.units = cell.units
        if keras.backend.backend() == "tensorflow":
            self.supports_jit = False  # Only loops are compiled; a whole model would be recompiled for every shape.

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if not hasattr(self.cell, "sequence"):
            return super().inner_loop(sequences, initial_state, mask, training=training)
        states = keras.tree.flatten(initial_state)
        mask = None if mask is None else ops.cast(keras.tree.flatten(mask)[0], "bool")
        if self.go_backwards:
            sequences, mask = ops.flip(sequences, axis=1), None if mask is None else ops.flip(mask, axis=1)
        outputs, states = self.cell.sequence(sequences, mask, states, training=training)
        if mask is not None:
            outputs = repeated_where_masked(outputs, mask, zero=self.zero_output_for_mask)
        return outputs[:, -1], outputs, states

    def get_config(self):
        # That of `RNN` would include the cell's own, which Keras can't derive if a dtype policy is an object.
        config = super(keras.layers.RNN, self).get_config()
        flags = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")
        config |= {name: getattr(self, name) for name in flags}
        return {**config, "units": self.units, **self.cell.options()}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def repeated_where_masked(outputs, mask, *, zero=False):
    """Returns outputs whose masked steps have the output of the last real step before them, or zero if there is none.

    Args:
        outputs: `(batch, time, units)`.
        mask: boolean `(batch, time)`, true at real steps.
        zero: whether the output of all masked steps is zero.
    """
    if zero:
        return ops.where(ops.expand_dims(mask, -1), outputs, 0)
    last = ops.maximum(steps_before(mask), 0)
    kept = taken(outputs, taken(real_first(mask), last))
    return ops.where(ops.expand_dims(steps_before(mask) >= 0, -1), kept, 0)


def real_first(mask):
    """Returns the indices of the real steps, in their order, followed by those of the others, int32 `(batch, time)`.

    Cells that look back at several steps, such as by a convolution, read a sequence in this order: then only its end is
    padding.
    """
    time = ops.shape(mask)[1]
    steps = ops.arange(time, dtype="int32")
    return ops.argsort(ops.where(mask, steps, steps + time), axis=1)


def steps_before(mask):
    """Returns where in `real_first` the last real step up to each step stands, int32 `(batch, time)`; -1 if none does.

    Example:
        >>> keras.ops.convert_to_numpy(steps_before(keras.ops.array([[False, True, False, True]]))).tolist()
        [[-1, 0, 0, 1]]
    """
    return ops.cumsum(ops.cast(mask, "int32"), axis=1) - 1


def taken(values, places):
    """Returns the steps of `values`, `(batch, time, ...)`, at `places`, int `(batch, n)`."""
    if keras.backend.backend() == "tensorflow":
        return tf.gather(values, places, axis=1, batch_dims=1)  # Keras would look up every number by itself.
    return ops.take_along_axis(
        values, ops.reshape(places, (*ops.shape(places), *[1] * (len(values.shape) - 2))), axis=1
    )
