"""An inspection as tables: the steps that matter most, what was written, and the layers."""

from collections.abc import Iterable
from typing import Any

from keras_rnn_zoo.display.text_tables import Table
from keras_rnn_zoo.inspection.inspection import Inspection, LayerStates, Timeline
from keras_rnn_zoo.lazy import np

SHOWN = 24
"""The number of steps that are shown; of more, the most important ones."""
_BAR = 12
"""The length of the longest bar."""


def tables_of(found: Inspection) -> list[Table]:
    """Returns the tables of an inspection."""
    tables = [_steps(found)]
    if found.alignment:
        tables.append(_alignment(found))
    elif "output" in found.timelines:
        tables.append(_written(found))
    if found.beam:
        rows: Iterable[dict[str, Any]] = ({"text": one.text, "score": f"{one.score:.4f}"} for one in found.beam)
        tables.append(Table(rows, "Best texts of the search"))
    if found.layers:
        tables.append(Table(map(_layer, found.layers), "Recurrent layers"))
    return tables


def _steps(found: Inspection) -> Table:
    """Returns the table of the input's steps, with their importance and what was predicted there."""
    timeline = found.timelines["input"]
    values = found.importance.values if found.importance else np.zeros(len(timeline))
    order = np.argsort(-np.abs(values), kind="stable")[:SHOWN] if found.importance else np.arange(len(timeline))[:SHOWN]
    predicted = _predicted(found)
    highest = float(np.abs(values).max()) or 1.0
    rows = []
    for step in sorted(order.tolist()):
        row = {"step": step, _title(timeline): timeline.labels[step]}
        if found.importance:
            bar = ("+" if values[step] > 0 else "-") * round(_BAR * abs(values[step]) / highest)
            row |= {"importance": f"{values[step]:+.4f}", "": bar}
        rows.append(row | ({predicted[0]: predicted[1].get(step, "")} if predicted else {}))
    hidden = len(timeline) - len(rows)
    most = "most important " if found.importance else "first "
    return Table(rows, f"{f'The {SHOWN} {most}steps of {len(timeline):,}' if hidden else 'Steps'}{_explained(found)}")


def _title(timeline: Timeline) -> str:
    return "time" if timeline.unit == "second" else timeline.unit


def _explained(found: Inspection) -> str:
    importance = found.importance
    if importance is None:
        return ""
    return (
        f": importance for {importance.of}, {importance.value:.4f}, from {importance.baseline_value:.4f} for "
        f"{importance.baseline} ({importance.interpolations} interpolations, error "
        f"{importance.completeness_error:.2%})"
    )


def _predicted(found: Inspection) -> tuple[str, dict[int, str]] | None:
    """Returns the title of a column and, by step of the input, what was predicted there."""
    outputs = found.outputs
    if outputs is None or outputs.timeline != "input" or (outputs.of == "prefixes" and len(outputs.steps) == 1):
        return None
    title = "prediction" if outputs.of == "steps" else "prediction up to here"
    return title, dict(zip(outputs.steps.tolist(), outputs.chosen, strict=True))


def _written(found: Inspection) -> Table:
    """Returns the table of what was written, with alternatives and what each step attends to."""
    timeline, outputs = found.timelines["output"], found.outputs
    assert outputs is not None
    rows = []
    for step, label in enumerate(timeline.labels[:SHOWN]):
        row = {"step": step, timeline.unit: label}
        if outputs.kind == "numbers":
            row["value"] = outputs.chosen[step]
        else:
            best = np.argsort(-outputs.values[step], kind="stable")[:3]
            row["most likely"] = ", ".join(
                f"{outputs.names[index]} {outputs.values[step][index]:.1%}" for index in best
            )
        for one in found.attention:
            if one.queries == "output":
                row["attends to"] = _attended(one.weights[step], found.timelines.get(one.keys))
        rows.append(row)
    return Table(rows, f"The first {SHOWN} of {len(timeline):,} steps written" if len(timeline) > SHOWN else "Output")


def _attended(weights: Any, keys: Timeline | None) -> str:
    """Returns the two places with the highest attention weights."""
    places = []
    for index in np.argsort(-weights, axis=None, kind="stable")[:2]:
        label = keys.labels[index] if keys else "({}, {})".format(*np.unravel_index(index, weights.shape))
        places.append(f"{label} {weights.flat[index]:.0%}")
    return ", ".join(places)


def _alignment(found: Inspection) -> Table:
    assert found.outputs is not None
    timeline = found.timelines[found.outputs.timeline]
    unit = "seconds" if timeline.unit == "second" else f"{timeline.unit}s"
    rows = []
    for one in found.alignment:
        place = f"{timeline.starts[one.start]:.4g} to {timeline.ends[one.end - 1]:.4g}"
        rows.append({"token": one.text, unit: place, "probability": f"{one.probability:.1%}"})
    return Table(rows, "Alignment")


def _layer(layer: LayerStates) -> dict[str, Any]:
    steps, units = next(iter(layer.states.values())).shape
    return {
        "layer": layer.name,
        "cell": layer.cell,
        "direction": layer.direction,
        "steps": f"{steps:,} of {layer.timeline}",
        "units": units,
        "states": ", ".join(layer.states),
        "gates": ", ".join(layer.gates),
    }
