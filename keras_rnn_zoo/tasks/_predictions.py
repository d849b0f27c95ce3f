"""Checks that signatures and predictions match the task, because an untrusted export may contain any graph."""

import functools
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.tasks.task import Task

SIGNATURE = "serving_default"
"""The signature of a SavedModel's default endpoint."""


def fault_of_signature(task: Task, saved_model: Any) -> str:
    """Returns how the default signature of a loaded SavedModel differs from that of its task, in words, or ""."""
    signatures = getattr(saved_model, "signatures", None)
    endpoint = signatures.get(SIGNATURE) if isinstance(signatures, Mapping) else None
    if endpoint is None:
        return f"it has no signature {SIGNATURE!r}"
    sides = sides_of_signature(endpoint)
    if not sides:
        return f"its signature {SIGNATURE!r} does not have tensors by name for inputs and outputs"
    inputs, outputs = sides
    expected = {spec.name: spec for spec in task.input_signature()}
    return difference_of_specs("input", expected, inputs) or difference_of_specs(
        "output", task.prediction_signature() or outputs, outputs
    )


def sides_of_signature(endpoint: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Returns the `tf.TensorSpec`s of the inputs and outputs of a signature by name, or `None` if it has others."""
    try:
        sides = endpoint.structured_input_signature[1], endpoint.structured_outputs
        plain = all(isinstance(spec, tf.TensorSpec) for side in sides for spec in side.values())
    except (AttributeError, IndexError, TypeError):
        return None
    return sides if plain else None


def difference_of_specs(side: str, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> str:
    """Returns how the specs of one side of a signature, "input" or "output", differ from those expected, or ""."""
    if sorted(expected) != sorted(actual):
        names = ", ".join(sorted(actual)) or "none"
        return f"it has the {side}s {names}, but its task has {', '.join(sorted(expected))}"
    for name, spec in expected.items():
        if actual[name].dtype != spec.dtype or not _is_compatible(actual[name].shape, spec.shape, side):
            return f"its {side} {name!r} is {_described(actual[name])}, but its task has {_described(spec)}"
    return ""


def _is_compatible(actual: Any, expected: Any, side: str) -> bool:
    if side == "output":  # Unknown sizes in a signature are checked for each batch.
        return bool(actual.is_compatible_with(expected))
    # Inputs must accept any batch that the task makes.
    sizes = zip(actual, expected, strict=True) if actual.rank == expected.rank else [(0, 1)]
    return all(size is None or size == other for size, other in sizes)


def _described(spec: Any) -> str:
    return f"{spec.dtype.name} of shape {spec.shape}"


def fault_of_batch(
    task: Task, predictions: Mapping[str, Any], count: int, expected: Mapping[str, Any] | None = None
) -> str:
    """Returns how the predictions for a batch differ from what the task produces, in words, or "".

    Args:
        task: the task.
        predictions: the predictions by name, each an array `(batch, ...)`.
        count: the number of inputs.
        expected: the `tf.TensorSpec` of each prediction by name; by default, those of the default endpoint.
    """
    expected = task.prediction_signature() if expected is None else expected
    actual = {name: _of_array(array) for name, array in predictions.items()}
    if fault := difference_of_specs("output", expected or actual, actual):
        return fault
    for name, array in predictions.items():
        if array.ndim == 0 or len(array) != count:
            return f"its predictions {name!r} have the shape {array.shape} for {quantity(count, 'input')}"
        if name in task.class_outputs:
            unknown = set(array.ravel().tolist()) - _encoded(task.classes) - ({b""} if array.ndim > 1 else set())
            if unknown:
                shown = min(unknown).decode("utf-8", "replace")
                return f"it predicts {shown!r:.60}, which is not one of its classes"
    steps = {predictions[name].shape[1] for name, spec in expected.items() if spec.shape.as_list()[1:] == [None]}
    if len(steps) > 1:
        return f"its predictions for the same words have {' and '.join(map(str, sorted(steps)))} steps"
    return fault_of_numbers(predictions)


def fault_of_numbers(predictions: Mapping[str, Any]) -> str:
    """Returns which of the predictions, arrays by name, is not finite, in words, or ""."""
    for name, array in predictions.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return f"its predictions {name!r} are not finite (NaN or infinite)"
    return ""


@functools.lru_cache(maxsize=8)
def _encoded(classes: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(name.encode() for name in classes)


def _of_array(array: Any) -> Any:
    return tf.TensorSpec(array.shape, tf.string if array.dtype == object else array.dtype)
