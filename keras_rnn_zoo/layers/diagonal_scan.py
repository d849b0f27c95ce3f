"""Runs `h[t] = a[t] h[t-1] + b[t]` over a sequence, in a form that trains on TensorFlow's CPU.

The forward and the backward pass are one program of XLA each. It computes `a` and `b` of all steps at once. Then a loop
updates the state, or in the backward pass its gradient, in blocks of `STEPS` steps. With the states `h` and the
gradients `dh` of all steps, the gradients of `a` and `b` are products of whole arrays, and TensorFlow derives those of
what `a` and `b` were made of. Numbers are real, or complex in two real parts.

All these arrays have a state for each step. `keras_rnn_zoo.layers.block_scan` is for states too large for that.
"""

import functools

import tensorflow as tf

from keras_rnn_zoo.frameworks.keras_internals import dynamic_slice, dynamic_update_slice
from keras_rnn_zoo.layers.compiled import compiled, pad, padded_to_blocks
from keras_rnn_zoo.layers.loops import while_loop

STEPS = 4
"""Steps per iteration of the loops. With eight they are slower."""


def diagonal_scan(terms, inputs, mask, states, weights):
    """Runs the recurrence.

    Args:
        terms: a function from inputs and weights to `a` and `b`, as in `keras_rnn_zoo.layers.linear_cell.LinearBlock`.
            It is hashable, as programs are compiled once for each.
        inputs: a list of float32 or float64 `(batch, time, width)`.
        mask: boolean `(batch, time)`, or `None`. Masked steps keep the states.
        states: the parts of the initial state, a list of `(batch, size)`.
        weights: a list of tensors.

    Returns:
        The parts of the states after each step, a list of `(batch, time, size)`, and those of the final state.
    """
    masks = [] if mask is None else [mask]
    states = [tf.convert_to_tensor(state) for state in states]
    return _differentiable(terms, fixed=not tf.executing_eagerly())(inputs, masks, states, weights)


@functools.cache
def _differentiable(terms, fixed):
    """Returns the function that runs and differentiates a recurrence, including padding and cutting.

    It is a separate `tf.function` for the reasons given in `keras_rnn_zoo.layers.scan._differentiable`.
    """
    forward, backward = (compiled(functools.partial(program, terms)) for program in (_forward, _backward))

    @functools.partial(tf.function, autograph=False)
    @tf.custom_gradient
    def run(inputs, masks, states, weights):
        batch, time = tf.unstack(tf.shape(inputs[0])[:2])
        x, real, sequence_sizes, state_sizes = padded_to_blocks(inputs, masks, STEPS, fixed)
        initial = [pad(state, state_sizes) for state in states]
        h, final = forward(x, real, initial, weights)

        def gradient(*grads):
            d_h = [pad(grad, sequence_sizes) for grad in grads[: len(states)]]
            d_final = [pad(grad, state_sizes) for grad in grads[len(states) :]]
            d_x, d_states, d_weights = backward(x, real, initial, weights, h, d_h, d_final)
            d_inputs = [grad[:batch, :time] for grad in d_x]
            return *d_inputs, *([None] * len(masks)), *(grad[:batch] for grad in d_states), *d_weights

        return ([part[:batch, :time] for part in h], [part[:batch] for part in final]), gradient

    return run


def product(x, y):
    """Returns the product of two numbers, each a list of one real part, or of a real and an imaginary part."""
    if len(x) == 1:
        return [x[0] * y[0]]
    return [x[0] * y[0] - x[1] * y[1], x[0] * y[1] + x[1] * y[0]]


def total(x, y):
    """Returns the sum of two numbers, each a list of parts."""
    return [mine + other for mine, other in zip(x, y, strict=True)]


def _conjugate(x):
    return x if len(x) == 1 else [x[0], -x[1]]


def _kept_where_masked(a, b, mask):
    """Returns `a` and `b` as one and zero where a mask, `(batch, time, 1)`, is false, so that the state stays."""
    a = [tf.where(mask, part, tf.cast(number == 0, part.dtype)) for number, part in enumerate(a)]
    return a, [tf.where(mask, part, tf.zeros_like(part)) for part in b]


def _block(part, index):
    """Returns the steps of a block, each `(batch, size)`; a part that is the same at all steps is repeated."""
    if len(part.shape) == 1:
        return [part] * STEPS
    batch, _, size = tf.unstack(tf.shape(part))
    steps = dynamic_slice(part, [0, index * STEPS, 0], [batch, STEPS, size])
    return tf.unstack(tf.ensure_shape(steps, [None, STEPS, part.shape[2]]), axis=1)


def _steps(parts, index):
    """Returns the steps of a block, each a list of parts."""
    return [list(step) for step in zip(*(_block(part, index) for part in parts), strict=True)]


def _write(parts, index, steps):
    """Writes the steps of a block, each a list of parts, to arrays `(batch, time, size)`."""
    start = tf.stack([0, index * STEPS, 0])
    stacked = [tf.stack(values, axis=1) for values in zip(*steps, strict=True)]
    return [dynamic_update_slice(part, values, start) for part, values in zip(parts, stacked, strict=True)]


def _terms(terms, x, real, weights):
    a, b = terms(x, weights)
    for mask in real:
        a, b = _kept_where_masked(a, b, mask)
    return a, b


def _forward(terms, x, real, states, weights):
    """Returns the states after each step, and the final state."""
    a, b = _terms(terms, x, real, weights)

    def block(index, state, h):
        steps = []
        for factor, summand in zip(_steps(a, index), _steps(b, index), strict=True):
            state = total(product(factor, state), summand)
            steps.append(state)
        return index + 1, state, _write(h, index, steps)

    count, zeros = tf.shape(b[0])[1] // STEPS, [tf.zeros_like(part) for part in b]
    _, final, h = while_loop(lambda index, *_: index < count, block, (tf.constant(0), states, zeros))
    return h, final


def _backward(terms, x, real, states, weights, h, d_h, d_final):
    """Returns the gradients w.r.t. inputs, initial state and weights."""
    with tf.GradientTape() as tape:
        tape.watch([x, weights])
        a, b = _terms(terms, x, real, weights)

    def block(index, grad, d_after):  # The gradient w.r.t. a state is complete once the later steps are done.
        steps = []
        for factor, own in reversed(list(zip(_steps(a, index), _steps(d_h, index), strict=True))):
            grad = total(grad, own)
            steps.append(grad)
            grad = product(_conjugate(factor), grad)
        return index - 1, grad, _write(d_after, index, reversed(steps))

    last, zeros = tf.shape(b[0])[1] // STEPS - 1, [tf.zeros_like(part) for part in h]
    _, d_states, d_b = while_loop(lambda index, *_: index >= 0, block, (last, d_final, zeros))
    before = [tf.concat([state[:, None], part[:, :-1]], axis=1) for state, part in zip(states, h, strict=True)]
    d_a = product(_conjugate(before), d_b)
    d_a = [grad if len(part.shape) == 3 else tf.reduce_sum(grad, [0, 1]) for grad, part in zip(d_a, a, strict=True)]
    d_x, d_weights = tape.gradient([a, b], [x, weights], output_gradients=[d_a, d_b], unconnected_gradients="zero")
    return d_x, d_states, d_weights
