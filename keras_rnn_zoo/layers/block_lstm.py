"""Runs an LSTM over a sequence with a single TensorFlow op, for any shape and device; used for inference and exports.

`BlockLSTM` runs all steps inside one kernel, but does not support masks. So the real steps of each row are packed at
its front, and the outputs are moved back to the positions of the steps.
"""

import tensorflow as tf


def block_lstm(inputs, mask, states, weights, *, backwards, zero_masked):
    """Runs an LSTM over a sequence; see `keras_rnn_zoo.layers.scan.scan` for arguments and results."""
    return packed(_run, inputs, mask, states, weights, backwards=backwards, zero_masked=zero_masked)


def packed(run, inputs, mask, states, weights, *, backwards, zero_masked):
    """Runs an op that does not support masks over a masked sequence.

    See `keras_rnn_zoo.layers.scan.scan` for the results and the other arguments.

    Args:
        run: a function of inputs `(batch, time, features)`, states, weights and the number of steps of each row, int32
            `(batch,)`. It returns the outputs `(batch, time, units)`, which may be anything after a row's last step,
            and the states after each row's last step.
    """
    steps = tf.shape(inputs)[1]
    if mask is None:
        x = tf.reverse(inputs, [1]) if backwards else inputs
        h, final = run(x, states, weights, tf.fill(tf.shape(inputs)[:1], steps))
        return h[:, -1], tf.reverse(h, [1]) if backwards else h, final

    is_real = tf.cast(tf.reverse(mask, [1]) if backwards else mask, tf.int32)  # (batch, time), in reading order.
    steps_read = tf.cumsum(is_real, axis=1)  # Number of real steps up to and including each step, (batch, time).
    order = tf.argsort(1 - is_real, axis=1, stable=True)
    order = steps - 1 - order if backwards else order
    h, final = run(tf.gather(inputs, order, batch_dims=1), states, weights, steps_read[:, -1])
    # Index 0 holds zeros, the output before the first real step; index i the output of the i-th real step.
    zeros = tf.zeros_like(states[0])
    indices = steps_read * is_real if zero_masked else steps_read
    outputs = tf.gather(tf.concat([zeros[:, None], h], axis=1), indices, batch_dims=1)
    return outputs[:, -1], tf.reverse(outputs, [1]) if backwards else outputs, final


def _run(x, states, weights, lengths):
    """Runs `BlockLSTM`; the `run` argument of `packed`."""
    kernel, bias, recurrent_kernel = weights
    peephole = tf.zeros_like(bias[: recurrent_kernel.shape[0]])
    longest = tf.maximum(tf.reduce_max(lengths), 0)  # That of an empty batch is negative, which ends the process.
    done = tf.raw_ops.BlockLSTM(  # Not `BlockLSTMV2`: its registered gradient mixes up the gates.
        seq_len_max=tf.cast(longest, tf.int64),
        x=tf.transpose(x, [1, 0, 2]),
        h_prev=states[0],
        cs_prev=states[1],
        w=_reordered(tf.concat([kernel, recurrent_kernel], axis=0)),
        b=_reordered(bias),
        wci=peephole,
        wcf=peephole,
        wco=peephole,
        forget_bias=0.0,
        cell_clip=-1.0,
    )
    steps = [tf.transpose(values, [1, 0, 2]) for values in (done.h, done.cs)]
    final = [
        tf.gather(tf.concat([state[:, None], values], axis=1), lengths, batch_dims=1)
        for state, values in zip(states, steps, strict=True)
    ]
    return steps[0], final


def _reordered(weights):
    """Returns weights with the gates in the op's order: input, cell, forget, output."""
    i, f, g, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, g, f, o], axis=-1)
