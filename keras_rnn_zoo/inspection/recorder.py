"""Records what the recurrent layers of a model do, and how it attends, while the model itself runs."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from keras_rnn_zoo.frameworks.keras_internals import flatten_layers
from keras_rnn_zoo.inspection.cells import RecurrentCall, cell_steps
from keras_rnn_zoo.inspection.patches import patched


@dataclass(frozen=True)
class LayerName:
    """Where a layer is in its model.

    Attributes:
        name: the name of the layer, or of the `Bidirectional` around it, after those of the layers that contain it.
        operation: the name of the operation of the functional model that it is, or is part of.
        nested: whether it is part of an operation that is no recurrent layer itself.
    """

    name: str
    operation: str
    nested: bool


@dataclass(frozen=True)
class LayerFacts:
    """What is known of a recorded layer before it runs; its tensors have the same place in the list of `run`.

    Attributes:
        name: its name, and after it that of the cell in question, if the layer has several.
        cell: the name of the cell in the registry.
        direction: `"forward"` or `"backward"`.
        place: where it is in the model.
    """

    name: str
    cell: str
    direction: str
    place: LayerName


class Recorder:
    """Runs a functional model, and records its recurrent layers and attention weights.

    Args:
        model: the model.

    Attributes:
        layers: the facts about what was recorded last.
        attention: the names of the attention layers that were recorded last.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.names = layer_names(model)
        self.layers: list[LayerFacts] = []
        self.attention: list[LayerName] = []

    def run(self, inputs: Any) -> dict[str, Any]:
        """Runs the model.

        Args:
            inputs: a batch of the model's inputs.

        Returns:
            The `outputs` of the model. For each of `layers`, its `states` and `gates` by name, `(rows, time, units)`,
            its `initial` states `(rows, units)`, the `mask` `(rows, time)`, and how far the final states are from those
            of the layer itself, `difference`. The `weights` of each of `attention`.
        """
        calls: list[RecurrentCall] = []
        weights: list[tuple[LayerName, Any]] = []
        with self._recording(calls, weights):
            outputs = self.model(inputs, training=False)
        recorded, self.layers = [], []
        for call in calls:
            place = self.names[id(call.layer)]
            direction = "backward" if call.layer.go_backwards else "forward"
            for steps in cell_steps(call):
                name = f"{place.name}/{steps.name}" if steps.name else place.name
                self.layers.append(LayerFacts(name, steps.cell, direction, place))
                recorded.append({**steps.tensors, "mask": _mask(call), "difference": _difference(call, steps.tensors)})
        self.attention = [name for name, _ in weights]
        return {"outputs": outputs, "layers": recorded, "weights": [values for _, values in weights]}

    @contextlib.contextmanager
    def _recording(self, calls: list[RecurrentCall], weights: list[tuple[LayerName, Any]]) -> Iterator[None]:
        def recurrent(layer: Any) -> Any:
            run = layer.inner_loop

            def inner_loop(sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
                result = run(sequences, initial_state=initial_state, mask=mask, training=training)
                masks = keras.tree.flatten(mask)  # Some layers get it in a list.
                initial, final = keras.tree.flatten(initial_state), keras.tree.flatten(result[2])
                calls.append(RecurrentCall(layer, sequences, masks[0] if masks else None, initial, final))
                return result

            return inner_loop

        def attending(layer: Any) -> Any:
            attend = layer.attention_weights

            def attention_weights(*args: Any, **options: Any) -> Any:
                result = attend(*args, **options)
                weights.append((self.names[id(layer)], result))
                return result

            return attention_weights

        layers = [layer for layer in flatten_layers(self.model) if id(layer) in self.names]
        methods = {(layer, "inner_loop"): recurrent(layer) for layer in layers if isinstance(layer, keras.layers.RNN)}
        methods |= {(layer, "attention_weights"): attending(layer) for layer in layers if attends(layer)}
        with patched(methods):
            yield


def attends(layer: Any) -> bool:
    """Whether a layer has attention weights that inspections show."""
    return callable(getattr(layer, "attention_weights", None))


def _mask(call: RecurrentCall) -> Any:
    if call.mask is None:
        return keras.ops.ones_like(call.inputs[:, :, 0], dtype="bool")
    return keras.ops.cast(call.mask, "bool")


def _difference(call: RecurrentCall, tensors: dict[str, Any]) -> Any:
    """Returns the largest difference of the states after the last step from those that the layer returned."""
    index = 0 if call.layer.go_backwards else -1
    states = [values[:, index] for values in tensors["states"].values()]
    if len(states) != len(call.final):  # A cell inside another one.
        return keras.ops.zeros(())
    pairs = zip(states, call.final, strict=True)
    return keras.ops.max(keras.ops.stack([keras.ops.max(keras.ops.abs(new - old)) for new, old in pairs]))


def layer_names(model: Any) -> dict[int, LayerName]:
    """Returns where each layer of a functional model is, by the `id` of the layer."""
    names: dict[int, LayerName] = {}
    for operation in model.operations:
        if not isinstance(operation, keras.Layer):
            continue
        plain = isinstance(operation, keras.layers.RNN | keras.layers.Bidirectional)
        for layer in flatten_layers(operation):
            own = "" if layer is operation else layer.name
            names[id(layer)] = LayerName(_joined(operation.name, own), operation.name, not plain)
        for layer in flatten_layers(operation):
            if isinstance(layer, keras.layers.Bidirectional):
                for inner in (layer.forward_layer, layer.backward_layer):
                    names[id(inner)] = names[id(layer)]
    return names


def _joined(operation: str, name: str) -> str:
    return f"{operation}/{name}" if name else operation
