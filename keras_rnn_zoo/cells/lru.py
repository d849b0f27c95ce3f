"""The linear recurrent unit."""

from typing import Any

from keras_rnn_zoo import registry


@registry.cell(order=6, states=("real", "imaginary"))
def lru() -> Any:
    """Lets complex numbers decay and turn, each at a rate of its own (Orvieto et al. 2023)."""
    from keras_rnn_zoo.layers.lru import LRU

    return LRU
