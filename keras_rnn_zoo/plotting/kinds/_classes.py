"""What plots of classes share."""

from collections.abc import Iterator
from typing import Any

from keras_rnn_zoo.errors import NoPlotError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.subject import Subject

MAX_CURVES = 6
"""Maximum number of classes that have a curve of their own in a plot; of more, the worst."""


def fault_of_classes(subject: Subject) -> str:
    """Returns why a run does not predict classes with probabilities, or ""."""
    task = subject.task
    if task.output_form == "numbers":
        return "it predicts numbers, not classes"
    return "" if task.judges_outputs and task.classes else "its predictions are texts, not classes"


def each_class(subject: Subject) -> Iterator[tuple[str, Any, Any]]:
    """Yields the name of each class, which examples have it, and its probabilities, `(scored,)`.

    A class that none or all of the examples have is left out, and of two classes the first.

    Raises:
        NoPlotError: all examples have the same class, or there are too many classes to compare their probabilities.
    """
    task, verdicts = subject.task, subject.verdicts
    count = len(task.classes)
    if verdicts.values.shape[1] != count:
        raise NoPlotError(f"it has {count:,} classes, too many to compare the probabilities of each")
    truth = verdicts.truth if verdicts.truth.ndim == 2 else verdicts.truth[:, None] == np.arange(count)
    found = 0
    for index, name in enumerate(task.classes):
        own = truth[:, index].astype(bool)
        if own.any() and not own.all() and not (task.output_form == "class" and count == 2 and index == 0):
            found += 1
            yield name, own, verdicts.values[:, index]
    if not found:
        raise NoPlotError(f"all examples of the {subject.split} split have the same class")
