"""The score of each class."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.kinds._classes import fault_of_classes
from keras_rnn_zoo.plotting.labels import shortened
from keras_rnn_zoo.plotting.style import BLUE, GREEN, RED, new_axes, new_figure
from keras_rnn_zoo.plotting.subject import Subject, count_of

SHOWN = 30
"""Maximum number of classes; of more, those with the lowest scores."""


@registry.plot(order=8, fault=fault_of_classes)
def score_by_class(subject: Subject) -> Any:
    """Precision, recall and F1 of each class, the lowest F1 first."""
    from sklearn import metrics

    verdicts, classes = subject.verdicts, subject.task.classes
    found = verdicts.chosen if subject.task.output_form == "class" else verdicts.chosen > 0.5
    precision, recall, f1, count = metrics.precision_recall_fscore_support(
        verdicts.truth, found, labels=range(len(classes)), zero_division=0
    )
    present = np.flatnonzero(count)
    order = present[np.argsort(f1[present], kind="stable")][:SHOWN]
    title = "How well each class is predicted" if len(order) == len(present) else "The classes with the lowest scores"
    figure = new_figure(
        title, count_of(subject, len(verdicts.truth), "prediction"), height=1.5 + 0.26 * max(len(order), 4)
    )
    axes = new_axes(figure, x="score, from 0 to 1", grid="x")
    places = np.arange(len(order))
    axes.hlines(
        places, np.minimum(precision, recall)[order], np.maximum(precision, recall)[order], color=BLUE, alpha=0.4
    )
    for values, label, color, marker in (
        (precision, "precision", GREEN, "<"),
        (recall, "recall", RED, ">"),
        (f1, "F1", BLUE, "o"),
    ):
        axes.plot(values[order], places, linestyle="", marker=marker, color=color, label=label, markersize=6)
    axes.set_yticks(places, [f"{shortened(classes[index])} ({count[index]:,})" for index in order])
    axes.set(xlim=(-0.02, 1.02), ylim=(len(order) - 0.5, -0.5))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
