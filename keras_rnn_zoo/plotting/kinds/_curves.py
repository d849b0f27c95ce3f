"""Curves of classes from 0 to 1, with the area under each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.plotting.kinds._classes import MAX_CURVES
from keras_rnn_zoo.plotting.labels import shortened
from keras_rnn_zoo.plotting.style import COLORS, GRID, new_axes, new_figure
from keras_rnn_zoo.plotting.subject import Subject, count_of


@dataclass(frozen=True)
class Curve:
    """A curve of a class.

    Attributes:
        name: the name of the class.
        x: float `(points,)`.
        y: float `(points,)`.
        area: the number that stands for the curve.
        steps: whether the curve is a staircase.
    """

    name: str
    x: Any
    y: Any
    area: float
    steps: bool = False


def draw_curves(subject: Subject, curves: Sequence[Curve], *, title: str, x: str, y: str, area: str) -> tuple[Any, Any]:
    """Draws curves; of many classes, those with the smallest area in color and the others in gray.

    Args:
        subject: what they are of.
        curves: the curves.
        title: the title.
        x: the label of the horizontal axis.
        y: the label of the vertical axis.
        area: what the areas are.

    Returns:
        The figure and its axes.
    """
    worst = sorted(curves, key=lambda curve: curve.area)[:MAX_CURVES]
    figure = new_figure(title, count_of(subject, len(subject.verdicts.truth), "prediction"), height=4.4)
    axes = new_axes(figure, x=x, y=y)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    colors = iter(COLORS)
    for curve in curves:
        colored = curve in worst
        style = {"drawstyle": "steps-post"} if curve.steps else {}
        color = next(colors) if colored else GRID
        label = f"{shortened(curve.name)}: {curve.area:.3f}" if colored else None
        axes.plot(curve.x, curve.y, color=color, label=label, zorder=3 if colored else 2, **style)
    mean = sum(curve.area for curve in curves) / len(curves)
    head = f"{area}\n(mean of {len(curves)} classes: {mean:.3f})" if len(curves) > 1 else area
    if len(curves) > len(worst):
        head += f"\n{len(worst)} classes with the smallest"
    legend = axes.legend(title=head, loc="upper left", bbox_to_anchor=(1.0, 1.0), alignment="left")
    legend.get_title().set_fontsize(8)
    return figure, axes
