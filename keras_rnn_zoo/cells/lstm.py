"""Long short-term memory."""

from typing import Any

from keras_rnn_zoo import registry


@registry.cell(order=3)
def lstm() -> Any:
    """Keeps a second state that gates write to, erase and read (Hochreiter and Schmidhuber 1997)."""
    from keras_rnn_zoo.layers.recurrent import LSTM

    return LSTM
