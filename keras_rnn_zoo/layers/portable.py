"""Context managers that change how recurrent layers are traced, for devices and formats without Keras's preferred ops.

They modify the layers of a model for the duration of a `with` block. Weights and predictions stay the same.
"""

import contextlib
import functools

import keras
import tensorflow as tf

from keras_rnn_zoo.frameworks.keras_internals import flatten_layers
from keras_rnn_zoo.layers.block_lstm import packed
from keras_rnn_zoo.layers.loops import while_loop
from keras_rnn_zoo.layers.scan_cells import GRUCell, LSTMCell, SimpleCell


@contextlib.contextmanager
def without_cudnn(model):
    """Traces recurrent layers without cuDNN's ops, which cannot be loaded on a machine without a GPU."""
    layers = [layer for layer in flatten_layers(model) if hasattr(layer, "use_cudnn")]
    previous = [layer.use_cudnn for layer in layers]
    try:
        for layer in layers:
            layer.use_cudnn = False
        yield
    finally:
        for layer, value in zip(layers, previous, strict=True):
            layer.use_cudnn = value


@contextlib.contextmanager
def on_cpu(model):
    """Traces functions so that they give the same results as on a machine without a GPU, which rounds differently."""
    with without_cudnn(model), tf.device("CPU:0"):
        yield


@contextlib.contextmanager
def onnx_operators(model):
    """Traces recurrent layers as ops to be converted to ONNX's LSTM, GRU and RNN; all others as plain loops.

    TensorFlow has no ops of this kind that run everywhere. cuDNN's op serves as a placeholder with matching shapes and
    lengths: it is traced but never run, because `keras_rnn_zoo.exporting.onnx_operators` replaces it.
    """
    with plain_loops(model):
        layers = [layer for layer in flatten_layers(model) if getattr(layer, "scan_cell", None) in _OPERATORS]
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
"""The cells that ONNX supports: cuDNN's name, and the indices of Keras's gates in ONNX's order."""


def _onnx_run(cell, inputs, mask, states, weights, **flags):
    """Runs a cell over a sequence; see `keras_rnn_zoo.layers.scan.scan` for arguments and results."""
    mode, order = _OPERATORS[cell]

    def rows(kernel):
        """Returns a kernel `(features, gates * units)` in ONNX's layout, `(gates * units, features)`, flattened."""
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
        # ONNX Runtime returns zeros for a row without steps, which must keep its initial states instead.
        states = [tf.where(lengths[:, None] > 0, tf.ensure_shape(new[0], old.shape), old) for old, new in finals]
        return tf.transpose(done.output, [1, 0, 2]), states

    return packed(run, inputs, mask, states, weights, **flags)


@contextlib.contextmanager
def plain_loops(model):
    """Traces recurrent layers as plain TensorFlow loops over arrays of static shape, which LiteRT and ONNX support.

    Keras's own loop uses a list whose element shape is only known at run time. LiteRT needs TensorFlow's ops for that,
    which its own interpreter does not have. For LiteRT, the batch size must be fixed; lengths may vary.
    """
    layers = [layer for layer in flatten_layers(model) if isinstance(layer, keras.layers.RNN)]
    try:
        for layer in layers:
            # Bypass Keras's attribute tracking: the function is not part of the model.
            object.__setattr__(layer, "inner_loop", _plain_loop(layer))
        yield
    finally:
        for layer in layers:
            vars(layer).pop("inner_loop", None)


def _plain_loop(layer):
    """Returns a replacement for a recurrent layer's `inner_loop`."""

    def inner_loop(sequences, initial_state, mask, training=False):
        steps_first = tf.transpose(sequences, [1, 0, 2])  # (time, batch, features)
        real = None if mask is None else tf.expand_dims(tf.transpose(tf.nest.flatten(mask)[0]), -1)
        if layer.go_backwards:
            steps_first = tf.reverse(steps_first, [0])
            real = None if real is None else tf.reverse(real, [0])
        count = tf.shape(steps_first)[0]
        initial_state = tf.nest.flatten(initial_state)
        size = getattr(layer.cell, "output_size", None) or initial_state[0].shape[-1]
        # The output of masked steps before the first real one. It need not have the size of a state.
        zeros = tf.tile(tf.zeros_like(initial_state[0][:, :1]), [1, size])
        if layer.return_sequences:
            array = tf.TensorArray(zeros.dtype, count, element_shape=[sequences.shape[0], size])
        else:  # Without an array, the batch may have any size: for a `CharacterReader`, it is the number of words.
            array = tf.zeros([0])

        def step(time, array, output, *states):
            new_output, after = layer.cell(tf.gather(steps_first, time), list(states))
            if real is not None:
                is_real = tf.gather(real, time)
                new_output = tf.where(is_real, new_output, zeros if layer.zero_output_for_mask else output)
                after = [tf.where(is_real, new, old) for new, old in zip(after, states, strict=True)]
            array = array.write(time, new_output) if layer.return_sequences else array
            return time + 1, array, new_output, *after

        variables = (tf.constant(0), array, zeros, *initial_state)
        _, array, output, *states = while_loop(lambda time, *_: time < count, step, variables)
        outputs = tf.transpose(array.stack(), [1, 0, 2]) if layer.return_sequences else tf.expand_dims(output, 1)
        return output, outputs, states

    return inner_loop
