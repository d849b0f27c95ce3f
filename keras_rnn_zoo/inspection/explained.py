"""What importance is for, chosen by the user or by default."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.errors import InspectionError, name_hint
from keras_rnn_zoo.inspection.importance import Target
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.tasks._inspected import Part


def target_of(
    task: Any, outputs: Any, chosen: Any, first: int, parts: Sequence[Part], explain: int | str | None
) -> Target:
    """Returns what importance is for.

    Args:
        task: the task.
        outputs: the outputs of the model for the input, `(names,)`, `(steps, names)` or `(steps, targets, levels)`.
        chosen: for classes, the index of the one predicted, int `()` or `(steps,)`.
        first: the first step of the answer.
        parts: the parts of a transcript.
        explain: as for `keras_rnn_zoo.inspect`.

    Raises:
        InspectionError: the run has no such class, target or step.
    """
    if isinstance(explain, bool) or not isinstance(explain, int | str | None):
        raise InspectionError(f"What to explain is expected as a name or an index; received {explain!r:.60}.")
    if task.output_form == "numbers":
        return _number(task, outputs, explain)
    if outputs.ndim == 1:
        return _answer(task, outputs, chosen, explain)
    if isinstance(explain, str):
        raise InspectionError(
            f"This run predicts something at each step. Pass the index of a step to explain, from 0, instead of "
            f"{explain!r:.60}."
        )
    steps, text = _steps(len(outputs), first, parts, explain)
    weights, signs = _chosen(task, outputs, chosen)
    selected = np.zeros((len(outputs), 1), "float32")
    selected[steps] = 1
    return Target(task.output_form, weights * selected, signs, f"the log-probability of {text}")


def _chosen(task: Any, outputs: Any, chosen: Any) -> tuple[Any, Any]:
    """Returns weights and signs of a `Target` that select what was predicted."""
    if task.output_form == "labels":
        return np.ones(outputs.shape, "float32"), np.where(outputs > 0, 1, -1).astype("float32")
    return np.eye(outputs.shape[-1], dtype="float32")[chosen], np.float32(1)


def _answer(task: Any, outputs: Any, chosen: Any, explain: int | str | None) -> Target:
    """Returns the target for a single prediction: the predicted class, or the one named."""
    names = task.output_names()
    weights, signs = _chosen(task, outputs, chosen)
    if explain is None:
        text = "the predicted labels" if task.output_form == "labels" else repr(_name(names, int(chosen)))
        return Target(task.output_form, weights, signs, f"the log-probability of {text}")
    if explain not in names:
        raise InspectionError(f"The run has no class {explain!r:.60}. {name_hint(str(explain), names)}")
    index = names.index(str(explain))
    ones = np.float32(1)
    return Target(task.output_form, np.eye(len(outputs), dtype="float32")[index], ones, f"the log-probability of {explain!r}")


def _name(names: Sequence[str], index: int) -> str:
    return names[index] if index < len(names) else str(index)


def _number(task: Any, outputs: Any, explain: int | str | None) -> Target:
    """Returns the target for numbers: of one target, or of a step; by default of the first target."""
    scale = np.broadcast_to(task.output_scale(), outputs.shape)
    weights = np.zeros(outputs.shape, "float32")
    ones = np.float32(1)
    if outputs.ndim == 3:  # A forecast: steps, targets and levels.
        middle = outputs.shape[-1] // 2
        steps = range(len(outputs)) if explain is None else [_index(explain, len(outputs))]
        weights[steps, 0, middle] = 1 / len(steps)
        text = "the mean of the forecast" if explain is None else f"the forecast for step {explain}"
    elif outputs.ndim == 2:
        steps = range(len(outputs)) if explain is None else [_index(explain, len(outputs))]
        weights[steps, 0] = 1 / len(steps)
        text = "the mean of all steps" if explain is None else f"the value at step {explain}"
    else:
        names = task.output_names()
        if explain is not None and explain not in names:
            raise InspectionError(f"The run has no target {explain!r:.60}. {name_hint(str(explain), names)}")
        weights[0 if explain is None else names.index(str(explain))] = 1
        text = "the value" if len(names) == 1 else f"the value of {explain or names[0]!r}"
    return Target("numbers", weights * scale, ones, text)


def _index(explain: int | str, count: int) -> int:
    if not isinstance(explain, int) or not 0 <= explain < count:
        raise InspectionError(f"The output has {count:,} steps, from 0; received {explain!r:.60} as the step to explain.")
    return explain


def _steps(count: int, first: int, parts: Sequence[Part], explain: int | None) -> tuple[Any, str]:
    """Returns which steps of the output are explained, and what they are in words."""
    if parts:
        if explain is None:
            return slice(None), "the most likely alignment"
        part = parts[_index(explain, len(parts))]
        return slice(part.start, part.end), f"{part.text!r} at its frames"
    if explain is not None:
        return _index(explain, count), f"step {explain}"
    return (first, f"the first token that follows, step {first}") if first else (slice(None), "the whole prediction")
