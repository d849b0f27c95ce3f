"""The minimal long short-term memory."""

from typing import Any

from keras_rnn_zoo import registry


@registry.cell(order=5)
def minlstm() -> Any:
    """An LSTM whose gates read the input only, so that all steps are computed at once (Feng et al. 2024)."""
    from keras_rnn_zoo.layers.min_rnn import MinLSTM

    return MinLSTM
