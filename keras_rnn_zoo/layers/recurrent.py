"""Recurrent layers by the name of their cell."""

import keras

CELLS = {"simple_rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}


def recurrent_stack(x, mask, *, cell, units, layers, bidirectional, dropout, return_sequences=True):
    """Runs one recurrent layer after another over a sequence.

    Args:
        x: the sequence, `(batch, time, features)`.
        mask: its mask, boolean `(batch, time)`; masked steps leave the state as it is.
        cell: a name in `CELLS`.
        units: features of a layer's state, for each direction.
        layers: number of layers.
        bidirectional: whether each layer reads the sequence both ways and joins what it found (Schuster and Paliwal
            1997), which doubles the features.
        dropout: share of features dropped in training between two layers.
        return_sequences: whether the last layer gives every step, `(batch, time, features)`, or the state it ends
            with, `(batch, features)`.
    """
    for number in range(1, layers + 1):
        if number > 1:
            x = keras.layers.Dropout(dropout, name=f"dropout_{number}")(x)
        layer = CELLS[cell](units, return_sequences=return_sequences or number < layers, name=f"{cell}_{number}")
        if bidirectional:
            layer = keras.layers.Bidirectional(layer, name=f"bidirectional_{number}")
        x = layer(x, mask=mask)
    return x
