"""Label smoothing: in training, the true class is only almost certain."""

from typing import Any

from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.tasks.task import Task


def smooth_labels(model: Any, task: Task, smoothing: float) -> None:
    """Makes a compiled model train with smoothed labels (Szegedy et al. 2016, section 7); validation stays as it is.

    Args:
        model: the model.
        task: its task.
        smoothing: the probability that is shared equally among all classes.

    Raises:
        OptionError: the task, with its options, has no loss with smoothed labels.
    """
    smoothed, unsmoothed = task.smoothed_loss(smoothing), model.compute_loss
    if smoothed is None:
        raise OptionError(
            f"Option 'label_smoothing' applies to a loss with one class per prediction; received {smoothing:g} for one "
            "without, as with crf=true or several classes at once. Omit it."
        )

    def compute_loss(
        x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        if not training:
            return unsmoothed(x, y, y_pred, sample_weight, training=False)
        return sum(model.losses, smoothed(y, y_pred, sample_weight))

    model.compute_loss = compute_loss
