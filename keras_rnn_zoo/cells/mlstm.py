"""The LSTM with a matrix as memory."""

from typing import Any

from keras_rnn_zoo import registry


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates: `input` and `forget` of each head, and `output`."""
    gates: dict[str, Any] = cell.gates(inputs, states)
    return gates


@registry.cell(order=12, states=("c", "n", "m"), bridged=("c",), gates=_gates)
def mlstm() -> Any:
    """An LSTM with a matrix as memory, whose gates read the input only, from xLSTM (Beck et al. 2024)."""
    from keras_rnn_zoo.layers.xlstm import MLSTM

    return MLSTM
