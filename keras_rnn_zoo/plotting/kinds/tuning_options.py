"""The results of a search of options by the value of each option."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.plotting.kinds._searches import about_search, completed, fault_of_search, monitor_of
from keras_rnn_zoo.plotting.labels import shortened
from keras_rnn_zoo.plotting.style import BLUE, RED, new_figure
from keras_rnn_zoo.plotting.subject import Subject

SHOWN, COLUMNS = 12, 3
"""Maximum number of options, those that matter most; and how many are side by side."""


@registry.plot(order=18, fault=fault_of_search)
def tuning_options(subject: Subject) -> Any:
    """The result of each trial of a search of options, by the value that each option had in it."""
    done, importance = completed(subject), subject.search.importance
    names = sorted({name for row in done for name in row["options"]}, key=lambda name: (-importance.get(name, 0), name))
    names = names[:SHOWN]
    rows = -(-len(names) // COLUMNS)
    title = "What each option does" if len(names) < SHOWN else "What the options that matter most do"
    figure = new_figure(title, about_search(subject), width=8.0, height=0.8 + 1.9 * rows)
    grid = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True)
    best = subject.search.direction == "maximize"
    chosen = (max if best else min)(done, key=lambda row: row["value"])
    for axes, name in zip(grid.flat, names, strict=False):
        rows_of = [row for row in done if name in row["options"]]
        _draw(axes, name, rows_of, chosen, logarithmic=name in subject.search.logarithmic)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for line in grid:
        line[0].set_ylabel(monitor_of(subject))
    return figure


def _draw(axes: Any, name: str, rows: Sequence[dict[str, Any]], chosen: dict[str, Any], *, logarithmic: bool) -> None:
    """Draws the results by one option, with the best trial in another color."""
    from matplotlib.ticker import LogLocator, NullLocator

    values = [row["options"][name] for row in rows]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    places: list[Any] = values
    if not numbers:
        labels = sorted({str(value).lower() for value in values})
        places = [labels.index(str(value).lower()) for value in values]
        axes.set_xticks(range(len(labels)), [shortened(label, 10) for label in labels], rotation=35, ha="right")
        axes.set_xlim(-0.5, len(labels) - 0.5)
    elif logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=5))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_locator(NullLocator())
    elif all(isinstance(value, int) for value in values):
        axes.xaxis.get_major_locator().set_params(integer=True)
    axes.plot(places, [row["value"] for row in rows], color=BLUE, linestyle="", marker="o", markersize=3.5)
    for place, row in zip(places, rows, strict=True):
        if row is chosen:
            axes.plot([place], [row["value"]], color=RED, marker="o", markersize=6)
    axes.set_xlabel(name)
    axes.grid(True)
