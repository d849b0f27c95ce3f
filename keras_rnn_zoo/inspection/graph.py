"""What the operations of a functional model make of its input: where importance begins, and how many steps remain."""

from dataclasses import dataclass
from typing import Any

import keras

from keras_rnn_zoo.frameworks.keras_internals import carry_mask, flatten_layers, run_graph
from keras_rnn_zoo.inspection.patches import patched

_LONG = 2**20
"""Number of steps of inputs of any length, with which strides are found: a product of many factors of two."""


@dataclass(frozen=True)
class _Traced:
    """A tensor without values.

    Attributes:
        spec: its shape and dtype.
        depends: whether it depends on a reference.
        variable: whether it depends on an input whose number of steps may vary.
    """

    spec: Any
    depends: bool
    variable: bool


@dataclass(frozen=True)
class Times:
    """Numbers of steps for an input of `_LONG` steps, or of the fixed number that a model reads.

    Attributes:
        read: steps that an operation reads, 0 if it reads no sequence.
        made: steps that it returns, 0 if it returns no sequence.
        given: whether it is a recurrent layer that is given its initial states, as decoders are.
    """

    read: int
    made: int
    given: bool


class Graph:
    """A functional model as operations on sequences.

    The references of an input are its first float tensors with features for each step: embeddings, the frames of a
    recording, pixels, the rows of a series. Importance is a property of these, and all steps are counted in them.

    Args:
        model: the model.

    Attributes:
        references: their names.
        steps: the number of steps of the first reference, for an input of `_LONG` steps or of fixed size.
        input_steps: the number of steps of the input that it is made of.
        variable: whether inputs vary in length.
        times: the `Times` of each operation by name.
        output: the name of the operation that returns the model's output.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.times: dict[str, Times] = {}
        self._operations: dict[str, _Traced] = {}
        self._inputs: dict[str, _Traced] = {}
        self._embeddings: dict[str, Any] = {}
        inputs = keras.tree.map_structure(self._traced_input, model.input)
        self._results: dict[str, Any] = {}
        result = run_graph(model, inputs, self._trace)
        self.output = next(name for name, made in self._results.items() if made is result)
        self._operations.pop(self.output, None)
        self._find_embeddings(inputs)
        traced = {**self._inputs, **self._operations}
        # Covariates of a forecast also have future steps; those that all references have come first.
        self.references = [*sorted(traced, key=lambda name: _time(traced[name].spec)), *self._embeddings]
        found = [traced[name] for name in self.references if name in traced]
        sources = [one for one in keras.tree.flatten(inputs) if one.variable] or keras.tree.flatten(inputs)
        first = found[0] if found else sources[0]
        self.variable = first.variable
        self.steps = _time(first.spec)
        self.input_steps = _LONG if first.variable else self.steps

    def _traced_input(self, tensor: Any) -> _Traced:
        variable = len(tensor.shape) > 1 and tensor.shape[1] is None
        shape = list(tensor.shape)
        if variable:
            shape[1] = _LONG
        shape[1:] = [1 if size is None else size for size in shape[1:]]
        spec = keras.KerasTensor(shape, dtype=tensor.dtype)
        traced = _Traced(spec, _is_sequence(spec), variable)
        if traced.depends:
            self._inputs[tensor.name] = traced
        return traced

    def _trace(self, operation: Any, *arguments: Any, **options: Any) -> Any:
        parts = [part for part in keras.tree.flatten((arguments, options)) if isinstance(part, _Traced)]
        specs, named = keras.tree.map_structure(_spec_of, (arguments, options))
        made = operation.compute_output_spec(*specs, **named)
        depends, variable = any(part.depends for part in parts), any(part.variable for part in parts)
        is_first = not depends and not isinstance(made, list | tuple | dict) and _is_sequence(made)
        result = keras.tree.map_structure(lambda spec: _Traced(spec, depends or is_first, variable), made)
        given = isinstance(operation, keras.layers.RNN) and options.get("initial_state") is not None
        time = _time(result.spec) if isinstance(result, _Traced) else 0
        self.times[operation.name] = Times(_time(parts[0].spec) if parts else 0, time, given)
        if is_first:
            self._operations[operation.name] = result
        self._results[operation.name] = result
        return result

    def _find_embeddings(self, inputs: Any) -> None:
        """Without other references, takes embeddings within the last operation, or inputs that are vectors."""
        if self._inputs or self._operations:
            return
        last = next(operation for operation in self.model.operations if operation.name == self.output)
        layers = flatten_layers(last) if isinstance(last, keras.Layer) else []
        self._embeddings = {layer.name: layer for layer in layers if isinstance(layer, keras.layers.Embedding)}
        if not self._embeddings:
            flat = zip(keras.tree.flatten(self.model.input), keras.tree.flatten(inputs), strict=True)
            self._inputs = {tensor.name: one for tensor, one in flat if _is_float(one.spec)}

    def stride(self, steps: int) -> int:
        """Returns how many steps of the first reference become one of `steps`, which is a number of `times`."""
        return max(1, round(self.steps / steps) if self.variable else -(-self.steps // max(steps, 1)))

    @property
    def input_stride(self) -> int:
        """How many steps of the model's input become one of the first reference, such as samples a frame."""
        return max(1, round(self.input_steps / self.steps))

    def read(self, inputs: Any) -> list[Any]:
        """Returns the values of the references for a batch of the model's inputs."""
        found: dict[str, Any] = {}

        def keep(name: str, value: Any) -> Any:
            found[name] = value
            return value

        self._run(inputs, keep)
        return [found[name] for name in self.references]

    def run(self, inputs: Any, values: list[Any]) -> Any:
        """Returns the model's outputs with other values of the references, each `(rows, ...)`."""
        given = dict(zip(self.references, values, strict=True))
        return self._run(inputs, lambda name, value: carry_mask(value, keras.ops.cast(given[name], value.dtype)))

    def _run(self, inputs: Any, replace: Any) -> Any:
        names = keras.tree.map_structure(lambda tensor: tensor.name, self.model.input)
        inputs = keras.tree.map_structure(
            lambda name, value: replace(name, value) if name in self._inputs else value, names, inputs
        )

        def call(operation: Any, *arguments: Any, **options: Any) -> Any:
            result = operation(*arguments, **options)
            return replace(operation.name, result) if operation.name in self._operations else result

        def embedding(layer: Any) -> Any:
            look_up = layer.call
            return lambda *args, **options: replace(layer.name, look_up(*args, **options))

        with patched({(layer, "call"): embedding(layer) for layer in self._embeddings.values()}):
            return run_graph(self.model, inputs, call)


def _spec_of(part: Any) -> Any:
    return part.spec if isinstance(part, _Traced) else part


def _is_float(spec: Any) -> bool:
    return "float" in keras.backend.standardize_dtype(spec.dtype)


def _is_sequence(spec: Any) -> bool:
    """Whether a tensor has float features for each step."""
    return len(spec.shape) >= 3 and _is_float(spec)


def _time(spec: Any) -> int:
    return int(spec.shape[1]) if len(spec.shape) >= 2 and spec.shape[1] is not None else 0
