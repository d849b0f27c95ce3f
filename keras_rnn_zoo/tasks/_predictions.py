"""Whether what an endpoint offers and predicts is what its task says. A stranger's export may offer anything."""

import functools
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.tasks.task import Task

SIGNATURE = "serving_default"
"""The signature of a SavedModel that its default endpoint is exported as."""


def fault_of_signature(task: Task, saved_model: Any) -> str:
    """Returns what about the default signature of a loaded SavedModel is not as its task has it, in words, or ""."""
    signatures = getattr(saved_model, "signatures", None)
    endpoint = signatures.get(SIGNATURE) if isinstance(signatures, Mapping) else None
    if endpoint is None:
        return f"it has no signature {SIGNATURE!r}"
    try:
        inputs, outputs = endpoint.structured_input_signature[1], endpoint.structured_outputs
        plain = all(isinstance(spec, tf.TensorSpec) for side in (inputs, outputs) for spec in side.values())
    except (AttributeError, IndexError, TypeError):
        plain = False
    if not plain:
        return f"its signature {SIGNATURE!r} does not have tensors by name for inputs and outputs"
    wanted = {spec.name: spec for spec in task.input_signature()}
    return _difference("input", wanted, inputs) or _difference(
        "output", task.prediction_signature() or outputs, outputs
    )


def _difference(side: str, wanted: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    if sorted(wanted) != sorted(got):
        return f"it has the {side}s {', '.join(sorted(got)) or 'none'}, where its task has {', '.join(sorted(wanted))}"
    for name, spec in wanted.items():
        if got[name].dtype != spec.dtype or not _fits(got[name].shape, spec.shape, side):
            return f"its {side} {name!r} is {_described(got[name])}, where its task has {_described(spec)}"
    return ""


def _fits(got: Any, wanted: Any, side: str) -> bool:
    if side == "output":  # Sizes that a signature leaves open are checked in each batch.
        return bool(got.is_compatible_with(wanted))
    # Any batch that the task makes must fit in.
    sizes = zip(got, wanted, strict=True) if got.rank == wanted.rank else [(0, 1)]
    return all(size is None or size == other for size, other in sizes)


def _described(spec: Any) -> str:
    return f"{spec.dtype.name} of shape {spec.shape}"


def fault_of_batch(task: Task, answers: Mapping[str, Any], count: int) -> str:
    """Returns what about the predictions for a batch is not as its task has it, in words, or "".

    Args:
        task: the task.
        answers: the predictions, each an array `(batch, ...)`.
        count: the number of inputs.
    """
    wanted = task.prediction_signature()
    got = {name: _of_array(array) for name, array in answers.items()}
    if fault := _difference("output", wanted or got, got):
        return fault
    for name, array in answers.items():
        if array.ndim == 0 or len(array) != count:
            return f"its predictions {name!r} have the shape {array.shape} for {count} inputs"
        if name in task.class_outputs:
            unknown = set(array.ravel().tolist()) - _encoded(task.classes) - ({b""} if array.ndim > 1 else set())
            if unknown:
                shown = min(unknown).decode("utf-8", "replace")
                return f"it predicts {shown!r:.60}, which is none of its classes"
    steps = {answers[name].shape[1] for name, spec in wanted.items() if spec.shape.as_list()[1:] == [None]}
    if len(steps) > 1:
        return f"its predictions for the same words have {' and '.join(map(str, sorted(steps)))} steps"
    return fault_of_numbers(answers)


def fault_of_numbers(answers: Mapping[str, Any]) -> str:
    """Returns which of some arrays by name holds a number that is not finite, in words, or ""."""
    for name, array in answers.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return f"its predictions {name!r} are not finite (NaN or infinite)"
    return ""


@functools.lru_cache(maxsize=8)
def _encoded(classes: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(name.encode() for name in classes)


def _of_array(array: Any) -> Any:
    return tf.TensorSpec(array.shape, tf.string if array.dtype == object else array.dtype)
