"""Recurrent layers by the name of their cell.

`LSTM`, `GRU` and `SimpleRNN` are drop-in replacements for Keras's layers, with the same weights, config and results. On
TensorFlow's CPU they run by `keras_rnn_zoo.layers.scan`. They fall back to Keras's code for training on a GPU, on other
backends, and for what those loops do not support (`recurrent_dropout`, other activations, half precision, `unroll`).
"""

import functools
from typing import Any

import keras
import tensorflow as tf

from keras_rnn_zoo import registry
from keras_rnn_zoo.layers.block_lstm import block_lstm
from keras_rnn_zoo.layers.compiled import scans_train_here
from keras_rnn_zoo.layers.residual import residual_stack
from keras_rnn_zoo.layers.scan import scan
from keras_rnn_zoo.layers.scan_cells import GRUCell, LSTMCell, SimpleCell


class _Scanned(keras.layers.RNN):
    """Base class of the three layers."""

    scan_cell: Any

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if keras.backend.backend() == "tensorflow":
            self.supports_jit = False  # Only the loops are compiled; a whole model would be recompiled for every shape.

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if not self._is_scanned(sequences, training):
            return super().inner_loop(sequences, initial_state, mask, training=training)
        if isinstance(mask, list | tuple):
            mask = mask[0]
        mask = None if mask is None else tf.cast(mask, tf.bool)
        if training and self.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, None]
        states = [tf.convert_to_tensor(state) for state in tf.nest.flatten(initial_state)]
        last, outputs, states = self._runner(bool(training), sequences.dtype)(
            sequences,
            mask,
            states,
            self._weights(sequences.dtype),
            backwards=self.go_backwards,
            zero_masked=self.zero_output_for_mask,
        )
        outputs = tf.ensure_shape(outputs, [*sequences.shape[:2], self.units])
        return last, tf.reverse(outputs, [1]) if self.go_backwards else outputs, states

    def _runner(self, training, dtype):
        """Returns the function that runs the cell over a sequence, with the arguments of `scan` except the cell."""
        return functools.partial(scan, self.scan_cell, training=training)

    def _weights(self, dtype):
        cell = self.cell
        kernel, recurrent_kernel = (tf.cast(w, dtype) for w in (cell.kernel, cell.recurrent_kernel))
        bias = tf.cast(cell.bias, dtype) if self.use_bias else tf.zeros([kernel.shape[1]], dtype)
        return [kernel, bias, recurrent_kernel]

    def _is_scanned(self, sequences, training):
        cell = self.cell
        # For inference, use TensorFlow's plain ops on any device, so that an export made on a machine with a GPU runs
        # without one; cuDNN's kernels would not.
        where = scans_train_here(sequences) if training else keras.backend.backend() == "tensorflow"
        return (
            where
            and sequences.dtype in (tf.float32, tf.float64)
            and not self.unroll
            and not (training and cell.recurrent_dropout)
            and cell.activation is keras.activations.tanh
            and getattr(cell, "recurrent_activation", keras.activations.sigmoid) is keras.activations.sigmoid
            and getattr(cell, "reset_after", True)
        )


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class LSTM(_Scanned, keras.layers.LSTM):
    """`keras.layers.LSTM`, but faster on TensorFlow's CPU, with the same arguments, weights, config and results.

    Example:
        >>> tuple(LSTM(8)(keras.ops.ones((2, 5, 3))).shape)
        (2, 8)
    """

    scan_cell = LSTMCell

    def _runner(self, training, dtype):
        return super()._runner(training, dtype) if training or dtype != tf.float32 else block_lstm


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class GRU(_Scanned, keras.layers.GRU):
    """`keras.layers.GRU`, but faster on TensorFlow's CPU, with the same arguments, weights, config and results.

    Example:
        >>> tuple(GRU(8, return_sequences=True)(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 8)
    """

    scan_cell = GRUCell

    def _weights(self, dtype):
        kernel, bias, recurrent_kernel = super()._weights(dtype)
        bias, recurrent_bias = tf.unstack(bias) if self.use_bias else (bias, bias)
        return [kernel, bias, recurrent_kernel, recurrent_bias]


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class SimpleRNN(_Scanned, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`, but faster on TensorFlow's CPU, with the same arguments, weights, config and results.

    Example:
        >>> tuple(SimpleRNN(8)(keras.ops.ones((2, 5, 3))).shape)
        (2, 8)
    """

    scan_cell = SimpleCell


def recurrent_stack(x, mask, *, cell, units, num_layers, bidirectional, dropout, block="plain", return_sequences=True):
    """Applies a stack of recurrent layers to a sequence.

    Args:
        x: the sequence, `(batch, time, features)`.
        mask: boolean `(batch, time)`, true at real steps; masked steps keep the state.
        cell: the name of a cell in the registry, which options may follow.
        units: size of a layer's state, per direction.
        num_layers: number of layers.
        bidirectional: whether each layer reads the sequence in both directions and concatenates the results (Schuster
            and Paliwal 1997), which doubles the features.
        dropout: fraction of features dropped between layers in training.
        block: `"plain"`, or `"residual"` for residual blocks; see `keras_rnn_zoo.layers.residual`.
        return_sequences: whether to return the last layer's output at every step or only the final one.

    Returns:
        `(batch, time, features)`, or without `return_sequences` `(batch, features)`, where `features` is `units`, or
        `2 * units` if bidirectional.
    """
    entry, layers = registry.cells.find(cell), []
    for number in range(1, num_layers + 1):
        sequences, name = return_sequences or number < num_layers, f"{entry.name}_{number}"
        layer = entry.layer(units, return_sequences=sequences, name=name)
        if bidirectional:
            layer = keras.layers.Bidirectional(layer, name=f"bidirectional_{number}")
        layers.append(layer)
    if block == "residual":
        return residual_stack(x, layers, mask, width=units * (2 if bidirectional else 1), dropout=dropout)
    for number, layer in enumerate(layers, 1):
        if number > 1:
            x = keras.layers.Dropout(dropout, name=f"dropout_{number}")(x)
        x = layer(x, mask=mask)
    return x
