"""A cell over a sequence on TensorFlow's CPU: one loop forward, one backward, each compiled by XLA.

Keras runs a cell by a TensorFlow loop whose every step is a dozen ops, and differentiates that loop op by op. Here the
loop is one XLA program, and so is its gradient, which keeps the sums that went into the gates and no other values. The
gradients of the weights are then one matrix product over all steps (Appleyard et al. 2016, "Optimizing Performance of
Recurrent Neural Networks on GPUs", section 3.1, do so for the input).

XLA compiles a program for every shape. Sequences are therefore padded to one of a few lengths, batches to one of a few
sizes, and the number of steps to run is an argument: no step is run for that padding.
"""

import functools

import keras
import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

_SIZES = [
    *(base * 2**power for power in range(1, 5) for base in (2, 3)),
    *(base * 2**power for power in range(4, 24) for base in (4, 5, 6, 7)),
]
"""The lengths and sizes that sequences and batches are padded to: closer where more memory is at stake."""


def scans_train_here(sequences):
    """Whether compiled scans train on these sequences: on a CPU, in single or double precision."""
    return (
        keras.backend.backend() == "tensorflow"
        and not tf.config.list_logical_devices("GPU")
        and sequences.dtype in (tf.float32, tf.float64)
    )


def scan(cell, inputs, mask, states, weights, *, backwards, zero_masked, compiled):
    """Runs a cell over a sequence. A masked step leaves the states as they are.

    Args:
        cell: a `keras_rnn_zoo.layers.scan_cells.Cell`.
        inputs: the sequence, `(batch, time, features)`.
        mask: boolean `(batch, time)`, or `None`.
        states: what to begin with, each `(batch, units)`, the output first.
        weights: kernel `(features, gates)` and bias `(gates,)` of the inputs; then, where there are any, recurrent
            kernel `(units, gates)` and bias `(gates,)` of the state.
        backwards: whether the last step is read first.
        zero_masked: whether the output of a masked step is zero instead of the one before.
        compiled: whether to run the programs that XLA compiles for each shape; else, TensorFlow's own loop for any
            shape, which suits use, where shapes vary and nothing may depend on a compiler.

    Returns:
        The last output; all outputs `(batch, time, units)` in the order of the sequence; the last states.
    """
    masks = [] if mask is None else [mask]  # None or one: a loop without a mask does less.
    if compiled:
        run = _differentiable(cell, zero_masked)
        run = _as_function(run) if tf.executing_eagerly() else run
        return run(inputs, masks, states, weights, tf.constant(backwards))
    x, masks = tf.transpose(inputs, [1, 0, 2]), [tf.transpose(mask)[:, :, None] for mask in masks]
    time = tf.shape(x)[0]
    last, outputs, final, _ = _ahead(cell, x, masks, time, backwards, zero_masked, states, weights, keep=False)
    return last, tf.transpose(outputs, [1, 0, 2]), final


@functools.cache
def _as_function(run):
    """Returns `run` as a graph: outside of one, TensorFlow also differentiates what has a gradient of its own."""
    return tf.function(run, autograph=False)


@functools.cache
def _differentiable(cell, zero_masked):
    """Returns the scan of a batch in its own padding, with its gradient."""

    @tf.custom_gradient
    def run(inputs, masks, states, weights, backwards):
        batch, time, features = tf.shape(inputs)[0], tf.shape(inputs)[1], inputs.shape[2]
        room = [[0, _room(time) - time], [0, _room(batch) - batch]]
        rows = [[0, room[1][1]], [0, 0]]
        x = tf.pad(tf.transpose(inputs, [1, 0, 2]), [*room, [0, 0]])
        # Without a mask, the rows of padding are run, and their gradient is zero.
        real = [tf.pad(tf.transpose(mask), room)[:, :, None] for mask in masks]
        first = [tf.pad(state, rows) for state in states]
        ahead, back = _programs(cell, zero_masked)
        last, outputs, final, kept = ahead(x, real, time, backwards, first, weights)

        def cut(values):
            return tf.transpose(tf.slice(values, [0, 0, 0], [time, batch, values.shape[2]]), [1, 0, 2])

        def flat(values):
            return tf.reshape(values[:time], [-1, values.shape[2]])

        def gradient(d_last, d_outputs, *d_final):
            d_outputs = tf.pad(tf.transpose(d_outputs, [1, 0, 2]), [*room, [0, 0]])
            d_after = [tf.pad(grad, rows) for grad in d_final]
            d_in, d_rec, d_first = back(kept, real, time, backwards, d_outputs, tf.pad(d_last, rows), d_after, weights)
            in_flat, rec_flat = flat(d_in), flat(d_rec)
            d_x = tf.reshape(tf.matmul(in_flat, weights[0], transpose_b=True), [time, -1, features])
            d_weights = [
                tf.matmul(flat(x), in_flat, transpose_a=True),
                _column_sums(in_flat),
                tf.matmul(flat(kept[1][0]), rec_flat, transpose_a=True),
                _column_sums(rec_flat),
            ]
            return (
                cut(d_x),
                *([None] * len(masks)),
                *(grad[:batch] for grad in d_first),
                *d_weights[: len(weights)],
                None,
            )

        return (last[:batch], cut(outputs), [state[:batch] for state in final]), gradient

    return run


def _room(size):
    """Returns the least of `_SIZES` that is not less than `size`: few shapes, and little padding."""
    return tf.gather(_SIZES, tf.searchsorted(_SIZES, size[None]))[0]


def _column_sums(values):
    # As a product; TensorFlow's sum over the rows takes several times as long.
    return tf.matmul(tf.ones_like(values[:, :1]), values, transpose_a=True)[0]


@functools.cache
def _programs(cell, zero_masked):
    """Returns the scan and its gradient as functions that XLA compiles once a shape, whatever the direction."""

    def ahead(x, masks, count, backwards, states, weights):
        return _ahead(cell, x, masks, count, backwards, zero_masked, states, weights, keep=True)

    def back(kept, masks, count, backwards, d_outputs, d_last, d_states, weights):
        return _back(cell, kept, masks, count, backwards, zero_masked, d_outputs, d_last, d_states, weights)

    def compiled(function):
        return tf.function(function, jit_compile=True, autograph=False)

    return compiled(ahead), compiled(back)


def _place(number, count, backwards):
    """Returns where the step stands that is read as the `number`th."""
    if isinstance(backwards, bool):
        return count - 1 - number if backwards else number
    return tf.where(backwards, count - 1 - number, number)


def _read(steps, time):
    return steps.read(time) if isinstance(steps, tf.TensorArray) else tf.gather(steps, time)


def _write(steps, time, value):
    if isinstance(steps, tf.TensorArray):
        return steps.write(time, value)
    # XLA writes in place. Of a `TensorArray` it would copy the whole once more at the end.
    return xla.dynamic_update_slice(steps, value[None], tf.stack([time, *[0] * (len(steps.shape) - 1)]))


def _empty(like, widths):
    return tuple(tf.zeros([*tf.unstack(tf.shape(like))[:2], width], like.dtype) for width in widths)


def _ahead(cell, x, masks, count, backwards, zero_masked, states, weights, *, keep):
    """Runs `count` steps of `x` `(time, batch, features)`.

    Returns:
        The last output, all outputs, the last states; with `keep`, what the gradient needs, which is what the cell
        keeps of each step and the states before it, else `None`.
    """
    kernel, bias, *recurrent = weights
    units = states[0].shape[1]

    def project(values):
        return tf.matmul(values, kernel) + bias

    def recur(h):
        if not recurrent:
            return None
        z = tf.matmul(h, recurrent[0])
        return z + recurrent[1] if len(recurrent) > 1 else z

    if keep:
        # A compiled loop multiplies as fast step by step; in TensorFlow's own loop each op has its price.
        steps = x
    else:
        steps = tf.reshape(project(tf.reshape(x, [-1, x.shape[2]])), [*tf.unstack(tf.shape(x))[:2], -1])
        steps, masks = _array(steps), list(map(_array, masks))
    widths = [part.shape[-1] for part in cell.ahead(*[tf.zeros([1, kernel.shape[1]], x.dtype)] * 2, states)[0]]
    if keep:
        outputs, *arrays = _empty(x, [units, *widths, *[units] * len(states)])
    else:
        outputs, arrays = tf.TensorArray(x.dtype, tf.shape(x)[0], element_shape=(x.shape[1], units)), []

    def step(number, output, states, outputs, arrays):
        time = _place(number, count, backwards)
        values = _read(steps, time)
        kept, after = cell.ahead(project(values) if keep else values, recur(states[0]), states)
        new_output = after[0]
        for mask in masks:
            is_real = _read(mask, time)
            after = tuple(tf.where(is_real, new, old) for new, old in zip(after, states, strict=True))
            new_output = tf.where(is_real, new_output, tf.zeros_like(output) if zero_masked else output)
        if keep:
            arrays = tuple(_write(a, time, value) for a, value in zip(arrays, (*kept, *states), strict=True))
        return number + 1, new_output, after, _write(outputs, time, new_output), arrays

    first = (tf.constant(0), tf.zeros_like(states[0]), tuple(states), outputs, tuple(arrays))
    _, last, after, outputs, arrays = tf.while_loop(lambda number, *_: number < count, step, first)
    if keep:
        return last, outputs, list(after), (list(arrays[: len(widths)]), list(arrays[len(widths) :]))
    return last, outputs.stack(), list(after), None


def _array(values):
    return tf.TensorArray(values.dtype, tf.shape(values)[0]).unstack(values)


def _back(cell, kept, masks, count, backwards, zero_masked, d_outputs, d_last, d_states, weights):
    """Returns the gradients of the sums `(time, batch, gates)`, of inputs and of states, and of the first states."""
    sums, before = kept
    recurrent = tf.transpose(weights[2]) if len(weights) > 2 else None
    shared = len(weights) < 4  # The sums of inputs and of states are added, so their gradients are one.
    arrays = _empty(d_outputs, [weights[0].shape[1]] * (1 if shared else 2))

    def step(number, d_output, grads, arrays):
        time = _place(count - 1 - number, count, backwards)
        d_output += _read(d_outputs, time)
        inner = (grads[0] + d_output, *grads[1:])
        d_in, d_rec, direct = cell.back([_read(a, time) for a in sums], [_read(a, time) for a in before], inner)
        d_sums, d_before = [d_in] if shared else [d_in, d_rec], tf.zeros_like(d_output)
        for mask in masks:
            is_real = _read(mask, time)
            d_sums = [tf.where(is_real, grad, tf.zeros_like(grad)) for grad in d_sums]
            direct = [tf.where(is_real, new, old) for new, old in zip(direct, grads, strict=True)]
            if not zero_masked:  # The output of a masked step is that of the step before it.
                d_before = tf.where(is_real, d_before, d_output)
        if recurrent is not None:
            direct = [direct[0] + tf.matmul(d_sums[-1], recurrent), *direct[1:]]
        arrays = tuple(_write(array, time, grad) for array, grad in zip(arrays, d_sums, strict=True))
        return number + 1, d_before, tuple(direct), arrays

    first = (tf.constant(0), d_last, tuple(d_states), arrays)
    _, _, grads, arrays = tf.while_loop(lambda number, *_: number < count, step, first)
    return arrays[0], arrays[-1], list(grads)
