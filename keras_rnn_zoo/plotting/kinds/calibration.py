"""Calibration: whether probabilities are as high as predictions are right."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.style import BLUE, FAINT, GRID, new_figure
from keras_rnn_zoo.plotting.subject import Subject, count_of

BINS = 10


def _fault(subject: Subject) -> str:
    if subject.task.output_form == "numbers":
        return "" if "below_quantile" in subject.run.measured else "it predicts numbers without probabilities"
    return "" if subject.task.judges_outputs else "it predicts no probabilities of what its targets say"


@registry.plot(order=5, fault=_fault)
def calibration(subject: Subject) -> Any:
    """How often predictions are right, against how likely the network says they are."""
    if subject.task.output_form == "numbers":
        return _of_quantiles(subject)
    from sklearn.calibration import calibration_curve

    confidence, right = confidences_of(subject)
    shares, means = calibration_curve(right, confidence, n_bins=BINS)
    counts, edges = np.histogram(confidence, bins=BINS, range=(0, 1))
    error = float(np.sum(counts[counts > 0] / counts.sum() * np.abs(shares - means)))
    figure = new_figure(
        f"Predictions are off from their probability by {error:.1%} on average",
        count_of(subject, len(right), "prediction"),
        height=4.8,
    )
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    _diagonal(axes)
    axes.plot(means, shares, color=BLUE, marker="o", markersize=5)
    axes.set_ylabel("share that is right")
    below.bar(edges[:-1], counts, width=0.095, align="edge", color=BLUE)
    below.set_xlabel("probability that the network gives")
    below.set_ylabel("number")
    below.grid(True, axis="y", color=GRID)
    return figure


def confidences_of(subject: Subject) -> tuple[Any, Any]:
    """Returns the probability of each prediction, and whether it is right; of labels, each is a prediction."""
    verdicts = subject.verdicts
    if subject.task.output_form == "labels":
        return verdicts.values.ravel().astype("float64"), verdicts.truth.ravel().astype(bool)
    return verdicts.values.max(axis=1).astype("float64"), verdicts.chosen == verdicts.truth


def _diagonal(axes: Any) -> None:
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=":", label="as likely as it says")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.grid(True, color=GRID)
    axes.legend(loc="upper left")


def _of_quantiles(subject: Subject) -> Any:
    below = subject.report["below_quantile"]
    figure = new_figure("How many values lie below each quantile", subject.about_split)
    axes = figure.add_subplot()
    _diagonal(axes)
    axes.plot(list(map(float, below)), list(below.values()), color=BLUE, marker="o", markersize=5)
    axes.set_xlabel("level of the quantile")
    axes.set_ylabel("share of values below it")
    return figure
