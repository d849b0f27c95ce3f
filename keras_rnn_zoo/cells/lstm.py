"""Long short-term memory."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import keras


def _gates(cell: Any, inputs: Any, states: Any) -> dict[str, Any]:
    """Returns the gates of a `keras.layers.LSTMCell`: `c = forget * c + input * candidate`, `h = output * tanh(c)`."""
    sums = keras.ops.matmul(inputs, cell.kernel) + keras.ops.matmul(states[0], cell.recurrent_kernel)
    i, f, g, o = keras.ops.split(sums if cell.bias is None else sums + cell.bias, 4, axis=-1)
    gate = cell.recurrent_activation
    return {"input": gate(i), "forget": gate(f), "candidate": cell.activation(g), "output": gate(o)}


@registry.cell(order=3, states=("h", "c"), gates=_gates)
def lstm() -> Any:
    """Keeps a second state that gates write to, erase and read (Hochreiter and Schmidhuber 1997)."""
    from keras_rnn_zoo.layers.recurrent import LSTM

    return LSTM
