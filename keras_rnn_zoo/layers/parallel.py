"""Recurrent layers whose gates know of the input alone: no loop over a product with the state.

Feng et al. 2024, "Were RNNs All We Needed?". The state follows `h[t] = a[t] h[t-1] + b[t]`, where `a` and `b` are found
for all steps at once. In training on TensorFlow's CPU, `keras_rnn_zoo.layers.scan` runs it; elsewhere it is a parallel
scan.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_rnn_zoo.layers.scan import scan, scans_train_here
from keras_rnn_zoo.layers.scan_cells import LOWEST, MinGRUCell, MinLSTMCell


class _Cell(keras.layers.Layer):
    """One step of `h = a h + b`: inputs `(batch, features)` and the state `(batch, units)` to the next state, twice."""

    def __init__(self, units, gates, kernel_initializer, bias_initializer, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units
        self.width = gates * units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape):
        shape = (input_shape[-1], self.width)
        self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer, name="kernel")
        self.bias = self.add_weight(shape=(self.width,), initializer=self.bias_initializer, name="bias")

    def call(self, inputs, states, training=False):
        a, b = self.recurrence(inputs)
        h = a * states[0] + b
        return h, [h]

    def recurrence(self, inputs):
        """Returns `a` and `b` of each step."""
        raise NotImplementedError  # Each cell has its own.

    def sums(self, inputs):
        """Returns what the gates are made of, `(..., gates * units)`."""
        return ops.matmul(inputs, self.kernel) + self.bias


class _MinGRUStep(_Cell):
    def recurrence(self, inputs):
        z, g = ops.split(self.sums(inputs), 2, axis=-1)
        z = ops.sigmoid(z)
        return 1 - z, z * g


class _MinLSTMStep(_Cell):
    def recurrence(self, inputs):
        f, i, g = ops.split(self.sums(inputs), 3, axis=-1)
        f, i = (1 + ops.exp(-ops.maximum(z, LOWEST)) for z in (f, i))
        kept_share = i / (f + i)
        return kept_share, (1 - kept_share) * g


class _Parallel(keras.layers.RNN):
    """What the two layers share.

    Args:
        units: features of the state.
        kernel_initializer: initializer of the weights `(features, gates * units)`.
        bias_initializer: initializer of the bias `(gates * units,)`.
        **kwargs: those of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.
    """

    step_class: Any
    scan_cell: Any
    gates: int

    def __init__(self, units, kernel_initializer="glorot_uniform", bias_initializer="zeros", **kwargs):
        cell = self.step_class(
            units, self.gates, kernel_initializer, bias_initializer, dtype=kwargs.get("dtype"), name="cell"
        )
        super().__init__(cell, **kwargs)
        self.units = units
        if keras.backend.backend() == "tensorflow":
            self.supports_jit = False  # As of the other recurrent layers.

    def inner_loop(self, sequences, initial_state, mask, training=False):
        (first,) = initial_state if isinstance(initial_state, list | tuple) else [initial_state]
        (mask,) = mask if isinstance(mask, list | tuple) else [mask]
        if training and scans_train_here(sequences):
            last, outputs, states = scan(
                self.scan_cell,
                sequences,
                None if mask is None else tf.cast(mask, tf.bool),
                [tf.convert_to_tensor(first)],
                [tf.cast(weight, sequences.dtype) for weight in (self.cell.kernel, self.cell.bias)],
                backwards=self.go_backwards,
                zero_masked=self.zero_output_for_mask,
                compiled=True,
            )
            outputs = tf.ensure_shape(outputs, [*sequences.shape[:2], self.units])
            return last, ops.flip(outputs, axis=1) if self.go_backwards else outputs, states
        if self.go_backwards:
            sequences, mask = ops.flip(sequences, axis=1), None if mask is None else ops.flip(mask, axis=1)
        a, b = self.cell.recurrence(sequences)
        if mask is not None:
            real = ops.expand_dims(ops.cast(mask, "bool"), -1)
            a, b = ops.where(real, a, 1.0), ops.where(real, b, 0.0)
        states = outputs = linear_recurrence(a, b, first)  # (batch, time, units)
        if mask is not None:
            # Until the first real step, an output is zero, whatever the state to begin with.
            read = real if self.zero_output_for_mask else ops.cumsum(ops.cast(real, "int32"), axis=1) > 0
            outputs = ops.where(read, states, 0.0)
        return outputs[:, -1], outputs, [states[:, -1]]

    def get_config(self):
        config = super().get_config()
        del config["cell"]
        initializers = {
            name: keras.initializers.serialize(getattr(self.cell, name))
            for name in ("kernel_initializer", "bias_initializer")
        }
        return {**config, "units": self.units, **initializers}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MinGRU(_Parallel):
    """`h[t] = (1 - z[t]) h[t-1] + z[t] g[t]`: `z` a sigmoid, `g` linear in the input (Feng et al. 2024, part 3.1)."""

    step_class, scan_cell, gates = _MinGRUStep, MinGRUCell, 2


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MinLSTM(_Parallel):
    """`h[t] = f[t] h[t-1] + i[t] g[t]`: gates are sigmoids, divided by their sum (Feng et al. 2024, part 3.2)."""

    step_class, scan_cell, gates = _MinLSTMStep, MinLSTMCell, 3


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
