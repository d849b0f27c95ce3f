"""Checks of the settings of a training, before a framework is loaded."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.options import check_options, refuse_without_effect
from keras_rnn_zoo.training.class_weights import parse_class_weight
from keras_rnn_zoo.training.settings import OPTIMIZERS, SETTINGS


def checked_settings(
    settings: Mapping[str, Any], task: registry.Task, input: str, has_metrics: bool, *, fine_tunes: bool
) -> dict[str, Any]:
    """Returns the settings that the user set.

    Args:
        settings: the settings by name; `None` for those that are not set.
        task: the task of the training.
        input: its kind of input.
        has_metrics: whether the user passed Keras metrics as objects.
        fine_tunes: whether the training starts from a run.

    Raises:
        OptionError: a setting is invalid, or does not apply to the task or the training.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    checked = check_options(SETTINGS, given, "training")
    refuse_without_effect(SETTINGS, checked, input, task.name)
    if checked.get("class_weight"):
        parse_class_weight(checked["class_weight"])
        if not (task.files and task.files.classes == "one"):
            raise OptionError(
                f"Option 'class_weight' applies to classification, but the task is {task.name}; received "
                f"{short_repr(checked['class_weight'])}. Omit it."
            )
    if (checked.get("metrics") or has_metrics) and not task.target_per_example:
        raise OptionError(
            f"Option 'metrics' applies to tasks with one target per example, classification and regression. Those of "
            f"{task.name} are sequences, and Keras's metrics would count their padding. Omit it; `evaluate` computes "
            "the metrics of the task."
        )
    for name in () if fine_tunes else ("freeze", "extend_vocabulary"):
        if checked.get(name, SETTINGS[name].default) != SETTINGS[name].default:
            raise OptionError(
                f"Option {name!r} applies to a training that starts from a run; received {short_repr(checked[name])}. "
                "Omit it, or name the run with --from RUN."
            )
    if checked.get("label_smoothing") and not task.smooths_labels:
        raise OptionError(
            f"Option 'label_smoothing' applies to tasks that predict classes or tokens, but the task is {task.name}; "
            f"received {checked['label_smoothing']:g}. Omit it."
        )
    optimizer = checked.get("optimizer", "adam")
    if "adam_epsilon" in checked and not OPTIMIZERS[optimizer].has_epsilon:
        raise OptionError(
            f"Option 'adam_epsilon' does not apply to the optimizer {optimizer}; received "
            f"{checked['adam_epsilon']}. Omit it."
        )
    return checked
