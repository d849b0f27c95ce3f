"""Precision-recall curves of classes."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.plotting.kinds._classes import each_class, fault_of_classes
from keras_rnn_zoo.plotting.kinds._curves import Curve, draw_curves
from keras_rnn_zoo.plotting.subject import Subject


@registry.plot(order=4, fault=fault_of_classes)
def precision_recall(subject: Subject) -> Any:
    """The share of predictions of a class that are right, against the share of it that is found, at every threshold."""
    from sklearn import metrics

    curves = []
    for name, truth, probabilities in each_class(subject):
        precision, recall, _ = metrics.precision_recall_curve(truth, probabilities)
        area = float(metrics.average_precision_score(truth, probabilities))
        curves.append(Curve(name, recall, precision, area, steps=True))
    figure, _ = draw_curves(
        subject,
        curves,
        title="How many predictions of a class are right",
        x="recall: share of the class that is found",
        y="precision: share of its predictions that are right",
        area="average precision",
    )
    return figure
