"""How recurrent layers are traced for machines and formats that lack what Keras prefers.

The functions change the layers of a model while a `with` block lasts, and nothing of its weights or answers.
"""

import contextlib
import functools

import keras
import tensorflow as tf

from keras_rnn_zoo.layers.block_lstm import packed
from keras_rnn_zoo.layers.scan_cells import GRUCell, LSTMCell, SimpleCell


@contextlib.contextmanager
def without_cudnn(model):
    """Within it, recurrent layers are traced as ops that every machine has: those of cuDNN do not load on a CPU."""
    layers = [layer for layer in model._flatten_layers() if hasattr(layer, "use_cudnn")]
    before = [layer.use_cudnn for layer in layers]
    try:
        for layer in layers:
            layer.use_cudnn = False
        yield
    finally:
        for layer, value in zip(layers, before, strict=True):
            layer.use_cudnn = value


@contextlib.contextmanager
def on_cpu(model):
    """Within it, functions that are traced there answer as on a machine without a GPU, which rounds otherwise."""
    with without_cudnn(model), tf.device("CPU:0"):
        yield


@contextlib.contextmanager
def onnx_operators(model):
    """Within it, recurrent layers are traced as ops that become ONNX's LSTM, GRU and RNN, and the rest as plain loops.

    TensorFlow has no op of these three that every machine runs. Their place is taken by cuDNN's, whose name, shapes and
    lengths fit; `keras_rnn_zoo.exporting.onnx_operators` replaces it, so it is traced and never run.
    """
    with plain_loops(model):
        layers = [layer for layer in model._flatten_layers() if getattr(layer, "scan_cell", None) in _OPERATORS]
        layers = [layer for layer in layers if layer._is_scanned(tf.zeros([1, 1, 1]), training=False)]
        for layer in layers:
            vars(layer).pop("inner_loop")
            object.__setattr__(layer, "_runner", lambda *_, cell=layer.scan_cell: functools.partial(_onnx_run, cell))
        try:
            yield
        finally:
            for layer in layers:
                vars(layer).pop("_runner")


_OPERATORS = {LSTMCell: ("lstm", (0, 3, 1, 2)), GRUCell: ("gru", (0, 1, 2)), SimpleCell: ("rnn_tanh", (0,))}
"""The cells that ONNX has: cuDNN's name for one, and which of Keras's gates come in ONNX's order."""


def _onnx_run(cell, inputs, mask, states, weights, **how):
    """Runs a cell over a sequence; arguments and result as of `keras_rnn_zoo.layers.scan.scan`."""
    mode, order = _OPERATORS[cell]

    def rows(kernel):
        """Returns a kernel `(features, gates * units)` as ONNX has it, `(gates * units, features)`, flat."""
        gates = tf.split(kernel, len(order), axis=-1)
        return tf.reshape(tf.transpose(tf.concat([gates[gate] for gate in order], axis=-1)), [-1])

    def run(x, states, weights, lengths):
        kernel, bias, recurrent_kernel, *others = weights
        recurrent_bias = others[0] if others else tf.zeros_like(bias)
        kernels = [rows(kernel), rows(recurrent_kernel), rows(bias[None]), rows(recurrent_bias[None])]
        h, *c = [state[None] for state in states]
        done = tf.raw_ops.CudnnRNNV3(
            input=tf.transpose(x, [1, 0, 2]),
            input_h=h,
            input_c=c[0] if c else tf.zeros([0]),
            params=tf.concat(kernels, axis=0),
            sequence_lengths=lengths,
            rnn_mode=mode,
            is_training=False,
        )
        finals = zip(states, (done.output_h, done.output_c), strict=False)
        # Of a row without steps, ONNX Runtime gives zeros.
        kept = [tf.where(lengths[:, None] > 0, tf.ensure_shape(new[0], old.shape), old) for old, new in finals]
        return tf.transpose(done.output, [1, 0, 2]), kept

    return packed(run, inputs, mask, states, weights, **how)


@contextlib.contextmanager
def plain_loops(model):
    """Within it, recurrent layers run a loop that LiteRT and ONNX know: of TensorFlow ops, over arrays of known shape.

    Keras's own keeps a list whose elements have a shape that is known at run time only, for which LiteRT needs
    TensorFlow's ops, which its own interpreter lacks. The batch must have a fixed size for LiteRT; lengths may vary.
    """
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.RNN)]
    try:
        for layer in layers:
            # Beside Keras's bookkeeping: a function is no part of the model.
            object.__setattr__(layer, "inner_loop", _plain_loop(layer))
        yield
    finally:
        for layer in layers:
            vars(layer).pop("inner_loop", None)


def _plain_loop(layer):
    """Returns what replaces `inner_loop` of a recurrent layer."""

    def inner_loop(sequences, initial_state, mask, training=False):
        steps_first = tf.transpose(sequences, [1, 0, 2])  # (time, batch, features)
        real = None if mask is None else tf.expand_dims(tf.transpose(tf.nest.flatten(mask)[0]), -1)
        if layer.go_backwards:
            steps_first = tf.reverse(steps_first, [0])
            real = None if real is None else tf.reverse(real, [0])
        count = tf.shape(steps_first)[0]
        initial_state = tf.nest.flatten(initial_state)
        before = tf.zeros_like(initial_state[0])  # What a masked step gives that follows no other.
        if layer.return_sequences:
            array = tf.TensorArray(before.dtype, count, element_shape=[sequences.shape[0], layer.units])
        else:  # No list, so the batch may have any size: that of a reader of characters is the number of words.
            array = tf.zeros([0])

        def step(time, array, output, *states):
            now, after = layer.cell(tf.gather(steps_first, time), list(states), training=False)
            if real is not None:
                now = tf.where(tf.gather(real, time), now, before if layer.zero_output_for_mask else output)
                after = [tf.where(tf.gather(real, time), new, old) for new, old in zip(after, states, strict=True)]
            array = array.write(time, now) if layer.return_sequences else array
            return time + 1, array, now, *after

        variables = (tf.constant(0), array, before, *initial_state)
        _, array, output, *states = tf.while_loop(lambda time, *_: time < count, step, variables)
        outputs = tf.transpose(array.stack(), [1, 0, 2]) if layer.return_sequences else tf.expand_dims(output, 1)
        return output, outputs, states

    return inner_loop
