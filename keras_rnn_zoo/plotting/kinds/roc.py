"""ROC curves of classes."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.plotting.kinds._classes import each_class, fault_of_classes
from keras_rnn_zoo.plotting.kinds._curves import Curve, draw_curves
from keras_rnn_zoo.plotting.style import FAINT
from keras_rnn_zoo.plotting.subject import Subject


@registry.plot(order=3, fault=fault_of_classes)
def roc(subject: Subject) -> Any:
    """The share of a class that is found, against the share of other classes taken for it, at every threshold."""
    from sklearn import metrics

    curves = []
    for name, truth, probabilities in each_class(subject):
        wrong, right, _ = metrics.roc_curve(truth, probabilities)
        curves.append(Curve(name, wrong, right, float(metrics.roc_auc_score(truth, probabilities))))
    figure, axes = draw_curves(
        subject,
        curves,
        title="How well each class is told from the others",
        x="share of other classes taken for it",
        y="share of the class that is found",
        area="area under the curve",
    )
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=":")
    return figure
