"""The gated delta rule."""

import functools
from typing import Any

from keras_rnn_zoo import registry


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates: `write` and `keep` of each head, and `output`."""
    gates: dict[str, Any] = cell.gates(inputs)
    return gates


@registry.cell(order=13, states=("s",), gates=_gates)
def deltanet(*, gated: bool = True, negative_eigenvalues: bool = False) -> Any:
    """A matrix as memory, in which a key's old value is erased before the new one is written (Yang et al. 2024).

    Args:
        gated: whether a gate forgets, too.
        negative_eigenvalues: whether writing can also flip the sign of what is stored, to track states such as parity.
    """
    from keras_rnn_zoo.layers.delta_net import DeltaNet

    return functools.partial(DeltaNet, gated=gated, negative_eigenvalues=negative_eigenvalues)
