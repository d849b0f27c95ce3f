"""How recurrent layers are traced for machines and formats that lack what Keras prefers.

The functions change the layers of a model while a `with` block lasts, and nothing of its weights or answers.
"""

import contextlib

import keras
import tensorflow as tf


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
