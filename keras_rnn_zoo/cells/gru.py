"""The gated recurrent unit."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import keras


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates of a `keras.layers.GRUCell`: `h = update * h + (1 - update) * candidate`."""
    ops, h = keras.ops, states[0]
    # With `reset_after`, the state has a bias of its own, and the reset gate applies after the product.
    biases = (None, None) if cell.bias is None else ops.unstack(cell.bias) if cell.reset_after else (cell.bias, None)
    kernels = ops.split(ops.convert_to_tensor(cell.recurrent_kernel), 3, axis=-1)
    sums = ops.split(_plus(ops.matmul(inputs, cell.kernel), biases[0]), 3, axis=-1)
    recurrent_biases = [None] * 3 if biases[1] is None else ops.split(biases[1], 3)

    def from_state(index: int, state: Any) -> Any:
        return _plus(ops.matmul(state, kernels[index]), recurrent_biases[index])

    update, reset = (cell.recurrent_activation(sums[index] + from_state(index, h)) for index in (0, 1))
    candidate = sums[2] + (reset * from_state(2, h) if cell.reset_after else from_state(2, reset * h))
    return {"update": update, "reset": reset, "candidate": cell.activation(candidate)}


def _plus(values: Any, bias: Any) -> Any:
    return values if bias is None else values + bias


@registry.cell(order=2, gates=_gates)
def gru() -> Any:
    """Mixes the previous state with a new one by learned gates (Cho et al. 2014)."""
    from keras_rnn_zoo.layers.recurrent import GRU

    return GRU
