"""The setting `metrics`: Keras metrics in addition to those of the task."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.inference.predictor import first_line_of
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.tasks.task import Task


def further_metrics(names: str | None, objects: Sequence[Any], task: Task, model: Any) -> list[Any]:
    """Returns the metrics that the user named or passed, without their state, after a trial of each.

    Those that the task measures itself, such as `accuracy`, are left out.

    Args:
        names: the names, separated by commas.
        objects: metrics that were passed.
        task: the task, whose examples have a single target.
        model: the model, whose outputs are `(batch, classes)` or `(batch, targets)`.

    Raises:
        OptionError: a name is unknown, or a metric cannot be computed from such targets and outputs.
    """
    named = [name.strip() for name in (names or "").split(",") if name.strip()]
    measured = {name for metric in task.training_metrics() for name in (metric.name, metric.name[:3])}  # As "acc".
    return [_tried(given, task, model) for given in [*named, *objects] if given not in measured]


def _tried(given: Any, task: Task, model: Any) -> Any:
    width = model.output_shape[1]
    outputs = np.zeros([width + 1, width], "float32")  # As many rows as columns could hide a wrong shape.
    targets = np.zeros([width + 1], "int32") if task.classes else outputs
    try:
        metric = keras.metrics.get(given)
        if not isinstance(metric, keras.metrics.Metric):  # A function of targets and outputs.
            metric = keras.metrics.MeanMetricWrapper(metric, name=given if isinstance(given, str) else metric.__name__)
        metric.update_state(targets, outputs)
        metric.reset_state()
    except Exception as error:  # Of Keras, for an unknown name or other shapes; or of the user's own metric.
        kinds = "class indices (batch,) and logits" if task.classes else "numbers (batch, targets) and predictions"
        example = "sparse_top_k_categorical_accuracy" if task.classes else "mean_absolute_error"
        raise OptionError(
            f"Option 'metrics': {short_repr(given)} cannot be computed from {kinds} (batch, {width}): "
            f"{first_line_of(error)}. Use one that can, such as {example}."
        ) from error
    return metric
