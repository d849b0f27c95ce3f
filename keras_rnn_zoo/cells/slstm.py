"""The LSTM with exponential gates."""

from typing import Any

from keras_rnn_zoo import registry


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates: `c = forget * c + input * candidate`, `n = forget * n + input`, `h = output * c / n`."""
    gates: dict[str, Any] = cell.gates(cell.sums(inputs), states, cell.recurrent_weights())
    del gates["stabilizer"]  # It is a state.
    return gates


@registry.cell(order=11, states=("h", "c", "n", "m"), bridged=("h", "c", "n"), gates=_gates)
def slstm() -> Any:
    """An LSTM with an exponential input gate and a normalizer, from xLSTM (Beck et al. 2024)."""
    from keras_rnn_zoo.layers.xlstm import SLSTM

    return SLSTM
