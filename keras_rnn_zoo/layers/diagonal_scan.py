"""Runs `h[t] = a[t] h[t-1] + b[t]` over a sequence, in a form that trains on TensorFlow's CPU.

The forward and the backward pass are one program of XLA each. It computes `a` and `b` of all steps at once. Then a loop
updates the state, or in the backward pass its gradient, `STEPS` steps in an iteration. With the states `h` and the
gradients `dh` of all steps, the gradients of `a` and `b` are products of whole arrays, and TensorFlow derives those of
what `a` and `b` were made of. Numbers are real, or complex in two real parts.

All these arrays have a state for each step. `keras_rnn_zoo.layers.selective_scan` is for states too large for that.
"""

import functools

import tensorflow as tf

from keras_rnn_zoo.layers.compiled import column_sums, compiled, pad, padded_to_blocks
from keras_rnn_zoo.layers.loops import step_at, while_loop, with_step

STEPS = 4
"""Steps per iteration of the loops, so that a small batch doesn't wait for the loop itself. Each step reads and writes
by itself: XLA vectorizes no kernel that writes several steps side by side."""


def diagonal_scan(terms, inputs, mask, states, weights):
    """Runs the recurrence.

    Args:
        terms: a function from inputs and weights to `a` and `b`, as in `keras_rnn_zoo.layers.linear_cell.LinearBlock`.
            It is hashable, as programs are compiled once for each.
        inputs: a list of float32 or float64 `(batch, time, width)`.
        mask: boolean `(batch, time)`, or `None`. Masked steps keep the states.
        states: the parts of the initial state, a list of `(batch, size)`.
        weights: a list of vectors `(size,)`. For gradients, `terms` gets a copy of each for every step.

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


def _step(parts, time):
    """Returns a step, a list of `(batch, size)`; parts that are the same at all steps are returned as they are."""
    return [part if len(part.shape) == 1 else step_at(part, time) for part in parts]


def _write(parts, time, step):
    """Writes a step, a list of `(batch, size)`, to arrays `(batch, time, size)`."""
    return [with_step(part, time, value) for part, value in zip(parts, step, strict=True)]


def _terms(terms, x, real, weights):
    a, b = terms(x, weights)
    for mask in real:
        a, b = _kept_where_masked(a, b, mask)
    return a, b


def _forward(terms, x, real, states, weights):
    """Returns the states after each step, and the final state."""
    a, b = _terms(terms, x, real, weights)

    def block(start, state, h):
        for time in (start + number for number in range(STEPS)):
            state = total(product(_step(a, time), state), _step(b, time))
            h = _write(h, time, state)
        return start + STEPS, state, h

    count, zeros = tf.shape(b[0])[1], [tf.zeros_like(part) for part in b]
    _, final, h = while_loop(lambda start, *_: start < count, block, (tf.constant(0), states, zeros))
    return h, final


def _backward(terms, x, real, states, weights, h, d_h, d_final):
    """Returns the gradients w.r.t. inputs, initial state and weights."""
    a, _ = _terms(terms, x, real, weights)

    def block(end, grad, d_after):  # The gradient w.r.t. a state is complete once the later steps are done.
        for time in (end - number for number in range(STEPS)):
            grad = total(grad, _step(d_h, time))
            d_after = _write(d_after, time, grad)
            grad = product(_conjugate(_step(a, time)), grad)
        return end - STEPS, grad, d_after

    last, zeros = tf.shape(h[0])[1] - 1, [tf.zeros_like(part) for part in h]
    _, d_states, d_b = while_loop(lambda end, *_: end >= 0, block, (last, d_final, zeros))
    before = [tf.concat([state[:, None], part[:, :-1]], axis=1) for state, part in zip(states, h, strict=True)]
    d_x, d_weights = _gradients_of_terms(terms, x, real, weights, product(_conjugate(before), d_b), d_b)
    return d_x, d_states, d_weights


def _gradients_of_terms(terms, x, real, weights, d_a, d_b):
    """Returns the gradients w.r.t. inputs and weights, given those w.r.t. `a` and `b`, each `(batch, time, size)`."""
    # A copy of the weights for each step, to add up the gradients as a product: XLA computes what leads to a sum
    # without vectorizing it.
    steps = tf.shape(x[0])[:2]
    copies = [tf.broadcast_to(weight, [*tf.unstack(steps), weight.shape[0]]) for weight in weights]
    with tf.GradientTape() as tape:
        tape.watch([x, copies])
        a, b = _terms(terms, x, real, copies)
    d_x, d_copies = tape.gradient([a, b], [x, copies], output_gradients=[d_a, d_b], unconnected_gradients="zero")
    return d_x, [column_sums(tf.reshape(grad, [-1, grad.shape[2]])) for grad in d_copies]
