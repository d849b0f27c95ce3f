"""Recurrent layers by the name of their cell.

`LSTM`, `GRU` and `SimpleRNN` are Keras's own: the same weights, config and numbers. On TensorFlow's CPU they run by
`keras_rnn_zoo.layers.scan`; on a GPU, on other backends, and for what those loops do not do (`recurrent_dropout`, other
activations, half precision, `unroll`), by Keras's own code.
"""

import functools
from typing import Any

import keras
import tensorflow as tf

from keras_rnn_zoo.layers.block_lstm import block_lstm
from keras_rnn_zoo.layers.compiled import scans_train_here
from keras_rnn_zoo.layers.min_rnn import MinGRU, MinLSTM
from keras_rnn_zoo.layers.scan import scan
from keras_rnn_zoo.layers.scan_cells import GRUCell, LSTMCell, SimpleCell


class _Scanned(keras.layers.RNN):
    """What the three layers share."""

    scan_cell: Any

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if keras.backend.backend() == "tensorflow":
            self.supports_jit = False  # The loops are compiled by themselves; a whole model, for every shape anew.

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
        """Returns what runs the cell over a sequence; a function as `scan` is, but for the cell."""
        return functools.partial(scan, self.scan_cell, training=training)

    def _weights(self, dtype):
        cell = self.cell
        kernel, recurrent_kernel = (tf.cast(w, dtype) for w in (cell.kernel, cell.recurrent_kernel))
        bias = tf.cast(cell.bias, dtype) if self.use_bias else tf.zeros([kernel.shape[1]], dtype)
        return [kernel, bias, recurrent_kernel]

    def _is_scanned(self, sequences, training):
        cell = self.cell
        # In use, the loops of TensorFlow's own ops run on any device, so that an export made beside a GPU runs without
        # one; cuDNN's kernels do not.
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
    """`keras.layers.LSTM`, faster on TensorFlow's CPU; the same arguments, weights, config and numbers."""

    scan_cell = LSTMCell

    def _runner(self, training, dtype):
        return super()._runner(training, dtype) if training or dtype != tf.float32 else block_lstm


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class GRU(_Scanned, keras.layers.GRU):
    """`keras.layers.GRU`, faster on TensorFlow's CPU; the same arguments, weights, config and numbers."""

    scan_cell = GRUCell

    def _weights(self, dtype):
        kernel, bias, recurrent_kernel = super()._weights(dtype)
        bias, recurrent_bias = tf.unstack(bias) if self.use_bias else (bias, bias)
        return [kernel, bias, recurrent_kernel, recurrent_bias]


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class SimpleRNN(_Scanned, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`, faster on TensorFlow's CPU; the same arguments, weights, config and numbers."""

    scan_cell = SimpleCell


CELLS: dict[str, Any] = {
    "simple_rnn": SimpleRNN,
    "gru": GRU,
    "lstm": LSTM,
    "mingru": MinGRU,
    "minlstm": MinLSTM,
}


def recurrent_stack(x, mask, *, cell, units, num_layers, bidirectional, dropout, return_sequences=True):
    """Runs one recurrent layer after another over a sequence.

    Args:
        x: the sequence, `(batch, time, features)`.
        mask: its mask, boolean `(batch, time)`; masked steps leave the state as it is.
        cell: a name in `CELLS`.
        units: features of a layer's state, for each direction.
        num_layers: number of layers.
        bidirectional: whether each layer reads the sequence both ways and joins what it found (Schuster and Paliwal
            1997), which doubles the features.
        dropout: share of features dropped in training between two layers.
        return_sequences: whether the last layer gives every step, `(batch, time, features)`, or the state it ends
            with, `(batch, features)`.
    """
    for number in range(1, num_layers + 1):
        if number > 1:
            x = keras.layers.Dropout(dropout, name=f"dropout_{number}")(x)
        layer = CELLS[cell](units, return_sequences=return_sequences or number < num_layers, name=f"{cell}_{number}")
        if bidirectional:
            layer = keras.layers.Bidirectional(layer, name=f"bidirectional_{number}")
        x = layer(x, mask=mask)
    return x
