"""The simple recurrent unit."""

from typing import Any

from keras_rnn_zoo import registry


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates: `c = forget * c + (1 - forget) * candidate`, `h = output * c + (1 - output) * highway`."""
    gates: dict[str, Any] = cell.gates(cell.sums(inputs), states, cell.recurrent_weights())
    return gates


@registry.cell(order=10, states=("c",), gates=_gates)
def sru() -> Any:
    """A gated average whose gates read of the state each its own unit, beside the input (Lei et al. 2018)."""
    from keras_rnn_zoo.layers.sru import SRU

    return SRU
