"""An LSTM over a sequence by one op of TensorFlow's, for any shape: what answers and exports use on any device.

`BlockLSTM` runs all steps inside one kernel, but knows no mask. So the real steps of each row are moved to its front,
and the outputs back to where the steps were.
"""

import tensorflow as tf


def block_lstm(inputs, mask, states, weights, *, backwards, zero_masked):
    """Runs an LSTM over a sequence; arguments and result as of `keras_rnn_zoo.layers.scan.scan`."""
    return packed(_run, inputs, mask, states, weights, backwards=backwards, zero_masked=zero_masked)


def packed(run, inputs, mask, states, weights, *, backwards, zero_masked):
    """Runs an op that knows no mask over a sequence; other arguments and result as of `keras_rnn_zoo.layers.scan.scan`.

    Args:
        run: a function of inputs `(batch, time, features)`, states, weights and the number of steps of each row, int32
            `(batch,)`; it returns the outputs `(batch, time, units)`, of which those after a row's steps may be
            anything, and the states after each row's steps.
    """
    steps = tf.shape(inputs)[1]
    if mask is None:
        x = tf.reverse(inputs, [1]) if backwards else inputs
        h, final = run(x, states, weights, tf.fill(tf.shape(inputs)[:1], steps))
        return h[:, -1], tf.reverse(h, [1]) if backwards else h, final

    ahead = tf.cast(tf.reverse(mask, [1]) if backwards else mask, tf.int32)  # In the order in which steps are read.
    read = tf.cumsum(ahead, axis=1)  # How many real steps were read after each step, (batch, time).
    order = tf.argsort(1 - ahead, axis=1, stable=True)
    order = steps - 1 - order if backwards else order
    h, final = run(tf.gather(inputs, order, batch_dims=1), states, weights, read[:, -1])
    # At place 0 stands what there is before the first real step.
    nothing = tf.zeros_like(states[0])
    places = read * ahead if zero_masked else read
    outputs = tf.gather(tf.concat([nothing[:, None], h], axis=1), places, batch_dims=1)
    return outputs[:, -1], tf.reverse(outputs, [1]) if backwards else outputs, final


def _run(x, states, weights, lengths):
    """Runs `BlockLSTM`; see `packed`."""
    kernel, bias, recurrent_kernel = weights
    peephole = tf.zeros_like(bias[: recurrent_kernel.shape[0]])
    done = tf.raw_ops.BlockLSTM(  # The gradient that TensorFlow has registered for `BlockLSTMV2` mixes up the gates.
        seq_len_max=tf.cast(tf.reduce_max(lengths), tf.int64),
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
    """Returns the gates in the op's order: input, cell, forget, output."""
    i, f, g, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, g, f, o], axis=-1)
