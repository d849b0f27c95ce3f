"""Elman's network."""

from typing import Any

from keras_rnn_zoo import registry


@registry.cell(order=1)
def simple_rnn() -> Any:
    """Adds the input and the previous state and squashes the sum (Elman 1990)."""
    from keras_rnn_zoo.layers.recurrent import SimpleRNN

    return SimpleRNN
