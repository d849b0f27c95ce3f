"""Residuals: what is predicted against what is true, for numbers."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.labels import shortened
from keras_rnn_zoo.plotting.style import BLUE, COLORS, FAINT, GRID, new_figure
from keras_rnn_zoo.plotting.subject import Subject, count_of

POINTS, TARGETS, BINS = 4000, 6, 40
"""Maximum number of points and of targets that are drawn, and the bars of the histogram."""


def _fault(subject: Subject) -> str:
    task = subject.task
    return "" if task.judges_outputs and task.output_form == "numbers" else "it predicts no numbers"


@registry.plot(order=15, fault=_fault)
def residuals(subject: Subject) -> Any:
    """Predicted numbers against true ones, and how far they are apart."""
    truth, predicted = subject.verdicts.truth, subject.verdicts.values
    figure = new_figure(
        "How far predictions are from the truth", count_of(subject, len(truth), "prediction"), width=7.6
    )
    axes, beside = figure.subplots(1, 2, width_ratios=(1.2, 1))
    names, several = names_of(subject), truth.shape[1] > 1
    low, high = float(np.nanmin(truth)), float(np.nanmax(truth))
    axes.plot([low, high], [low, high], color=FAINT, linewidth=1, linestyle=":", zorder=3)
    every = max(1, -(-len(truth) // POINTS))
    errors = predicted - truth
    limit = float(np.nanmax(np.abs(errors))) or 1.0
    for column, color in zip(range(truth.shape[1]), COLORS, strict=False):
        label = shortened(names[column]) if several else None
        axes.scatter(
            truth[::every, column],
            predicted[::every, column],
            s=7,
            rasterized=True,
            color=color,
            alpha=0.5,
            linewidth=0,
            label=label,
        )
        present = errors[np.isfinite(errors[:, column]), column]
        style = {"histtype": "step"} if several else {"color": BLUE}
        beside.hist(present, bins=BINS, range=(-limit, limit), **{**style, "edgecolor": color} if several else style)
    axes.set(xlabel="true value", ylabel="predicted value")
    beside.set(xlabel="predicted minus true value", ylabel="number of predictions")
    beside.axvline(0, color=FAINT, linewidth=1, linestyle=":")
    for one in (axes, beside):
        one.grid(True, color=GRID)
    if several:
        axes.legend()
    return figure


def names_of(subject: Subject) -> list[str]:
    """Returns the names of the targets; their numbers if they have none, as the outputs of a forecast."""
    names, count = subject.task.output_names(), subject.verdicts.truth.shape[1]
    return (
        list(names)
        if len(names) == count and not subject.task.forecasts
        else [f"target {n}" for n in range(1, count + 1)]
    )
