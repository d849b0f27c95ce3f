"""Scores of groups of examples, as bars with the number of examples in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.labels import shortened
from keras_rnn_zoo.plotting.style import BLUE, FAINT, new_axes, new_figure
from keras_rnn_zoo.plotting.subject import Subject

GROUPS = 8
"""Maximum number of groups."""


@dataclass(frozen=True)
class Group:
    """Some of the examples.

    Attributes:
        label: what they have in common.
        score: their score.
        count: how many there are.
    """

    label: str
    score: float
    count: int


def edges_of(values: Any) -> Any:
    """Returns ascending edges that divide numbers into groups of about the same size, the first and last included."""
    finite = values[np.isfinite(values)]
    shares = np.linspace(0, 1, min(GROUPS, len(finite)) + 1)
    return np.unique(np.quantile(finite, shares, method="nearest"))


def members(values: Any, edges: Any) -> list[Any]:
    """Returns the places of the numbers in each group between two edges; the last group has its upper edge."""
    if len(edges) == 1:
        return [np.flatnonzero(values == edges[0])]
    upper = [*edges[1:-1], np.inf]
    groups = [
        (low <= values) & (values < high) & np.isfinite(values) for low, high in zip(edges[:-1], upper, strict=True)
    ]
    return [np.flatnonzero(group) for group in groups]


def range_labels(edges: Any, values: Any) -> list[str]:
    """Returns what the numbers of each group are, such as "5-9"."""
    labels = []
    for places in members(values, edges):
        low, high = (float(one) for one in (values[places].min(), values[places].max())) if len(places) else (0.0, 0.0)
        labels.append(_number(low) if low == high else f"{_number(low)}\u2013{_number(high)}")
    return labels


def _number(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:.3g}"


def draw_groups(
    subject: Subject, groups: Sequence[Group], *, title: str, x: str, y: str, noun: str, subtitle: str = ""
) -> Any:
    """Draws the scores of groups as bars; returns the figure.

    Args:
        subject: what they are of.
        groups: the groups, in order.
        title: the title.
        x: what the labels are.
        y: what the scores are.
        noun: what is counted, in the plural.
        subtitle: what follows in the line below the title.
    """
    about = f"{subject.about_split}{subtitle}; numbers of {noun} below the bars"
    figure = new_figure(title, about, width=max(5.6, 1.2 + 0.75 * len(groups)))
    axes = new_axes(figure, x=x, y=y, grid="y")
    axes.bar(range(len(groups)), [group.score for group in groups], color=BLUE, width=0.7)
    labels = [f"{shortened(group.label, 14)}\n({group.count:,})" for group in groups]
    axes.set_xticks(range(len(groups)), labels)
    axes.tick_params(axis="x", length=0)
    scores = [group.score for group in groups]
    spread = (max(scores) - min(0.0, *scores)) or 1.0
    for place, group in enumerate(groups):
        axes.text(place, group.score + 0.012 * spread, f"{group.score:.3g}", ha="center", color=FAINT, size=8)
    axes.margins(y=0.1)
    return figure


def score_groups(subject: Subject, labels: Sequence[str], groups: Sequence[Any], metric: str) -> list[Group]:
    """Returns the groups of examples that have any, scored as the task scores a split.

    Args:
        subject: what they are of.
        labels: what each group is called.
        groups: the places of the examples in each.
        metric: the metric.
    """
    found = []
    for label, places in zip(labels, groups, strict=True):
        if len(places):
            scores, _ = subject.answers.scored(subject.task, places)
            if metric in scores and np.isfinite(scores[metric]):
                found.append(Group(label, scores[metric], len(places)))
    return found
