"""The selective state space of Mamba."""

import functools
from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.options import Range


@registry.cell(order=8, states=("h", "convolution"), bridged=("h",))
def mamba(
    *,
    state_dim: Annotated[int, Range(1, 256)] = 16,
    expand: Annotated[int, Range(1, 16)] = 2,
    conv_width: Annotated[int, Range(2, 64)] = 4,
) -> Any:
    """Selects by the input what a large state keeps, behind a short convolution (Gu and Dao 2023).

    Args:
        state_dim: numbers in the state of a channel; fewer are faster.
        expand: channels for each unit.
        conv_width: steps that the convolution reads.
    """
    from keras_rnn_zoo.layers.mamba import Mamba

    return functools.partial(Mamba, state_dim=state_dim, expand=expand, conv_width=conv_width)
