"""What importance is for, chosen by the user or by default."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import InspectionError, name_hint
from keras_rnn_zoo.inspection.importance import Target
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.tasks._inspected import Part

_ONE = 1.0


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
    numbers = task.output_form == "numbers"
    if outputs.ndim == 1:
        return _named_number(task, outputs, explain) if numbers else _named_class(task, outputs, chosen, explain)
    step = _index(explain, len(parts) or len(outputs))
    if numbers:
        return _number_of_steps(task, outputs, step)
    steps, text = _steps(first, parts, step)
    weights, signs = _chosen(task, outputs, chosen)
    selected = np.zeros((len(outputs), 1), "float32")
    selected[steps] = 1
    return Target(task.output_form, weights * selected, signs, f"the log-probability of {text}")


def _index(explain: int | str | None, count: int) -> int | None:
    """Returns the index of a step, or of a part of a transcript, that a user chose."""
    if explain is None:
        return None
    text = str(explain)
    if not text.isdecimal() or int(text) >= count:
        raise InspectionError(
            f"What to explain is expected as an index from 0 to {count - 1:,}, as the output has "
            f"{quantity(count, 'step')}; received {explain!r:.60}."
        )
    return int(text)


def _chosen(task: Any, outputs: Any, chosen: Any) -> tuple[Any, Any]:
    """Returns weights and signs of a `Target` that select what was predicted."""
    if task.output_form == "labels":
        return np.ones(outputs.shape, "float32"), np.where(outputs > 0, 1, -1).astype("float32")
    return np.eye(outputs.shape[-1], dtype="float32")[chosen], _ONE


def _named_class(task: Any, outputs: Any, chosen: Any, explain: int | str | None) -> Target:
    """Returns the target for a single prediction: what was predicted, or the class that is named."""
    if explain is not None:
        index = _place(explain, task.output_names(), "class")
        weights, text = np.eye(len(outputs), dtype="float32")[index], repr(str(explain))
        return Target(task.output_form, weights, _ONE, f"the log-probability of {text}")
    weights, signs = _chosen(task, outputs, chosen)
    text = "the predicted labels" if task.output_form == "labels" else repr(task.output_names()[int(chosen)])
    return Target(task.output_form, weights, signs, f"the log-probability of {text}")


def _place(explain: int | str, names: Sequence[str], what: str) -> int:
    if str(explain) not in names:
        raise InspectionError(f"The run has no {what} {explain!r:.60}. {name_hint(str(explain), names)}")
    return names.index(str(explain))


def _named_number(task: Any, outputs: Any, explain: int | str | None) -> Target:
    """Returns the target for the number that is named, by default the first one."""
    names = task.output_names()
    index = 0 if explain is None else _place(explain, names, "target")
    weights = np.zeros(outputs.shape, "float32")
    weights[index] = 1
    return _in_units(task, weights, "the value" if len(names) == 1 else f"the value of {names[index]!r}")


def _number_of_steps(task: Any, outputs: Any, step: int | None) -> Target:
    """Returns the target for a step, or the mean of all, of the first target; of quantiles, for the median."""
    steps = slice(None) if step is None else slice(step, step + 1)
    weights = np.zeros(outputs.shape, "float32")
    first = weights[:, 0] if outputs.ndim == 2 else weights[:, 0, outputs.shape[-1] // 2]
    first[steps] = 1 / len(first[steps])
    return _in_units(task, weights, "the mean of all steps" if step is None else f"step {step}")


def _in_units(task: Any, weights: Any, text: str) -> Target:
    scale, offset = task.output_units()
    return Target("numbers", weights * scale, _ONE, text, float((weights * offset).sum()))


def _steps(first: int, parts: Sequence[Part], step: int | None) -> tuple[Any, str]:
    """Returns which steps of the output are explained, and what they are in words."""
    if parts:
        if step is None:
            return slice(None), "the most likely alignment"
        return slice(parts[step].start, parts[step].end), f"{parts[step].text!r} at its frames"
    if step is not None:
        return step, f"step {step}"
    return (first, f"the first token that follows, step {first}") if first else (slice(None), "the whole prediction")
