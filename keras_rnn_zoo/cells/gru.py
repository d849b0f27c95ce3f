"""The gated recurrent unit."""

from typing import Any

from keras_rnn_zoo import registry


@registry.cell(order=2)
def gru() -> Any:
    """Mixes the previous state with a new one by learned gates (Cho et al. 2014)."""
    from keras_rnn_zoo.layers.recurrent import GRU

    return GRU
