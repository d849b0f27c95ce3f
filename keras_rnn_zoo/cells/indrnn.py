"""The independently recurrent network."""

from typing import Any

from keras_rnn_zoo import registry


@registry.cell(order=9)
def indrnn() -> Any:
    """Rectified linear units that each read only their own state (Li et al. 2018)."""
    from keras_rnn_zoo.layers.ind_rnn import IndRNN

    return IndRNN
