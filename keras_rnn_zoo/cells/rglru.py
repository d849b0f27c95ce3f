"""The real-gated linear recurrent unit."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import keras


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates: `h = decay * h + sqrt(1 - decay^2) * input * candidate`."""
    z, candidate = cell.inputs(inputs)
    recurrence, gate = keras.ops.split(keras.ops.sigmoid(z), 2, axis=-1)
    decay = keras.ops.exp(cell.weights_of_block()[0] * recurrence)
    return {"decay": decay, "input": gate, "candidate": candidate}


@registry.cell(order=7, gates=_gates)
def rglru() -> Any:
    """Forgets and reads by gates of the input alone, and keeps the state's size (De et al. 2024, Griffin)."""
    from keras_rnn_zoo.layers.rglru import RGLRU

    return RGLRU
