"""Recurrent layers whose gates depend on the input only (Feng et al. 2024, "Were RNNs All We Needed?").

The state follows `h[t] = a[t] h[t-1] + b[t]`, where `a` and `b` are computed for all steps at once, so no step needs a
matrix product with the state. `keras_rnn_zoo.layers.linear_scan` runs the recurrence.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_rnn_zoo.layers.cell_layer import CellLayer
from keras_rnn_zoo.layers.compiled import scans_train_here
from keras_rnn_zoo.layers.linear_scan import linear_recurrence, linear_scan

_MIN_LOGIT, _MIN_LOGIT_FLOAT16 = -60.0, -10.0
"""The gates of a `MinLSTM` clip their inputs at this value, so that the exponential of the negative stays finite."""


class _Cell(keras.layers.Layer):
    """One step of `h = a h + b`: from inputs `(batch, features)` and the state `(batch, units)` to the next state.

    The next state is also the output.
    """

    def __init__(self, units, gates, kernel_initializer, bias_initializer, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units
        self.width = gates * units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def options(self):
        """Returns the arguments of the layer, besides `units`."""
        names = ("kernel_initializer", "bias_initializer")
        return {name: keras.initializers.serialize(getattr(self, name)) for name in names}

    def build(self, input_shape):
        shape = (input_shape[-1], self.width)
        self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer, name="kernel")
        self.bias = self.add_weight(shape=(self.width,), initializer=self.bias_initializer, name="bias")

    def call(self, inputs, states, training=False):
        a, b = self.recurrence(self.sums(inputs))
        h = a * states[0] + b
        return h, [h]

    @staticmethod
    def recurrence(z):
        """Returns `a` and `b`, each `(..., units)`, for pre-activations `z`, `(..., gates * units)`."""
        raise NotImplementedError  # Subclasses define it.

    @staticmethod
    def gates(z):
        """Returns the gates by name, each `(..., units)`, for pre-activations `z`, `(..., gates * units)`."""
        raise NotImplementedError

    def sums(self, inputs):
        """Returns the pre-activations `x W + b` of the gates, `(..., gates * units)`."""
        return ops.matmul(inputs, self.kernel) + self.bias


class _MinGRUStep(_Cell):
    @staticmethod
    def recurrence(z):
        z, g = ops.split(z, 2, axis=-1)
        z = ops.sigmoid(z)
        return 1 - z, z * g

    @staticmethod
    def gates(z):
        z, g = ops.split(z, 2, axis=-1)
        return {"update": ops.sigmoid(z), "candidate": g}

    @staticmethod
    def backward(z, h, dh):
        z, g = ops.split(z, 2, axis=-1)
        d_g = dh * ops.sigmoid(z)
        # h = (1 - z) before + z g, so its derivative w.r.t. the pre-activation of z is z (1 - z) (g - before), where
        # (1 - z) (g - before) = g - h.
        return d_g * (g - h), d_g


class _MinLSTMStep(_Cell):
    @staticmethod
    def _parts(z):
        """Returns `exp(-f)` and `exp(-i)`, with `f` and `i` clipped from below, and `g`."""
        lowest = _MIN_LOGIT_FLOAT16 if keras.backend.standardize_dtype(z.dtype) == "float16" else _MIN_LOGIT
        # Compute both exponentials at once: XLA vectorizes a kernel that reads one slice, but not one that reads two.
        gates, g = ops.split(z, [z.shape[-1] // 3 * 2], axis=-1)
        return *ops.split(ops.exp(-ops.maximum(gates, lowest)), 2, axis=-1), g

    @staticmethod
    def recurrence(z):
        f, i, g = _MinLSTMStep._parts(z)
        # a = sigmoid(f) / (sigmoid(f) + sigmoid(i)), written with f = exp(-f) and i = exp(-i).
        return (1 + i) / (2 + f + i), (1 + f) / (2 + f + i) * g

    @staticmethod
    def gates(z):
        f, i, g = _MinLSTMStep._parts(z)
        return {"forget": (1 + i) / (2 + f + i), "input": (1 + f) / (2 + f + i), "candidate": g}

    @staticmethod
    def backward(z, h, dh):
        f, i, g = _MinLSTMStep._parts(z)
        d_g = dh * (1 + f) / (2 + f + i)
        # h = a before + (1 - a) g, so its derivative w.r.t. the logit of a is a (1 - a) (before - g), where
        # a (before - g) = h - g.
        d_logit = d_g * (h - g)
        return d_logit * f / (1 + f), -d_logit * i / (1 + i), d_g


class _Parallel(CellLayer):
    """Base class of the two layers.

    Args:
        units: size of the state.
        kernel_initializer: initializer of the kernel `(features, gates * units)`.
        bias_initializer: initializer of the bias `(gates * units,)`.
        **kwargs: arguments of `keras.layers.RNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`.
    """

    step_class: Any
    gates: int

    def __init__(self, units, kernel_initializer="glorot_uniform", bias_initializer="zeros", **kwargs):
        cell = self.step_class(
            units, self.gates, kernel_initializer, bias_initializer, dtype=kwargs.get("dtype"), name="cell"
        )
        super().__init__(cell, **kwargs)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        (initial_state,) = initial_state if isinstance(initial_state, list | tuple) else [initial_state]
        (mask,) = mask if isinstance(mask, list | tuple) else [mask]
        mask = None if mask is None else ops.cast(mask, "bool")
        run = self._compiled if training and scans_train_here(sequences) else self._portable
        states, last = run(sequences, mask, initial_state)  # (batch, time, units), in reading order.
        if mask is None:
            return last, states, [last]
        real = ops.expand_dims(ops.flip(mask, axis=1) if self.go_backwards else mask, -1)
        # Before the first real step, outputs are zero, whatever the initial state.
        has_output = real if self.zero_output_for_mask else ops.cumsum(ops.cast(real, "int32"), axis=1) > 0
        return ops.where(has_output[:, -1], last, 0.0), ops.where(has_output, states, 0.0), [last]

    def _compiled(self, sequences, mask, initial_state):
        kernel, bias = (tf.cast(weight, sequences.dtype) for weight in (self.cell.kernel, self.cell.bias))
        initial_state = tf.convert_to_tensor(initial_state)
        states, last = linear_scan(
            self.step_class, sequences, mask, initial_state, kernel, bias, backwards=self.go_backwards
        )
        states = tf.ensure_shape(states, [*sequences.shape[:2], self.units])
        return ops.flip(states, axis=1) if self.go_backwards else states, last

    def _portable(self, sequences, mask, initial_state):
        if self.go_backwards:
            sequences, mask = ops.flip(sequences, axis=1), None if mask is None else ops.flip(mask, axis=1)
        a, b = self.cell.recurrence(self.cell.sums(sequences))
        if mask is not None:
            real = ops.expand_dims(mask, -1)
            a, b = ops.where(real, a, 1.0), ops.where(real, b, 0.0)
        states = linear_recurrence(a, b, initial_state)
        return states, states[:, -1]


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MinGRU(_Parallel):
    """MinGRU layer: `h[t] = (1 - z[t]) h[t-1] + z[t] g[t]` (Feng et al. 2024, section 3.1).

    The gate `z` is a sigmoid and the candidate `g` linear; both depend on the input only. Arguments are those of
    `keras.layers.RNN` after `units`.

    Example:
        >>> tuple(MinGRU(8, return_sequences=True)(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 8)
    """

    step_class, gates = _MinGRUStep, 2


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MinLSTM(_Parallel):
    """MinLSTM layer: `h[t] = f[t] h[t-1] + i[t] g[t]` (Feng et al. 2024, section 3.2).

    The gates `f` and `i` are sigmoids divided by their sum, and the candidate `g` is linear; all depend on the input
    only. Arguments are those of `keras.layers.RNN` after `units`.

    Example:
        >>> tuple(MinLSTM(8)(keras.ops.ones((2, 5, 3))).shape)
        (2, 8)
    """

    step_class, gates = _MinLSTMStep, 3
