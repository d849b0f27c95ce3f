"""The states and gates of a recurrent layer at every step, computed by its own cell."""

import functools
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from keras_rnn_zoo import registry
from keras_rnn_zoo.frameworks.keras_internals import flatten_layers
from keras_rnn_zoo.inspection.patches import patched

Tensors = dict[str, Any]


@dataclass(frozen=True)
class RecurrentCall:
    """What a recurrent layer read and returned.

    Attributes:
        layer: the `keras.layers.RNN`.
        inputs: the sequences, `(rows, time, features)`.
        mask: boolean `(rows, time)`, or `None`.
        initial: the states before the first step, each `(rows, units)`.
        final: the states after the last step.
    """

    layer: Any
    inputs: Any
    mask: Any
    initial: list[Any]
    final: list[Any]


@dataclass(frozen=True)
class CellSteps:
    """What a cell did at each step.

    Attributes:
        name: the name of the cell within its layer; "" if the layer has one cell.
        cell: the name of the cell in the registry, or that of its class.
        tensors: by kind, the tensors by name: `states` after each step and `gates`, each `(rows, time, units)`, and
            the `initial` states, `(rows, units)`.
    """

    name: str
    cell: str
    tensors: dict[str, Tensors]


def cell_steps(call: RecurrentCall) -> list[CellSteps]:
    """Steps the cell of a layer through what the layer read.

    A cell made of other cells, such as the decoder of forecasts, is shown by those that the registry knows.

    Returns:
        The cell, or the cells that it consists of. The order of the steps is that of the sequence, whichever way the
        layer reads it. Masked steps have the states of the step before.
    """
    inputs = ops.transpose(call.inputs, (1, 0, 2))  # (time, rows, features)
    real = _real(call, inputs)
    before, after = _states(call, inputs, real)
    entry, first = entry_of(call.layer.cell), -1 if call.layer.go_backwards else 0
    if entry is not None or not _known_parts(call.layer.cell):
        return [_shown("", call.layer.cell, entry, first, inputs, before, after)]
    parts = _parts(call.layer.cell, inputs, before)
    shown = []
    for number, (inner, x, old, new) in enumerate(parts, 1):
        kept = [ops.where(real, *pair) for pair in zip(new, old, strict=True)]
        known = entry_of(inner)
        shown.append(_shown(f"{known.name}_{number}", inner, known, first, x, old, kept))
    return shown


def _states(call: RecurrentCall, inputs: Any, real: Any) -> tuple[list[Any], list[Any]]:
    """Returns the states before and after each step, each `(time, rows, units)`.

    Args:
        call: what the layer read.
        inputs: its sequences, `(time, rows, features)`.
        real: which steps count, as `_real` returns it.
    """
    cell = call.layer.cell

    def step(states: Any, now: Any) -> tuple[Any, Any]:
        x, is_real = now[:, :-1], now[:, -1:] > 0
        _, after = cell(x, _as_cell_expects(cell, states))
        new = [ops.where(is_real, *pair) for pair in zip(keras.tree.flatten(after), states, strict=True)]
        return new, new

    # With several sequences, Keras's scan fails on TensorFlow if their length is not known when it is traced.
    real = ops.broadcast_to(real, (*ops.shape(inputs)[:2], 1))
    both = ops.concatenate([inputs, ops.cast(real, inputs.dtype)], axis=-1)
    _, after = ops.scan(step, list(call.initial), both, reverse=call.layer.go_backwards)
    firsts = [ops.expand_dims(state, 0) for state in call.initial]
    pairs = zip(firsts, after, strict=True)
    if call.layer.go_backwards:
        return [ops.concatenate([states[1:], first]) for first, states in pairs], after
    return [ops.concatenate([first, states[:-1]]) for first, states in pairs], after


def _real(call: RecurrentCall, inputs: Any) -> Any:
    """Returns which steps count: boolean `(time, rows, 1)`."""
    if call.mask is None:
        return ops.ones_like(inputs[:, :, :1], dtype="bool")
    return ops.expand_dims(ops.transpose(ops.cast(call.mask, "bool")), -1)


def _as_cell_expects(cell: Any, states: list[Any]) -> Any:
    """Returns a flat list of states in the structure that a cell declares by its `state_size`."""
    size = cell.state_size
    return keras.tree.pack_sequence_as(size if isinstance(size, list | tuple) else [size], list(states))


def _flat(values: Any) -> Any:
    """Joins time and rows: `(time, rows, features)` to `(time * rows, features)`."""
    return ops.reshape(values, (-1, values.shape[-1]))


def _known_parts(cell: Any) -> list[Any]:
    """Returns the cells inside a cell that the registry knows."""
    return [layer for layer in flatten_layers(cell) if layer is not cell and entry_of(layer) is not None]


def _parts(cell: Any, inputs: Any, before: list[Any]) -> list[tuple[Any, Any, list[Any], list[Any]]]:
    """Runs a cell on all steps at once, given the states before each, and records what its inner cells do.

    Returns:
        For each inner cell, the cell, its inputs, its states before the step and those after, `(time, rows, ...)`.
    """
    time, rows = ops.shape(inputs)[:2]
    records = []

    def recorder(inner: Any) -> Any:
        call = inner.call

        def recorded(x: Any, states: Any, *args: Any, **options: Any) -> Any:
            result = call(x, states, *args, **options)
            flat = [x, *keras.tree.flatten(states), *keras.tree.flatten(result[1])]
            x, *states = [ops.reshape(part, (time, rows, part.shape[-1])) for part in flat]
            half = len(states) // 2
            records.append((inner, x, states[:half], states[half:]))
            return result

        return recorded

    with patched({(inner, "call"): recorder(inner) for inner in _known_parts(cell)}):
        cell(_flat(inputs), _as_cell_expects(cell, [_flat(state) for state in before]))
    return records


def _shown(name: str, cell: Any, entry: Any, first: int, inputs: Any, before: list[Any], after: list[Any]) -> CellSteps:
    """Names the states and gates of a cell; tensors are `(time, rows, ...)`, and `first` is the step read first."""
    time, rows = ops.shape(inputs)[:2]
    states = _named(entry, after)
    gates = entry.gates(cell, _flat(inputs), [_flat(state) for state in before]) if entry and entry.gates else {}
    gates = {gate: ops.reshape(values, (time, rows, values.shape[-1])) for gate, values in gates.items()}
    initial = {label: values[first] for label, values in _named(entry, before).items()}
    tensors = {
        "states": {label: ops.transpose(values, (1, 0, 2)) for label, values in states.items()},
        "gates": {label: ops.transpose(values, (1, 0, 2)) for label, values in gates.items()},
        "initial": initial,
    }
    return CellSteps(name, entry.name if entry else type(cell).__name__, tensors)


def _named(entry: Any, states: list[Any]) -> Tensors:
    names = list(entry.states if entry else ("h",))
    names += [f"state_{index}" for index in range(len(names) + 1, len(states) + 1)]
    return dict(zip(names, states, strict=False))


def entry_of(cell: Any) -> Any:
    """Returns the registry's entry of a Keras cell, or `None`."""
    return next((entry for entry in registry.cells.entries() if isinstance(cell, _class_of(entry))), None)


@functools.cache
def _class_of(entry: Any) -> Any:
    return type(entry.layer(1).cell)
