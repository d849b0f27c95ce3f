"""Small plots on a terminal: learning curves and confusion matrices. Nothing is drawn elsewhere."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo.display.printing import one_line

BLOCKS = "▁▂▃▄▅▆▇█"
POINTS, CLASSES = 40, 12
"""Maximum number of points of a curve, and of classes whose matrix fits on a terminal."""
TRAINING, VALIDATION = "#0072B2", "#D55E00"


def can_draw(quiet: bool) -> bool:
    """Returns whether to draw: standard output is a terminal, and the user wants more than the result."""
    return not quiet and sys.stdout.isatty()


def draw_curves(rows: Sequence[Mapping[str, float]]) -> None:
    """Draws the loss and the main metric of each epoch, on the training and the validation split.

    Args:
        rows: the history: loss and metrics of each epoch by name.
    """
    from rich.table import Table
    from rich.text import Text

    names = [name for name in rows[0] if f"val_{name}" in rows[0]] if len(rows) > 1 else []
    grid = Table.grid(padding=(0, 2))
    for name in names[:2]:
        pairs = [("training", name, TRAINING), ("validation", f"val_{name}", VALIDATION)]
        curves = {column: [row[column] for row in rows] for _, column, _ in pairs}
        finite = [value for curve in curves.values() for value in curve if math.isfinite(value)]
        for title, column, color in pairs:
            line = sparkline(curves[column], min(finite, default=0.0), max(finite, default=0.0))
            ends = f"{curves[column][0]:.4g} to {curves[column][-1]:.4g}"
            grid.add_row(one_line(name) if title == "training" else "", title, Text(line, style=color), ends)
    if names:
        _print(grid)


def sparkline(values: Sequence[float], low: float, high: float) -> str:
    """Returns numbers as a line of blocks, the lowest one for `low`; a gap for a number that is not finite."""
    every = -(-len(values) // POINTS)
    shown = [*values[:-1:every], values[-1]]
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[round((value - low) * scale)] if math.isfinite(value) else " " for value in shown)


def draw_matrix(matrix: Mapping[str, Any]) -> bool:
    """Draws a confusion matrix, in darker cells the larger their share of the true class.

    Args:
        matrix: its `"labels"` and `"rows"` of counts.

    Returns:
        Whether it was drawn: of many classes it is not.
    """
    from rich.table import Table
    from rich.text import Text

    labels, rows = [one_line(label) for label in matrix["labels"]], matrix["rows"]
    if len(labels) > CLASSES:
        return False
    table = Table("true \\ predicted", title="confusion matrix", title_justify="left")
    for label in labels:
        table.add_column(Text(label), justify="right")
    for label, counts in zip(labels, rows, strict=True):
        total = max(sum(counts), 1)
        table.add_row(Text(label), *(Text(f"{count:,}", style=_shade(count / total)) for count in counts))
    _print(table)
    return True


def _shade(share: float) -> str:
    """Returns the style of a cell, from white to blue."""
    color = "#{:02x}{:02x}{:02x}".format(*(round(255 + share * (end - 255)) for end in (0, 114, 178)))
    return f"{'white' if share > 0.5 else 'black'} on {color}"


def _print(renderable: Any) -> None:
    from rich.console import Console

    Console(file=sys.stdout, highlight=False, markup=False, emoji=False).print(renderable)
