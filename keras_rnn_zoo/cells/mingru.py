"""The minimal gated recurrent unit."""

from typing import Any

from keras_rnn_zoo import registry


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates: `h = (1 - update) * h + update * candidate`."""
    gates: dict[str, Any] = cell.gates(cell.sums(inputs))
    return gates


@registry.cell(order=4, gates=_gates)
def mingru() -> Any:
    """A GRU whose gate reads the input only, so that all steps are computed at once (Feng et al. 2024)."""
    from keras_rnn_zoo.layers.min_rnn import MinGRU

    return MinGRU
