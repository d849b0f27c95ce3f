"""An inspection as plain Python values for JSON; docs/inspecting.md describes the format."""

from typing import Any

from keras_rnn_zoo.inspection.inspection import Importance, Inspection, LayerStates, Outputs
from keras_rnn_zoo.lazy import np


def document_of(found: Inspection, top: int, digits: int) -> dict[str, Any]:
    """Returns the document; arguments as in `Inspection.to_dict`."""

    def rounded(values: Any) -> Any:
        if np.ndim(values):
            return [rounded(value) for value in values]
        return float(f"{values:.{digits}g}")

    return {
        "run": found.run,
        "architecture": found.architecture,
        "task": found.task,
        "input": found.input,
        "prediction": dict(found.prediction),
        "timelines": {
            name: {
                "unit": one.unit,
                "stride": one.stride,
                "labels": list(one.labels),
                "starts": rounded(one.starts),
                "ends": rounded(one.ends),
            }
            for name, one in found.timelines.items()
        },
        "layers": [_layer(layer, rounded) for layer in found.layers],
        "outputs": None if found.outputs is None else _outputs(found.outputs, top, rounded),
        "attention": [
            {"name": one.name, "queries": one.queries, "keys": one.keys, "weights": rounded(one.weights)}
            for one in found.attention
        ],
        "beam": [{"text": one.text, "tokens": list(one.tokens), "score": rounded(one.score)} for one in found.beam],
        "alignment": [
            {"text": one.text, "start": one.start, "end": one.end, "probability": rounded(one.probability)}
            for one in found.alignment
        ],
        "importance": None if found.importance is None else _importance(found.importance, rounded),
    }


def _layer(layer: LayerStates, rounded: Any) -> dict[str, Any]:
    def named(values: Any) -> dict[str, Any]:
        return {name: rounded(value) for name, value in values.items()}

    return {
        "name": layer.name,
        "cell": layer.cell,
        "direction": layer.direction,
        "sequence": layer.sequence,
        "timeline": layer.timeline,
        "states": named(layer.states),
        "gates": named(layer.gates),
        "initial": named(layer.initial),
    }


def _outputs(outputs: Outputs, top: int, rounded: Any) -> dict[str, Any]:
    """Returns the outputs; of many classes, the most likely ones of each step by name."""
    document = {
        "timeline": outputs.timeline,
        "steps": outputs.steps.tolist(),
        "of": outputs.of,
        "kind": outputs.kind,
        "chosen": list(outputs.chosen),
    }
    if outputs.kind == "numbers" or len(outputs.names) <= top:
        return {**document, "names": list(outputs.names), "values": rounded(outputs.values)}
    best = np.argsort(-outputs.values, axis=-1, kind="stable")[:, :top]
    return {
        **document,
        "top": [
            [[outputs.names[index], rounded(row[index])] for index in indices]
            for row, indices in zip(outputs.values, best, strict=True)
        ],
    }


def _importance(importance: Importance, rounded: Any) -> dict[str, Any]:
    return {
        "of": importance.of,
        "timeline": importance.timeline,
        "values": rounded(importance.values),
        "parts": {name: rounded(values) for name, values in importance.parts.items()},
        "gradient_norms": rounded(importance.gradient_norms),
        "baseline": importance.baseline,
        "value": rounded(importance.value),
        "baseline_value": rounded(importance.baseline_value),
        "completeness_error": rounded(importance.completeness_error),
        "interpolations": importance.interpolations,
    }
