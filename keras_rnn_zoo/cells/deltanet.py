"""The gated delta rule."""

from typing import Any

from keras_rnn_zoo import registry


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates: `write` and `keep` of each head, and `output`."""
    gates: dict[str, Any] = cell.gates(inputs)
    return gates


@registry.cell(order=13, states=("s",), gates=_gates)
def deltanet() -> Any:
    """A matrix as memory, in which a key's old value is erased before the new one is written (Yang et al. 2024)."""
    from keras_rnn_zoo.layers.delta_net import DeltaNet

    return DeltaNet
