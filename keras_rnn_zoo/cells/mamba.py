"""The selective state space of Mamba."""

from typing import Any

from keras_rnn_zoo import registry


@registry.cell(order=8, states=("h", "convolution"), bridged=("h",))
def mamba() -> Any:
    """Selects by the input what a large state keeps, behind a short convolution (Gu and Dao 2023)."""
    from keras_rnn_zoo.layers.mamba import Mamba

    return Mamba
