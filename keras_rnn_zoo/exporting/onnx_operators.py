"""Conversion of recurrent layers to ONNX's operators LSTM, GRU and RNN, whose kernels contain the loop over the steps.

`keras_rnn_zoo.layers.portable.onnx_operators` traces a layer as TensorFlow's `CudnnRNNV3`, which tf2onnx cannot
convert. This module adds the conversion.
"""

from typing import Any

import numpy as np
from tf2onnx.handler import tf_op

_OPERATORS = {"lstm": ("LSTM", 4, {}), "gru": ("GRU", 3, {"linear_before_reset": 1}), "rnn_tanh": ("RNN", 1, {})}
"""ONNX's operator, its number of gates and its attributes, by cuDNN's name of the cell."""


@tf_op("CudnnRNNV3")
class RecurrentOperator:
    """Replaces a `CudnnRNNV3` with ONNX's operator; tf2onnx finds this class by the name of the op."""

    @classmethod
    def version_13(cls, graph: Any, node: Any, **_: Any) -> None:
        """Replaces a node of tf2onnx's graph, for opset 13 or later.

        The op's parameters are a single array: the input weights `(gates * units, features)`, the recurrent weights
        `(gates * units, units)`, and two biases `(gates * units,)`, all with their gates in ONNX's order.
        """
        operator, gates, attributes = _OPERATORS[node.attr["rnn_mode"].s.decode()]
        x, h, c, parameters, lengths = node.input
        features, units = graph.get_shape(x)[-1], graph.get_shape(h)[-1]
        values = graph.get_node_by_output(parameters).get_tensor_value(as_list=False)
        width = gates * units
        blocks = np.split(values, np.cumsum([width * features, width * units]))
        sizes = ([1, width, features], [1, width, units], [1, 2 * width])
        weights = [
            graph.make_const(f"{node.name}/{name}", block.reshape(shape)).output[0]
            for name, block, shape in zip(("input", "state", "bias"), blocks, sizes, strict=True)
        ]
        states = [h, c] if operator == "LSTM" else [h]
        outputs = node.output[: 1 + len(states)]
        shapes, dtypes = ([graph.get_shape(name) for name in outputs], [graph.get_dtype(name) for name in outputs])
        graph.remove_node(node.name)
        recurrent = graph.make_node(
            operator,
            [x, *weights, lengths, *states],
            attr={"hidden_size": units, **attributes},
            outputs=[f"{node.name}/steps", *outputs[1:]],
            name=node.name,
            shapes=[None, *shapes[1:]],
            dtypes=dtypes,
        )
        # ONNX's output (time, directions, batch, units) has an axis for the directions, whose size is 1 here.
        axes = graph.make_const(f"{node.name}/axes", np.array([1], "int64")).output[0]
        graph.make_node(
            "Squeeze", [recurrent.output[0], axes], outputs=[outputs[0]], shapes=shapes[:1], dtypes=dtypes[:1]
        )
