"""`h[t] = a[t] h[t-1] + b[t]` over a sequence, where `a` and `b` are known of all steps: no product with the state.

In training on TensorFlow's CPU a loop runs it, and another its gradient, both compiled by XLA: a few steps at a time,
for which the gates are found at once. Elsewhere it is a parallel scan.
"""

import functools
from typing import Any, Protocol

import keras
import tensorflow as tf
from keras import ops
from tensorflow.compiler.tf2xla.python import xla

from keras_rnn_zoo.layers.compiled import bucket_size, column_sums, compiled, pad

_STEPS = 4
"""How many steps a turn of the compiled loops takes; eight take as long, and twenty longer."""


class Gates(Protocol):
    """What the compiled loops need to know of a cell, whose sums `z` are `x W + b`."""

    @staticmethod
    def recurrence(z: Any) -> tuple[Any, Any]:
        """Returns `a` and `b`."""

    @staticmethod
    def backward(z: Any, h: Any, dh: Any) -> tuple[Any, ...]:
        """Returns the gradients of the parts of `z`, each of `units`, given the states after the steps and theirs."""


def linear_scan(gates, inputs, mask, first, kernel, bias, *, backwards):
    """Runs the recurrence of a cell over a sequence, compiled. A masked step leaves the state as it is.

    Args:
        gates: a `Gates`.
        inputs: the sequence, `(batch, time, features)`.
        mask: boolean `(batch, time)`, or `None`.
        first: the state to begin with, `(batch, units)`.
        kernel: `(features, sums)`.
        bias: `(sums,)`.
        backwards: whether the last step is read first.

    Returns:
        The states after each step `(batch, time, units)`, in the order of the sequence, and the one after all.
    """
    masks = [] if mask is None else [mask]
    run = _differentiable(gates, fixed=not tf.executing_eagerly())
    return run(inputs, masks, first, kernel, bias, tf.constant(backwards))


@functools.cache
def _differentiable(gates, fixed):
    """Returns the scan of a batch in its own padding, with its gradient; a function of its own, as `scan`'s is."""
    forward, backward = compiled(functools.partial(_forward, gates)), compiled(functools.partial(_backward, gates))

    @functools.partial(tf.function, autograph=False)
    @tf.custom_gradient
    def run(inputs, masks, first, kernel, bias, backwards):
        batch, time = tf.unstack(tf.shape(inputs)[:2])
        turns = -(-bucket_size(inputs, 1, fixed) // _STEPS)
        rooms = {0: bucket_size(inputs, 0, fixed), 1: turns * _STEPS}
        rows = {0: rooms[0]}
        x = pad(inputs, rooms)
        without = [] if x is inputs else [tf.ones([batch, time], tf.bool)]  # What is padded must be masked.
        real = [pad(mask, rooms)[:, :, None] for mask in masks or without]
        flat_x = tf.reshape(x, [-1, kernel.shape[0]])
        sums = tf.nn.bias_add(tf.matmul(flat_x, kernel), bias)
        sums = tf.reshape(sums, [*tf.unstack(tf.shape(x)[:2]), kernel.shape[1]])
        last, states = forward(sums, real, backwards, pad(first, rows))

        def gradient(d_states, d_last):
            d_after = pad(d_states, rooms), pad(d_last, rows)
            d_sums, d_first = backward(sums, states, real, backwards, *d_after)
            flat = tf.reshape(d_sums, [-1, kernel.shape[1]])
            d_x = tf.reshape(tf.matmul(flat, kernel, transpose_b=True), tf.shape(x))
            d_kernel = tf.matmul(flat_x, flat, transpose_a=True)
            d_masks = [None] * len(masks)
            return d_x[:batch, :time], *d_masks, d_first[:batch], d_kernel, column_sums(flat), None

        return (states[:batch, :time], last[:batch]), gradient

    return run


def _loop(turn, time, backwards, values):
    """Runs `turn` for every `_STEPS` steps, given where they begin and the values that it returns anew."""
    first, by = tf.where(backwards, time - _STEPS, 0), tf.where(backwards, -_STEPS, _STEPS)
    return tf.while_loop(
        lambda begin, *_: (begin >= 0) & (begin < time),
        lambda begin, *values: (begin + by, *turn(begin, *values)),
        (first, *values),
    )[1:]


def _order(backwards):
    """Returns the places of the steps of a turn in the order that they are read in."""
    return [tf.where(backwards, _STEPS - 1 - step, step) for step in range(_STEPS)]


def _read(values, begin):
    batch, _, width = tf.unstack(tf.shape(values))
    found = xla.dynamic_slice(values, [0, begin, 0], [batch, _STEPS, width])
    return tf.ensure_shape(found, [None, _STEPS, values.shape[2]])


def _write(values, begin, new, feature=0):
    return xla.dynamic_update_slice(values, new, tf.stack([0, begin, feature]))


def _forward(gates, sums, real, backwards, first):
    """Returns the last state `(batch, units)` and those after each step `(batch, time, units)`."""

    def turn(begin, h, states):
        a, b = gates.recurrence(_read(sums, begin))
        for is_real in (_read(mask, begin) for mask in real):
            a, b = tf.where(is_real, a, tf.ones_like(a)), tf.where(is_real, b, tf.zeros_like(b))
        found = tf.zeros_like(b)
        for step in _order(backwards):
            h = tf.gather(a, step, axis=1) * h + tf.gather(b, step, axis=1)
            found = _write(found, step, h[:, None])
        return h, _write(states, begin, found)

    states = tf.zeros([*tf.unstack(tf.shape(sums)[:2]), first.shape[1]], first.dtype)
    return _loop(turn, tf.shape(sums)[1], backwards, (first, states))


def _backward(gates, sums, states, real, backwards, d_states, d_last):
    """Returns the gradients of the sums `(batch, time, sums)` and of the first state."""

    def turn(begin, dh, d_sums):
        z, d_outputs, is_real = _read(sums, begin), _read(d_states, begin), [_read(mask, begin) for mask in real]
        a, _ = gates.recurrence(z)
        for mask in is_real:
            a = tf.where(mask, a, tf.ones_like(a))
        d_after = tf.zeros_like(d_outputs)
        for step in _order(~backwards):
            dh += tf.gather(d_outputs, step, axis=1)
            d_after = _write(d_after, step, dh[:, None])
            dh *= tf.gather(a, step, axis=1)
        for part, found in enumerate(gates.backward(z, _read(states, begin), d_after)):
            for mask in is_real:
                found = tf.where(mask, found, tf.zeros_like(found))
            d_sums = _write(d_sums, begin, found, part * found.shape[2])
        return dh, d_sums

    d_first, d_sums = _loop(turn, tf.shape(sums)[1], ~backwards, (d_last, tf.zeros_like(sums)))
    return d_sums, d_first


def linear_recurrence(a, b, first):
    """Returns `h[t] = a[t] h[t-1] + b[t]` for all steps, `(batch, time, units)`; `first` is `h[-1]`, `(batch, units)`.

    On TensorFlow, of any length: about the square root of it many pieces run side by side, and then each takes up the
    state that the one before it ends with. On other backends, Keras's parallel prefix scan.
    """
    if keras.backend.backend() != "tensorflow":
        decay, states = ops.associative_scan(lambda x, y: (x[0] * y[0], y[0] * x[1] + y[1]), (a, b), axis=1)
        return states + decay * ops.expand_dims(first, 1)
    time, units = tf.shape(a)[1], a.shape[2]
    length = tf.cast(tf.math.ceil(tf.sqrt(tf.cast(time, tf.float32))), tf.int32)
    pieces = -(-time // length)

    def cut(values, padding):
        values = tf.pad(values, [[0, 0], [0, pieces * length - time], [0, 0]], constant_values=padding)
        values = tf.reshape(values, [-1, pieces, length, units])
        return tf.transpose(values, [2, 0, 1, 3])  # (length, batch, pieces, units)

    decay, states = _run(cut(a, 1), cut(b, 0), tf.zeros([tf.shape(a)[0], pieces, units], a.dtype))
    _, ends = _run(tf.transpose(decay[-1], [1, 0, 2]), tf.transpose(states[-1], [1, 0, 2]), first)
    begins = tf.concat([first[None], ends[:-1]], axis=0)  # (pieces, batch, units)
    states += decay * tf.transpose(begins, [1, 0, 2])[None]
    joined = tf.reshape(tf.transpose(states, [1, 2, 0, 3]), [-1, pieces * length, units])
    return tf.ensure_shape(joined[:, :time], a.shape)


def _run(a, b, first):
    """Runs the recurrence along the first axis; returns the products of `a` up to each step, and the states."""
    steps = tf.shape(a)[0]
    a_steps, b_steps = (tf.TensorArray(values.dtype, steps).unstack(values) for values in (a, b))
    arrays = tuple(tf.TensorArray(a.dtype, steps, element_shape=first.shape) for _ in range(2))

    def step(time, product, h, products, states):
        factor = a_steps.read(time)
        product, h = product * factor, h * factor + b_steps.read(time)
        return time + 1, product, h, products.write(time, product), states.write(time, h)

    first_variables = (tf.constant(0), tf.ones_like(first), first, *arrays)
    *_, products, states = tf.while_loop(lambda time, *_: time < steps, step, first_variables)
    return products.stack(), states.stack()
