"""Runs `h[t] = a[t] h[t-1] + b[t]` over a sequence, where `a` and `b` depend on the input but not on the state.

All gates can thus be computed without the state, and a step needs no matrix product. There are two implementations:

- `linear_scan`, for training on TensorFlow's CPU: two loops, one for the states and one for their gradient, each
  compiled by XLA. An iteration handles a block of `_BLOCK` steps: it reads the pre-activations of the block, computes
  `a` and `b` of all its steps with one vectorized expression, runs the recurrence over them step by step, and writes
  the block's states at once. The backward loop visits blocks and steps in reverse, recomputes the gates, and runs
  `dh[t-1] = a[t] dh[t]` plus the gradient of each output.
- `linear_recurrence`, for everything else: parallel over chunks of the sequence; see there.
"""

import functools
from typing import Any, Protocol

import keras
import tensorflow as tf
from keras import ops

from keras_rnn_zoo.frameworks.keras_internals import dynamic_slice, dynamic_update_slice
from keras_rnn_zoo.layers.compiled import column_sums, compiled, pad, padded_to_blocks
from keras_rnn_zoo.layers.loops import while_loop

_BLOCK = 4
"""Steps per iteration of the compiled loops. With eight they are as fast; with twenty, slower."""


class Gates(Protocol):
    """The interface of a cell for the compiled loops.

    `z` are its pre-activations `x W + b`, `(batch, time, gates * units)`.
    """

    @staticmethod
    def recurrence(z: Any) -> tuple[Any, Any]:
        """Returns `a` and `b`, each `(batch, time, units)`."""

    @staticmethod
    def backward(z: Any, h: Any, dh: Any) -> tuple[Any, ...]:
        """Returns the gradients w.r.t. the parts of `z`, each `(batch, time, units)`.

        Args:
            z: the pre-activations.
            h: the states after each step, `(batch, time, units)`.
            dh: the gradients w.r.t. `h`.
        """


def linear_scan(gates, inputs, mask, initial_state, kernel, bias, *, backwards):
    """Runs the recurrence of a cell over a sequence in a compiled loop. Masked steps keep the state.

    Args:
        gates: a `Gates`.
        inputs: the sequence, float32 or float64 `(batch, time, features)`.
        mask: boolean `(batch, time)`, or `None`.
        initial_state: `(batch, units)`.
        kernel: `(features, gates * units)`.
        bias: `(gates * units,)`.
        backwards: whether to read the sequence from its end.

    Returns:
        The states after each step `(batch, time, units)`, in the order of the sequence, and the final state
        `(batch, units)`.
    """
    masks = [] if mask is None else [mask]
    run = _differentiable(gates, fixed=not tf.executing_eagerly())
    return run(inputs, masks, initial_state, kernel, bias, tf.constant(backwards))


@functools.cache
def _differentiable(gates, fixed):
    """Returns the function that runs and differentiates the scan of a batch, including padding and cutting.

    It is a separate `tf.function` for the reasons given in `keras_rnn_zoo.layers.scan._differentiable`.
    """
    forward, backward = compiled(functools.partial(_forward, gates)), compiled(functools.partial(_backward, gates))

    @functools.partial(tf.function, autograph=False)
    @tf.custom_gradient
    def run(inputs, masks, initial_state, kernel, bias, backwards):
        batch, time = tf.unstack(tf.shape(inputs)[:2])
        (x,), real, sequence_sizes, state_sizes = padded_to_blocks([inputs], masks, _BLOCK, fixed)
        flat_x = tf.reshape(x, [-1, kernel.shape[0]])
        sums = tf.nn.bias_add(tf.matmul(flat_x, kernel), bias)
        sums = tf.reshape(sums, [*tf.unstack(tf.shape(x)[:2]), kernel.shape[1]])  # (..., ..., gates * units)
        last, states = forward(sums, real, backwards, pad(initial_state, state_sizes))

        def gradient(d_states, d_last):
            d_states, d_last = pad(d_states, sequence_sizes), pad(d_last, state_sizes)
            d_sums, d_initial = backward(sums, states, real, backwards, d_states, d_last)
            flat = tf.reshape(d_sums, [-1, kernel.shape[1]])
            d_x = tf.reshape(tf.matmul(flat, kernel, transpose_b=True), tf.shape(x))
            d_kernel = tf.matmul(flat_x, flat, transpose_a=True)
            d_masks = [None] * len(masks)
            return d_x[:batch, :time], *d_masks, d_initial[:batch], d_kernel, column_sums(flat), None

        return (states[:batch, :time], last[:batch]), gradient

    return run


def _loop(block, time, backwards, values):
    """Runs `block(start, *values)`, which returns new values, for the start of every block of the sequence."""
    first, stride = tf.where(backwards, time - _BLOCK, 0), tf.where(backwards, -_BLOCK, _BLOCK)
    return while_loop(
        lambda start, *_: (start >= 0) & (start < time),
        lambda start, *values: (start + stride, *block(start, *values)),
        (first, *values),
    )[1:]


def _reading_order(backwards):
    """Returns the indices of the steps of a block, in reading order."""
    return [tf.where(backwards, _BLOCK - 1 - step, step) for step in range(_BLOCK)]


def _read(values, start):
    """Returns a block of `values`: `(batch, time, width)` to `(batch, _BLOCK, width)`."""
    batch, _, width = tf.unstack(tf.shape(values))
    block = dynamic_slice(values, [0, start, 0], [batch, _BLOCK, width])
    return tf.ensure_shape(block, [None, _BLOCK, values.shape[2]])


def _write(values, start, block, feature=0):
    return dynamic_update_slice(values, block, tf.stack([0, start, feature]))


def _forward(gates, sums, real, backwards, initial_state):
    """Returns the final state `(batch, units)` and the states after each step `(batch, time, units)`."""

    def block(start, h, states):
        a, b = gates.recurrence(_read(sums, start))
        for is_real in (_read(mask, start) for mask in real):
            a, b = tf.where(is_real, a, tf.ones_like(a)), tf.where(is_real, b, tf.zeros_like(b))
        block_states = tf.zeros_like(b)  # (batch, _BLOCK, units)
        for step in _reading_order(backwards):
            h = tf.gather(a, step, axis=1) * h + tf.gather(b, step, axis=1)
            block_states = _write(block_states, step, h[:, None])
        return h, _write(states, start, block_states)

    states = tf.zeros([*tf.unstack(tf.shape(sums)[:2]), initial_state.shape[1]], initial_state.dtype)
    return _loop(block, tf.shape(sums)[1], backwards, (initial_state, states))


def _backward(gates, sums, states, real, backwards, d_states, d_last):
    """Returns the gradients w.r.t. the pre-activations `(batch, time, gates * units)` and the initial state."""

    def block(start, dh, d_sums):
        z, d_outputs, masks = _read(sums, start), _read(d_states, start), [_read(mask, start) for mask in real]
        a, _ = gates.recurrence(z)
        for is_real in masks:
            a = tf.where(is_real, a, tf.ones_like(a))
        d_after = tf.zeros_like(d_outputs)  # The full gradient w.r.t. the state after each step of the block.
        for step in _reading_order(~backwards):
            dh += tf.gather(d_outputs, step, axis=1)
            d_after = _write(d_after, step, dh[:, None])
            dh *= tf.gather(a, step, axis=1)
        for gate, grad in enumerate(gates.backward(z, _read(states, start), d_after)):
            for is_real in masks:
                grad = tf.where(is_real, grad, tf.zeros_like(grad))
            d_sums = _write(d_sums, start, grad, gate * grad.shape[2])
        return dh, d_sums

    d_initial, d_sums = _loop(block, tf.shape(sums)[1], ~backwards, (d_last, tf.zeros_like(sums)))
    return d_sums, d_initial


def linear_recurrence(a, b, initial_state):
    """Returns the states `h[t] = a[t] h[t-1] + b[t]` of all steps, computed in parallel.

    On TensorFlow, a sequence of `time` steps is cut into about `sqrt(time)` chunks of that length:

    1. All chunks run side by side, each starting from a zero state. That yields, for each step, the state that the
       chunk alone would have reached and the product of `a` from the start of the chunk (`decay`).
    2. A second, short recurrence over the ends of the chunks yields the true state at the start of each chunk.
    3. `decay` times that state is added to the states of the chunk.

    On other backends, Keras's parallel prefix scan is used.

    Args:
        a: `(batch, time, units)`.
        b: `(batch, time, units)`.
        initial_state: the state before the first step, `(batch, units)`.

    Returns:
        The states after each step, `(batch, time, units)`.
    """
    if keras.backend.backend() != "tensorflow":
        decay, states = ops.associative_scan(lambda x, y: (x[0] * y[0], y[0] * x[1] + y[1]), (a, b), axis=1)
        return states + decay * ops.expand_dims(initial_state, 1)
    time, units = tf.shape(a)[1], a.shape[2]
    length = tf.cast(tf.math.ceil(tf.sqrt(tf.cast(time, tf.float32))), tf.int32)
    chunks = -(-time // length)

    def cut(values, padding):
        values = tf.pad(values, [[0, 0], [0, chunks * length - time], [0, 0]], constant_values=padding)
        values = tf.reshape(values, [-1, chunks, length, units])
        return tf.transpose(values, [2, 0, 1, 3])  # (length, batch, chunks, units)

    decay, states = _run(cut(a, 1), cut(b, 0), tf.zeros([tf.shape(a)[0], chunks, units], a.dtype))
    _, ends = _run(tf.transpose(decay[-1], [1, 0, 2]), tf.transpose(states[-1], [1, 0, 2]), initial_state)
    starts = tf.concat([initial_state[None], ends[:-1]], axis=0)  # (chunks, batch, units)
    states += decay * tf.transpose(starts, [1, 0, 2])[None]
    joined = tf.reshape(tf.transpose(states, [1, 2, 0, 3]), [-1, chunks * length, units])
    return tf.ensure_shape(joined[:, :time], a.shape)


def _run(a, b, initial_state):
    """Runs the recurrence along the first axis; returns the products of `a` up to each step, and the states."""
    steps = tf.shape(a)[0]
    a_steps, b_steps = (tf.TensorArray(values.dtype, steps).unstack(values) for values in (a, b))
    arrays = tuple(tf.TensorArray(a.dtype, steps, element_shape=initial_state.shape) for _ in range(2))

    def step(time, product, h, products, states):
        factor = a_steps.read(time)
        product, h = product * factor, h * factor + b_steps.read(time)
        return time + 1, product, h, products.write(time, product), states.write(time, h)

    variables = (tf.constant(0), tf.ones_like(initial_state), initial_state, *arrays)
    *_, products, states = while_loop(lambda time, *_: time < steps, step, variables)
    return products.stack(), states.stack()
