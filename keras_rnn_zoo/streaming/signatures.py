"""Checks that the signatures of a streaming export fit its task, because an untrusted export may contain any graph."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.streaming.program import PREFIX, START, STEP, step_signature
from keras_rnn_zoo.tasks._predictions import difference_of_specs, sides_of_signature


def fault_of_stream(task: Any, saved_model: Any) -> str:
    """Returns how the signatures of a loaded streaming export differ from those of its task, in words, or ""."""
    signatures = getattr(saved_model, "signatures", None)
    if not isinstance(signatures, Mapping) or not {START, STEP} <= signatures.keys():
        return f"it does not have the signatures {START!r} and {STEP!r}"
    sides = [side for name in (START, STEP) for side in sides_of_signature(signatures[name]) or ()]
    if len(sides) < 4:
        return "its signatures do not have tensors by name for inputs and outputs"
    rows = {"rows": tf.TensorSpec([], tf.int32)}
    expected = {spec.name: spec for spec in step_signature(task)}
    states, given = _split(sides[2])
    kept, answers = _split(sides[3])
    return (
        difference_of_specs("input", rows, sides[0])
        or difference_of_specs("output", states, sides[1])
        or difference_of_specs("output", states, kept)
        or difference_of_specs("input", expected, given)
        or difference_of_specs("output", task.stream_signature(), answers)
    )


def _split(specs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the specs of the states, and the others."""
    states = {name: spec for name, spec in specs.items() if name.startswith(PREFIX)}
    return states, {name: spec for name, spec in specs.items() if name not in states}
