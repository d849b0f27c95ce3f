"""The base class of cells with a linear recurrence, `h[t] = a[t] h[t-1] + b[t]` for each number of the state.

`a` and `b` depend on the input alone, so they are known for all steps at once. The state is real, or complex in two
real parts. On TensorFlow's CPU, training runs it by `keras_rnn_zoo.layers.diagonal_scan` or a scan of the cell's own;
inference runs it in plain blocks. Other backends run a parallel prefix scan.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from keras_rnn_zoo.layers.block_scan import plain_scan
from keras_rnn_zoo.layers.compiled import scans_train_here
from keras_rnn_zoo.layers.diagonal_scan import diagonal_scan, product, total

_STEPS = 4
"""The number of steps in a block."""


@dataclass(frozen=True)
class LinearBlock:
    """Some steps of a linear recurrence; see `keras_rnn_zoo.layers.block_scan` for the arguments.

    Attributes:
        terms: a function from inputs and weights to `a` and `b`. Each is a list: of one real part, or of the real and
            the imaginary part. A part is `(batch, steps, size)`, or of `a` also `(size,)` if it is the same at all
            steps.
        outputs: a function from the states after each step (the parts, each `(batch, steps, size)`), the inputs and the
            weights to the outputs, `(batch, steps, width)`.
    """

    terms: Callable[[list[Any], list[Any]], tuple[list[Any], list[Any]]]
    outputs: Callable[[list[Any], list[Any], list[Any]], Any]

    def __call__(self, inputs, mask, states, weights):
        """Runs the steps one after another."""
        a, b = self.terms(inputs, weights)
        history = []
        for step in range(inputs[0].shape[1]):
            factor = [part[:, step] if len(part.shape) == 3 else part for part in a]
            after = total(product(factor, states), [part[:, step] for part in b])
            if mask is not None:
                after = [ops.where(mask[:, step], new, old) for new, old in zip(after, states, strict=True)]
            states = after
            history.append(states)
        h = [ops.stack(parts, axis=1) for parts in zip(*history, strict=True)]
        return self.outputs(h, inputs, weights), states

    def at_once(self, inputs, mask, states, weights):
        """Runs all steps by a parallel prefix scan."""
        a, b = self.terms(inputs, weights)
        a = [ops.broadcast_to(part, ops.shape(b[0])) for part in a]
        if mask is not None:
            a = [ops.where(mask, part, float(number == 0)) for number, part in enumerate(a)]  # One, in both parts.
            b = [ops.where(mask, part, 0.0) for part in b]

        def both(first, second):
            (a1, b1), (a2, b2) = first, second
            return product(a2, a1), total(product(a2, b1), b2)

        a, b = ops.associative_scan(both, (a, b), axis=1)
        h = total(product(a, [ops.expand_dims(state, 1) for state in states]), b)
        return self.outputs(h, inputs, weights), [part[:, -1] for part in h]


class LinearCell(keras.layers.Layer):
    """One step of a linear recurrence, and all steps of a sequence.

    Subclasses define the methods and attributes below. Everything that enters the recurrence is float32 at least, also
    in mixed precision, as the state of a long sequence loses too much otherwise; so the weights of the recurrence are
    made with `autocast=False`.

    Attributes:
        block: the recurrence.
    """

    block: ClassVar[LinearBlock]

    def inputs(self, x):
        """Returns what enters the recurrence, each `(batch, time, width)`, for inputs `(batch, time, features)`."""
        raise NotImplementedError

    def weights_of_block(self):
        """Returns the weights that enter the recurrence."""
        raise NotImplementedError

    def outputs(self, y, x):
        """Returns the outputs of the cell, for those of the recurrence and its inputs, `(batch, time, features)`."""
        raise NotImplementedError

    def call(self, inputs, states, training=False):
        x = ops.expand_dims(inputs, 1)
        y, after = self.block(self.inputs(x), None, [self.precise(state) for state in states], self.weights_of_block())
        return self.outputs(y, x)[:, 0], [ops.cast(state, self.compute_dtype) for state in after]

    def sequence(self, x, mask, states, training=False):
        y, states = self.run(self.inputs(x), mask, states, training)
        return self.outputs(y, x), states

    def run(self, inputs, mask, states, training):
        """Runs the recurrence; inputs are those of the method `inputs`, and other arguments those of `sequence`."""
        weights, states = self.weights_of_block(), [self.precise(state) for state in states]
        if keras.backend.backend() == "tensorflow":
            if not (training and scans_train_here(inputs[0])):
                return plain_scan(self.block, inputs, mask, states, weights, steps=_STEPS)
            return self.train(inputs, mask, states, weights)
        mask = None if mask is None else ops.expand_dims(mask, -1)
        return self.block.at_once(inputs, mask, states, weights)

    def train(self, inputs, mask, states, weights):
        """Runs the recurrence in a form that trains on TensorFlow's CPU; arguments and results as for `run`."""
        h, states = diagonal_scan(self.block.terms, inputs, mask, states, weights)
        return self.block.outputs(h, inputs, weights), states

    def precise(self, values):
        """Returns values as float32, unless they are more precise."""
        return ops.cast(values, "float64" if self.compute_dtype == "float64" else "float32")
