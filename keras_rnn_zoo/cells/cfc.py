"""The closed-form continuous-time network."""

from typing import Any

from keras_rnn_zoo import registry


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates: `h = (1 - time) * early + time * late`."""
    gates: dict[str, Any] = cell.gates(cell.sums(inputs), states, cell.recurrent_weights())
    return gates


@registry.cell(order=14, gates=_gates)
def cfc() -> Any:
    """A network that moves between two states as time passes (Hasani et al. 2022)."""
    from keras_rnn_zoo.layers.cfc import CfC

    return CfC
