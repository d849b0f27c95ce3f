"""The minimal gated recurrent unit."""

from typing import Any

from keras_rnn_zoo import registry


@registry.cell(order=4)
def mingru() -> Any:
    """A GRU whose gate reads the input only, so that all steps are computed at once (Feng et al. 2024)."""
    from keras_rnn_zoo.layers.min_rnn import MinGRU

    return MinGRU
