"""The minimal long short-term memory."""

from typing import Any

from keras_rnn_zoo import registry


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates: `h = forget * h + input * candidate`."""
    gates: dict[str, Any] = cell.gates(cell.sums(inputs))
    return gates


@registry.cell(order=5, gates=_gates)
def minlstm() -> Any:
    """An LSTM whose gates read the input only, so that all steps are computed at once (Feng et al. 2024)."""
    from keras_rnn_zoo.layers.min_rnn import MinLSTM

    return MinLSTM
