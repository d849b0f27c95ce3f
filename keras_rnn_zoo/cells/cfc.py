"""The closed-form continuous-time network."""

import functools
from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.options import Range


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates: `h = (1 - time) * early + time * late`."""
    gates: dict[str, Any] = cell.gates(cell.sums(inputs), states, cell.recurrent_weights())
    return gates


@registry.cell(order=14, gates=_gates)
def cfc(
    *, backbone_units: Annotated[int, Range(1, 8192)] = 128, backbone_layers: Annotated[int, Range(1, 16)] = 1
) -> Any:
    """A network that moves between two states as time passes (Hasani et al. 2022).

    Args:
        backbone_units: width of the small network that reads the input and the state.
        backbone_layers: its number of layers.
    """
    from keras_rnn_zoo.layers.cfc import CfC

    return functools.partial(CfC, backbone_units=backbone_units, backbone_layers=backbone_layers)
