"""A cell over a sequence on TensorFlow's CPU: one loop forward, one backward, each compiled by XLA.

Keras runs a cell by a TensorFlow loop whose every step is a dozen ops, and differentiates that loop op by op. Here the
loop is one XLA program, and so is its gradient, which keeps the sums that went into the gates and no other values. The
gradients of the weights are then one matrix product over all steps (Appleyard et al. 2016, "Optimizing Performance of
Recurrent Neural Networks on GPUs", section 3.1, do so for the input).

Sequences are padded as `keras_rnn_zoo.layers.compiled` says, and the number of steps to run is an argument: no step is
run for that padding.
"""

import functools

import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

from keras_rnn_zoo.layers.compiled import bucket_size, column_sums, compiled, pad


def scan(cell, inputs, mask, states, weights, *, backwards, zero_masked, training):
    """Runs a cell over a sequence. A masked step leaves the states as they are.

    Args:
        cell: a `keras_rnn_zoo.layers.scan_cells.Cell`.
        inputs: the sequence, `(batch, time, features)`.
        mask: boolean `(batch, time)`, or `None`.
        states: what to begin with, each `(batch, units)`, the output first.
        weights: kernel `(features, gates)` and bias `(gates,)` of the inputs; recurrent kernel `(units, gates)` and,
            where there is one, bias `(gates,)` of the state.
        backwards: whether the last step is read first.
        zero_masked: whether the output of a masked step is zero instead of the one before.
        training: whether to run the programs that XLA compiles for each shape; else, TensorFlow's own loop for any
            shape, which suits use, where shapes vary and nothing may depend on a compiler.

    Returns:
        The last output; all outputs `(batch, time, units)` in the order of the sequence; the last states.
    """
    masks = [] if mask is None else [mask]  # None or one: a loop without a mask does less.
    if training:
        run = _differentiable(cell, zero_masked, fixed=not tf.executing_eagerly())
        return run(inputs, masks, states, weights, tf.constant(backwards))
    x, masks = tf.transpose(inputs, [1, 0, 2]), [tf.transpose(mask)[:, :, None] for mask in masks]
    time = tf.shape(x)[0]
    last, outputs, final = _inference_loop(cell, x, masks, time, backwards, zero_masked, states, weights)
    return last, tf.transpose(outputs, [1, 0, 2]), final


@functools.cache
def _differentiable(cell, zero_masked, fixed):
    """Returns the scan of a batch in its own padding, with its gradient.

    It is a function of its own, traced once for all models: TensorFlow keeps each graph in which it has met a
    `custom_gradient` until the process ends, and outside of graphs it differentiates what has a gradient, too.
    """

    @functools.partial(tf.function, autograph=False)
    @tf.custom_gradient
    def run(inputs, masks, states, weights, backwards):
        batch, time, features = tf.shape(inputs)[0], tf.shape(inputs)[1], inputs.shape[2]
        rooms = {0: bucket_size(inputs, 1, fixed), 1: bucket_size(inputs, 0, fixed)}
        rows = {0: rooms[1]}
        x = pad(tf.transpose(inputs, [1, 0, 2]), rooms)
        # Without a mask, the rows of padding are run, and their gradient is zero.
        real = [pad(tf.transpose(mask), rooms)[:, :, None] for mask in masks]
        first = [pad(state, rows) for state in states]
        forward, backward = _programs(cell, zero_masked)
        last, outputs, final, sums, state_history = forward(x, real, time, backwards, first, weights)
        before, after = tf.cast(backwards, tf.int32), tf.cast(~backwards, tf.int32)
        outputs, begin = (outputs[0], 0) if masks else (state_history[0], after)

        def cut(values, begin=0):
            return tf.transpose(tf.slice(values, [begin, 0, 0], [time, batch, values.shape[2]]), [1, 0, 2])

        def flat(values, begin=0):
            return tf.reshape(values[begin : begin + time], [-1, values.shape[2]])

        def gradient(d_last, d_outputs, *d_final):
            d_outputs = pad(tf.transpose(d_outputs, [1, 0, 2]), rooms)
            d_after = [pad(grad, rows) for grad in d_final]
            d_sums, d_first = backward(
                sums, state_history, real, time, backwards, d_outputs, pad(d_last, rows), d_after, weights
            )
            in_flat, rec_flat = flat(d_sums[0]), flat(d_sums[-1])
            d_x = tf.reshape(tf.matmul(in_flat, weights[0], transpose_b=True), [time, -1, features])
            d_weights = [tf.matmul(flat(x), in_flat, transpose_a=True), column_sums(in_flat)]
            d_weights += [tf.matmul(flat(state_history[0], before), rec_flat, transpose_a=True), column_sums(rec_flat)]
            return (
                cut(d_x),
                *([None] * len(masks)),
                *(grad[:batch] for grad in d_first),
                *d_weights[: len(weights)],
                None,
            )

        return (last[:batch], cut(outputs, begin), [state[:batch] for state in final]), gradient

    return run


@functools.cache
def _programs(cell, zero_masked):
    """Returns the scan and its gradient as functions that XLA compiles once a shape, whatever the direction."""

    def forward(x, masks, count, backwards, states, weights):
        return _forward(cell, x, masks, count, backwards, zero_masked, states, weights)

    def backward(sums, state_history, masks, count, backwards, d_outputs, d_last, d_states, weights):
        return _backward(
            cell, sums, state_history, masks, count, backwards, zero_masked, d_outputs, d_last, d_states, weights
        )

    return compiled(forward), compiled(backward)


def _place(number, count, backwards):
    """Returns where the step stands that is read as the `number`th."""
    if isinstance(backwards, bool):
        return count - 1 - number if backwards else number
    return tf.where(backwards, count - 1 - number, number)


def _write(steps, time, value):
    # XLA writes in place. Of a `TensorArray` it would copy the whole once more at the end.
    return xla.dynamic_update_slice(steps, value[None], tf.stack([time, *[0] * (len(steps.shape) - 1)]))


def _empty(time, batch, widths, dtype):
    return tuple(tf.zeros([time, batch, width], dtype) for width in widths)


def _recur(h, recurrent):
    """Returns what the state adds to the sums: `h U`, with a bias of its own where there is one."""
    z = tf.matmul(h, recurrent[0])
    return z + recurrent[1] if len(recurrent) > 1 else z


def _select(is_real, new, old):
    return tuple(tf.where(is_real, one, other) for one, other in zip(new, old, strict=True))


def _inference_loop(cell, x, masks, count, backwards, zero_masked, states, weights):
    """Runs `count` steps of `x` `(time, batch, features)`; returns the last output, all outputs, the last states."""
    kernel, bias, *recurrent = weights
    # In TensorFlow's own loop each op has its price: what can be done for all steps at once is done before.
    steps = tf.matmul(tf.reshape(x, [-1, x.shape[2]]), kernel) + bias
    steps = tf.reshape(steps, [*tf.unstack(tf.shape(x))[:2], kernel.shape[1]])
    steps, *masks = (tf.TensorArray(part.dtype, tf.shape(x)[0]).unstack(part) for part in (steps, *masks))
    outputs = tf.TensorArray(x.dtype, tf.shape(x)[0], element_shape=(x.shape[1], states[0].shape[1]))

    def step(number, output, states, outputs):
        time = _place(number, count, backwards)
        _, after = cell.forward(steps.read(time), _recur(states[0], recurrent), states)
        new_output = after[0]
        for mask in masks:
            is_real = mask.read(time)
            after = _select(is_real, after, states)
            new_output = tf.where(is_real, new_output, tf.zeros_like(output) if zero_masked else output)
        return number + 1, new_output, after, outputs.write(time, new_output)

    first = (tf.constant(0), tf.zeros_like(states[0]), tuple(states), outputs)
    _, last, after, outputs = tf.while_loop(lambda number, *_: number < count, step, first)
    return last, outputs.stack(), list(after)


def _forward(cell, x, masks, count, backwards, zero_masked, states, weights):
    """Runs `count` steps of `x` `(time, batch, features)`, and keeps what the gradient needs.

    Returns:
        The last output; with a mask, a list of all outputs, else an empty one; the last states; what the cell keeps of
        each step; and for each state its values between the steps, one more than there are steps. Backwards or not,
        those before a step and those after it stand beside each other, so a step's own place or the next is either.
        Without a mask, the outputs are the first state.
    """
    kernel, bias, *recurrent = weights
    time, batch = tf.unstack(tf.shape(x))[:2]
    widths = [part.shape[-1] for part in cell.forward(*[tf.zeros([1, kernel.shape[1]], x.dtype)] * 2, states)[0]]
    outputs = _empty(time, batch, [state.shape[1] for state in states[:1] * len(masks)], x.dtype)
    state_history = _empty(time + 1, batch, [state.shape[1] for state in states], x.dtype)
    state_history = tuple(
        _write(slot, tf.where(backwards, count, 0), state) for slot, state in zip(state_history, states, strict=True)
    )
    past = tf.cast(~backwards, tf.int32)

    def step(number, states, output, outputs, sums, state_history):
        time = _place(number, count, backwards)
        # A compiled loop multiplies as fast step by step as all steps at once.
        residuals, after = cell.forward(
            tf.matmul(tf.gather(x, time), kernel) + bias, _recur(states[0], recurrent), states
        )
        for mask in masks:
            is_real = tf.gather(mask, time)
            output = (tf.where(is_real, after[0], tf.zeros_like(after[0]) if zero_masked else output[0]),)
            after = _select(is_real, after, states)
        outputs = tuple(_write(steps, time, value) for steps, value in zip(outputs, output, strict=True))
        sums = tuple(_write(steps, time, value) for steps, value in zip(sums, residuals, strict=True))
        state_history = tuple(
            _write(steps, time + past, value) for steps, value in zip(state_history, after, strict=True)
        )
        return number + 1, after, output, outputs, sums, state_history

    output = tuple(tf.zeros_like(state) for state in states[:1] * len(masks))
    first = (tf.constant(0), tuple(states), output, outputs, _empty(time, batch, widths, x.dtype), state_history)
    _, after, output, outputs, sums, state_history = tf.while_loop(lambda number, *_: number < count, step, first)
    last = output[0] if masks else tf.where(count > 0, after[0], tf.zeros_like(after[0]))
    return last, list(outputs), list(after), sums, state_history


def _backward(cell, sums, state_history, masks, count, backwards, zero_masked, d_outputs, d_last, d_states, weights):
    """Returns the gradients of the sums `(time, batch, gates)`, and of the first states.

    Where the sums of inputs and of states are added, their gradients are one, else two.
    """
    recurrent = tf.transpose(weights[2])
    time, batch = tf.unstack(tf.shape(d_outputs))[:2]
    arrays = _empty(time, batch, [weights[0].shape[1]] * (1 if len(weights) < 4 else 2), d_outputs.dtype)
    shift = tf.cast(backwards, tf.int32)

    def step(number, d_output, grads, arrays):
        time = _place(count - 1 - number, count, backwards)
        d_output = sum(d_output, start=tf.gather(d_outputs, time))  # Without a mask, nothing is added.
        inner = (grads[0] + d_output, *grads[1:])
        residuals, before = (
            [tf.gather(part, time) for part in sums],
            [tf.gather(slot, time + shift) for slot in state_history],
        )
        d_in, d_rec, direct = cell.backward(residuals, before, inner)
        d_sums, d_before = [d_in, d_rec][: len(arrays)], []
        for mask in masks:
            is_real = tf.gather(mask, time)
            d_sums = [tf.where(is_real, grad, tf.zeros_like(grad)) for grad in d_sums]
            direct, nothing = _select(is_real, direct, grads), tf.zeros_like(d_output)
            # Other than a zero, the output of a masked step is that of the step before it.
            d_before = [nothing if zero_masked else tf.where(is_real, nothing, d_output)]
        direct = (direct[0] + tf.matmul(d_sums[-1], recurrent), *direct[1:])
        arrays = tuple(_write(array, time, grad) for array, grad in zip(arrays, d_sums, strict=True))
        return number + 1, d_before, tuple(direct), arrays

    grads = tuple(d_states)
    if not masks:  # The last output is the last state, if there is any step.
        grads = (grads[0] + tf.where(count > 0, d_last, tf.zeros_like(d_last)), *grads[1:])
    first = (tf.constant(0), [d_last] * len(masks), grads, arrays)
    _, _, grads, arrays = tf.while_loop(lambda number, *_: number < count, step, first)
    return arrays, list(grads)
