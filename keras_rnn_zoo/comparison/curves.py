"""The learning curves of several runs in one figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.atomic_files import atomic_write
from keras_rnn_zoo.plotting.style import epoch_axes, house_style, new_figure, rendered, require_matplotlib
from keras_rnn_zoo.plotting.write import check_format
from keras_rnn_zoo.run import Run


def learning_curves(runs: Sequence[Run]) -> Any:
    """Returns a figure of the validation loss, and another metric that all runs have, by epoch; a line for each run."""
    require_matplotlib()
    common = set.intersection(*(set(run.history.columns) for run in runs))
    metrics = [name.removeprefix("val_") for name in runs[0].history.columns if name.startswith("val_")]
    metrics = [name for name in metrics if f"val_{name}" in common]
    shown = [name for name in metrics if name == "loss"] + [name for name in metrics if name != "loss"][:1]
    with house_style():
        figure = new_figure("How the networks learned", "validation split")
        for axes, name in zip(epoch_axes(figure, shown), shown, strict=True):
            for run in runs:
                axes.plot(run.history["epoch"], run.history[f"val_{name}"], label=run.name, marker="o", markersize=3)
        axes.legend()
    return figure


def check_curves(path: Path) -> None:
    """Raises `PlotError` unless learning curves can be written to a file, so that no comparison is lost to its name."""
    check_format(path.suffix[1:])
    require_matplotlib()


def write_curves(runs: Sequence[Run], path: Path) -> Path:
    """Writes the learning curves to a file, whose extension says the format; raises `PlotError` for another one."""
    check_curves(path)
    content = rendered(learning_curves(runs), path.suffix[1:])
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
    return path
