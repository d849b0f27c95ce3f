"""Runs a cell over a sequence on TensorFlow's CPU: a forward loop and a backward loop, each compiled by XLA.

Keras runs a cell in a TensorFlow loop with a dozen ops per step, and differentiates that loop op by op. Here the loop
is a single XLA program, and so is its gradient. The forward pass stores the pre-activations of the gates (`residuals`)
and the states, and nothing else.

The backward pass works in this order:

1. The backward loop visits the steps in reverse reading order. At each step it adds the gradient of the step's output
   to that of the state, recomputes the gates from `residuals`, and yields the gradients of the pre-activations and of
   the states before the step.
2. The gradients of inputs, kernels and biases follow from those of the pre-activations, each by a single matrix product
   over all steps (Appleyard et al. 2016, "Optimizing Performance of Recurrent Neural Networks on GPUs", section 3.1,
   do so for the input).

Buffers for a sequence of three steps, where `s0` are the initial states, `s1` the states after the first step that is
read, and so on. `t` is always an index into the sequence, whatever the reading order::

                         backwards=False                backwards=True
    reading order        t = 0, 1, 2                    t = 2, 1, 0

    t                      0      1      2      3         0      1      2      3
    inputs               x[0]   x[1]   x[2]             x[0]   x[1]   x[2]
    residuals            z[0]   z[1]   z[2]             z[0]   z[1]   z[2]
    outputs              y[0]   y[1]   y[2]             y[0]   y[1]   y[2]
    state_history         s0     s1     s2     s3        s3     s2     s1     s0

    before step t        state_history[t]               state_history[t + 1]
    after step t         state_history[t + 1]           state_history[t]

So the states on both sides of step `t` are at `t` and `t + 1`, and the direction decides which is which. Without a mask
the outputs are the first state after each step, so `outputs` is empty and `state_history` is used instead.

Sequences are padded to a few sizes, see `keras_rnn_zoo.layers.compiled`. The true number of steps is an argument of the
loops, so no steps run for that padding.
"""

import functools

import tensorflow as tf

from keras_rnn_zoo.frameworks.keras_internals import dynamic_update_slice
from keras_rnn_zoo.layers.compiled import bucket_size, column_sums, compiled, pad
from keras_rnn_zoo.layers.loops import while_loop


def scan(cell, inputs, mask, states, weights, *, backwards, zero_masked, training):
    """Runs a cell over a sequence. Masked steps keep the states.

    Args:
        cell: a `keras_rnn_zoo.layers.scan_cells.Cell`.
        inputs: the sequence, float32 or float64 `(batch, time, features)`.
        mask: boolean `(batch, time)`, or `None`.
        states: the initial states, a list of tensors `(batch, units)`, the output first.
        weights: the kernel `(features, gates * units)`, the bias `(gates * units,)`, the recurrent kernel
            `(units, gates * units)` and, for cells that have one, the recurrent bias `(gates * units,)`.
        backwards: whether to read the sequence from its end.
        zero_masked: whether the output of a masked step is zero rather than the previous output.
        training: whether to run the differentiable programs that XLA compiles for each shape. Otherwise, a plain
            TensorFlow loop runs, which suits inference: shapes vary, and no compiler is needed.

    Returns:
        The last output `(batch, units)`; all outputs `(batch, time, units)`, in the order of the sequence; the list of
        final states.
    """
    masks = [] if mask is None else [mask]  # Zero or one: the loop does less work without a mask.
    if training:
        run = _differentiable(cell, zero_masked, fixed=not tf.executing_eagerly())
        return run(inputs, masks, states, weights, tf.constant(backwards))
    x = tf.transpose(inputs, [1, 0, 2])  # (time, batch, features)
    masks = [tf.transpose(mask)[:, :, None] for mask in masks]  # (time, batch, 1)
    last, outputs, final = _inference_loop(cell, x, masks, tf.shape(x)[0], backwards, zero_masked, states, weights)
    return last, tf.transpose(outputs, [1, 0, 2]), final


@functools.cache
def _differentiable(cell, zero_masked, fixed):
    """Returns the function that runs and differentiates the scan of a batch, including padding and cutting.

    It is a separate `tf.function`, traced once for all models, for two reasons: TensorFlow keeps every graph that
    contains a `custom_gradient` until the process ends; and outside of a graph, it would needlessly record the ops
    inside a `custom_gradient` for differentiation, too.
    """

    @functools.partial(tf.function, autograph=False)
    @tf.custom_gradient
    def run(inputs, masks, states, weights, backwards):
        batch, time, features = tf.shape(inputs)[0], tf.shape(inputs)[1], inputs.shape[2]
        sequence_sizes = {0: bucket_size(inputs, 1, fixed), 1: bucket_size(inputs, 0, fixed)}
        state_sizes = {0: sequence_sizes[1]}
        x = pad(tf.transpose(inputs, [1, 0, 2]), sequence_sizes)  # (padded time, padded batch, features)
        # Without a mask, the padding rows of the batch are run as well; their gradients are zero.
        real = [pad(tf.transpose(mask), sequence_sizes)[:, :, None] for mask in masks]
        initial = [pad(state, state_sizes) for state in states]
        forward, backward = _programs(cell, zero_masked)
        last, outputs, final, residuals, state_history = forward(x, real, time, backwards, initial, weights)
        # Offsets into `state_history` of the states before and after each step.
        before, after = tf.cast(backwards, tf.int32), tf.cast(~backwards, tf.int32)
        outputs, offset = (outputs[0], 0) if masks else (state_history[0], after)

        def unpadded(values, offset=0):  # (padded time, padded batch, width) to (batch, time, width)
            return tf.transpose(tf.slice(values, [offset, 0, 0], [time, batch, values.shape[2]]), [1, 0, 2])

        def flat(values, offset=0):  # (padded time, padded batch, width) to (time * padded batch, width)
            return tf.reshape(values[offset : offset + time], [-1, values.shape[2]])

        def gradient(d_last, d_outputs, *d_final):
            d_outputs = pad(tf.transpose(d_outputs, [1, 0, 2]), sequence_sizes)
            d_last, d_states = pad(d_last, state_sizes), [pad(grad, state_sizes) for grad in d_final]
            d_sums, d_initial = backward(
                residuals, state_history, real, time, backwards, d_outputs, d_last, d_states, weights
            )
            in_flat, rec_flat = flat(d_sums[0]), flat(d_sums[-1])
            d_x = tf.reshape(tf.matmul(in_flat, weights[0], transpose_b=True), [time, -1, features])
            d_weights = [tf.matmul(flat(x), in_flat, transpose_a=True), column_sums(in_flat)]
            d_weights += [tf.matmul(flat(state_history[0], before), rec_flat, transpose_a=True), column_sums(rec_flat)]
            return (
                unpadded(d_x),
                *([None] * len(masks)),
                *(grad[:batch] for grad in d_initial),
                *d_weights[: len(weights)],
                None,
            )

        return (last[:batch], unpadded(outputs, offset), [state[:batch] for state in final]), gradient

    return run


@functools.cache
def _programs(cell, zero_masked):
    """Returns the forward and backward loops as functions that XLA compiles once per shape, for both directions."""

    def forward(x, masks, count, backwards, states, weights):
        return _forward(cell, x, masks, count, backwards, zero_masked, states, weights)

    def backward(residuals, state_history, masks, count, backwards, d_outputs, d_last, d_states, weights):
        return _backward(
            cell, residuals, state_history, masks, count, backwards, zero_masked, d_outputs, d_last, d_states, weights
        )

    return compiled(forward), compiled(backward)


def _time_index(position, count, backwards):
    """Returns the index in the sequence of the step at a position in reading order."""
    if isinstance(backwards, bool):
        return count - 1 - position if backwards else position
    return tf.where(backwards, count - 1 - position, position)


def _write(buffer, time, value):
    # XLA writes in place; a `TensorArray` would be copied as a whole at the end.
    return dynamic_update_slice(buffer, value[None], tf.stack([time, *[0] * (len(buffer.shape) - 1)]))


def _write_all(buffers, time, values):
    return tuple(_write(buffer, time, value) for buffer, value in zip(buffers, values, strict=True))


def _zeros(time, batch, widths, dtype):
    """Returns a zero buffer `(time, batch, width)` for each width."""
    return tuple(tf.zeros([time, batch, width], dtype) for width in widths)


def _recurrent_sums(h, recurrent):
    """Returns the state's part of the pre-activations: `h U`, plus the recurrent bias if the cell has one."""
    z = tf.matmul(h, recurrent[0])
    return z + recurrent[1] if len(recurrent) > 1 else z


def _select(is_real, new, old):
    return tuple(tf.where(is_real, *pair) for pair in zip(new, old, strict=True))


def _inference_loop(cell, x, masks, count, backwards, zero_masked, states, weights):
    """Runs `count` steps of `x`, `(time, batch, features)`, in a plain TensorFlow loop.

    Returns:
        The last output `(batch, units)`; all outputs `(time, batch, units)`; the list of final states.
    """
    kernel, bias, *recurrent = weights
    # Each op of a TensorFlow loop has a fixed cost per step: do what is possible for all steps at once beforehand.
    z_in = tf.matmul(tf.reshape(x, [-1, x.shape[2]]), kernel) + bias
    z_in = tf.reshape(z_in, [*tf.unstack(tf.shape(x))[:2], kernel.shape[1]])  # (time, batch, gates * units)
    z_in, *masks = (tf.TensorArray(part.dtype, tf.shape(x)[0]).unstack(part) for part in (z_in, *masks))
    outputs = tf.TensorArray(x.dtype, tf.shape(x)[0], element_shape=(x.shape[1], states[0].shape[1]))

    def step(position, output, states, outputs):
        time = _time_index(position, count, backwards)
        _, after = cell.forward(z_in.read(time), _recurrent_sums(states[0], recurrent), states)
        new_output = after[0]
        for mask in masks:
            is_real = mask.read(time)
            after = _select(is_real, after, states)
            new_output = tf.where(is_real, new_output, tf.zeros_like(output) if zero_masked else output)
        return position + 1, new_output, after, outputs.write(time, new_output)

    variables = (tf.constant(0), tf.zeros_like(states[0]), tuple(states), outputs)
    _, last, after, outputs = while_loop(lambda position, *_: position < count, step, variables)
    return last, outputs.stack(), list(after)


def _forward(cell, x, masks, count, backwards, zero_masked, states, weights):
    """Runs `count` steps of `x`, `(time, batch, features)`, and stores what the gradient needs.

    Returns:
        The last output `(batch, units)`; a list of all outputs `(time, batch, units)`, empty without a mask; the list
        of final states; the cell's residuals, each `(time, batch, width)`; and for each state its history
        `(time + 1, batch, units)`. The module's docstring shows the buffers.
    """
    kernel, bias, *recurrent = weights
    time, batch = tf.unstack(tf.shape(x))[:2]
    widths = [part.shape[-1] for part in cell.forward(*[tf.zeros([1, kernel.shape[1]], x.dtype)] * 2, states)[0]]
    residuals = _zeros(time, batch, widths, x.dtype)
    outputs = _zeros(time, batch, [state.shape[1] for state in states[:1] * len(masks)], x.dtype)
    state_history = _zeros(time + 1, batch, [state.shape[1] for state in states], x.dtype)
    state_history = _write_all(state_history, tf.where(backwards, count, 0), states)
    after_offset = tf.cast(~backwards, tf.int32)

    def step(position, states, output, outputs, residuals, state_history):
        time = _time_index(position, count, backwards)
        # In a compiled loop, one product per step is as fast as one for all steps.
        z_in = tf.matmul(tf.gather(x, time), kernel) + bias
        step_residuals, after = cell.forward(z_in, _recurrent_sums(states[0], recurrent), states)
        for mask in masks:
            is_real = tf.gather(mask, time)
            output = (tf.where(is_real, after[0], tf.zeros_like(after[0]) if zero_masked else output[0]),)
            after = _select(is_real, after, states)
        outputs = _write_all(outputs, time, output)
        residuals = _write_all(residuals, time, step_residuals)
        state_history = _write_all(state_history, time + after_offset, after)
        return position + 1, after, output, outputs, residuals, state_history

    output = tuple(tf.zeros_like(state) for state in states[:1] * len(masks))
    variables = (tf.constant(0), tuple(states), output, outputs, residuals, state_history)
    _, after, output, outputs, residuals, state_history = while_loop(
        lambda position, *_: position < count, step, variables
    )
    last = output[0] if masks else tf.where(count > 0, after[0], tf.zeros_like(after[0]))
    return last, list(outputs), list(after), residuals, state_history


def _backward(
    cell, residuals, state_history, masks, count, backwards, zero_masked, d_outputs, d_last, d_states, weights
):
    """Runs the backward loop.

    Returns:
        The gradients w.r.t. the pre-activations, each `(time, batch, gates * units)`: one for cells that add the sums
        of input and state, else one for the input's and one for the state's; and those w.r.t. the initial states.
    """
    recurrent = tf.transpose(weights[2])
    time, batch = tf.unstack(tf.shape(d_outputs))[:2]
    buffers = _zeros(time, batch, [weights[0].shape[1]] * (1 if len(weights) < 4 else 2), d_outputs.dtype)
    before_offset = tf.cast(backwards, tf.int32)

    def step(position, d_output, d_states, buffers):
        time = _time_index(count - 1 - position, count, backwards)
        # `d_output` is what masked steps passed on; without a mask it is empty.
        d_output = sum(d_output, start=tf.gather(d_outputs, time))
        step_residuals = [tf.gather(part, time) for part in residuals]
        before = [tf.gather(history, time + before_offset) for history in state_history]
        d_in, d_rec, d_before = cell.backward(step_residuals, before, (d_states[0] + d_output, *d_states[1:]))
        d_sums, passed_on = [d_in, d_rec][: len(buffers)], []
        for mask in masks:
            is_real = tf.gather(mask, time)
            d_sums = [tf.where(is_real, grad, tf.zeros_like(grad)) for grad in d_sums]
            zeros = tf.zeros_like(d_output)
            d_before = _select(is_real, d_before, d_states)
            # Unless it is zero, the output of a masked step is that of the step before, and so its gradient goes there.
            passed_on = [zeros if zero_masked else tf.where(is_real, zeros, d_output)]
        d_before = (d_before[0] + tf.matmul(d_sums[-1], recurrent), *d_before[1:])
        return position + 1, passed_on, tuple(d_before), _write_all(buffers, time, d_sums)

    d_states = tuple(d_states)
    if not masks:  # The last output is the last state if there is any step.
        d_states = (d_states[0] + tf.where(count > 0, d_last, tf.zeros_like(d_last)), *d_states[1:])
    variables = (tf.constant(0), [d_last] * len(masks), d_states, buffers)
    _, _, d_states, buffers = while_loop(lambda position, *_: position < count, step, variables)
    return buffers, list(d_states)
