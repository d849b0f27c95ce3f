"""Confusion matrix: how often each class is taken for each other one."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.labels import shortened, spread_ticks
from keras_rnn_zoo.plotting.style import BLUE, heat_map, new_axes, new_figure
from keras_rnn_zoo.plotting.subject import Subject

CELLS, PAIRS = 25, 20
"""The largest number of classes whose matrix is drawn, and the number of pairs that are drawn of more."""


def _fault(subject: Subject) -> str:
    known = subject.run.measured
    return "" if "confusion_matrix" in known or "confusions" in known else "its metrics have no confusion matrix"


@registry.plot(order=2, fault=_fault)
def confusion_matrix(subject: Subject) -> Any:
    """How often examples of each class are predicted as each other class; of many classes, the largest confusions."""
    matrix = subject.report.get("confusion_matrix")
    if matrix and len(matrix["labels"]) <= CELLS:
        return _matrix(subject, matrix)
    return _pairs(subject, confusions_of(subject.report))


def confusions_of(report: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Returns the true class, the predicted class and the number of each confusion of a report, largest first."""
    if "confusions" in report:
        return [(pair["true"], pair["predicted"], pair["examples"]) for pair in report["confusions"]]
    matrix = report["confusion_matrix"]
    pairs = [
        (true, predicted, count)
        for true, row in zip(matrix["labels"], matrix["rows"], strict=True)
        for predicted, count in zip(matrix["labels"], row, strict=True)
        if count and true != predicted
    ]
    return sorted(pairs, key=lambda pair: -pair[2])


def _matrix(subject: Subject, matrix: Mapping[str, Any]) -> Any:
    labels, counts = matrix["labels"], np.asarray(matrix["rows"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = max(3.2, 1.2 + 0.34 * len(labels))
    figure = new_figure("Which classes are taken for which", subject.about_split, width=size + 2.2, height=size + 0.9)
    axes = new_axes(figure, x="predicted class", y="true class", grid="")
    heat_map(figure, axes, shares, "share of the true class", vmax=1.0, aspect="equal")
    spread_ticks(axes.xaxis, labels, CELLS, rotation=45 if max(map(len, labels)) > 3 else 0)
    spread_ticks(axes.yaxis, labels, CELLS)
    axes.tick_params(length=0)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            color = "white" if shares[row, column] > 0.6 else "black"
            axes.text(
                column, row, f"{count:,}", ha="center", va="center", color=color, size=8 if len(labels) < 15 else 6
            )
    return figure


def _pairs(subject: Subject, pairs: list[tuple[str, str, int]]) -> Any:
    shown = pairs[:PAIRS]
    figure = new_figure("Which classes are most often confused", subject.about_split, height=1.4 + 0.22 * len(shown))
    axes = new_axes(figure, x="number of confusions", grid="x")
    names = [f"{shortened(true)} as {shortened(predicted)}" for true, predicted, _ in shown]
    axes.barh(range(len(shown)), [count for *_, count in shown], color=BLUE, height=0.7)
    axes.set_yticks(range(len(shown)), names)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if not shown:
        axes.text(0.5, 0.5, "No confusions", transform=axes.transAxes, ha="center")
    return figure
