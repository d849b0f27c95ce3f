"""The states of recurrent layers, step by step along their timelines."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.errors import InspectionError, name_hint
from keras_rnn_zoo.inspection.inspection import LayerStates
from keras_rnn_zoo.inspection.recorder import LayerFacts
from keras_rnn_zoo.inspection.timelines import Timelines

MAX_DIFFERENCE = 1e-3
"""The largest difference of states that rounding may cause between a layer and its cell."""


def states_of(facts: LayerFacts, tensors: Any, timelines: Timelines, *, gates: bool) -> list[LayerStates]:
    """Returns the states of a layer, of each sequence that it reads.

    Args:
        facts: the facts about the layer.
        tensors: what was recorded of it, as arrays.
        timelines: the timelines, to which that of the layer is added.
        gates: whether to return gates.

    Raises:
        InspectionError: the layer does something else than its cell.
    """
    if tensors["difference"] > MAX_DIFFERENCE:
        raise InspectionError(
            f"The layer {facts.name!r} does not do what its cell does step by step: their states differ by "
            f"{float(tensors['difference']):.2g}. Correct the layer or its cell."
        )
    timeline = timelines.of_layer(facts, tensors["mask"].shape[1])
    found = []
    for row, real in enumerate(tensors["mask"]):

        def steps(kind: str, row: int = row, real: Any = real) -> dict[str, Any]:
            return {name: values[row][real] for name, values in tensors[kind].items()}

        initial = {name: values[row] for name, values in tensors["initial"].items()}
        sequence = row if len(tensors["mask"]) > 1 else None
        own = (facts.name, facts.cell, facts.direction, timeline)
        found.append(LayerStates(*own, steps("states"), steps("gates") if gates else {}, initial, sequence))
    return found


def selected(states: Sequence[LayerStates], names: Sequence[str] | None) -> tuple[LayerStates, ...]:
    """Returns the layers with the given names; raises `InspectionError` for an unknown one."""
    if names is None:
        return tuple(states)
    if isinstance(names, str):
        raise InspectionError(f"A list of names of layers is expected; received {names!r:.60}. Put it in a list.")
    known = {state.name for state in states}
    for name in names:
        if name not in known:
            raise InspectionError(f"The run has no recurrent layer {name!r:.60}. {name_hint(str(name), known)}")
    return tuple(state for state in states if state.name in names)
