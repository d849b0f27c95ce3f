"""A forecast with its quantiles, after the values that it follows."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.style import BLUE, GRID, INK, RED, new_figure
from keras_rnn_zoo.plotting.subject import Subject

PAST = 4
"""How many times as many past steps as future ones are shown, at most."""
TARGETS = 4


def _fault(subject: Subject) -> str:
    return "" if subject.task.forecasts else "it makes no forecasts"


@registry.plot(order=16, fault=_fault, shows_inputs=True)
def forecast(subject: Subject) -> Any:
    """The past of an input, and its forecast with the band between the lowest and the highest quantile."""
    found = subject.inspection()
    values, levels = found.outputs.values, [float(name) for name in found.outputs.names]
    past = subject.picture.content[-PAST * len(values) :]
    targets = min(values.shape[1], TARGETS)
    figure = new_figure(
        "What comes next", f"{subject.name}, {len(values)} steps", height=1.0 + 2.6 * targets, width=7.2
    )
    steps = np.arange(1, len(values) + 1)
    for column, axes in enumerate(figure.subplots(targets, 1, squeeze=False, sharex=True)[:, 0]):
        axes.plot(np.arange(1 - len(past), 1), past[:, column], color=INK, label="past")
        if len(levels) > 1:
            band = f"from the quantile {levels[0]:g} to {levels[-1]:g}"
            axes.fill_between(
                steps, values[:, column, 0], values[:, column, -1], color=BLUE, alpha=0.2, linewidth=0, label=band
            )
        axes.plot(steps, values[:, column, levels.index(0.5)], color=BLUE, label="median")
        if subject.target is not None:
            axes.plot(steps, subject.target[:, column], color=RED, linewidth=1, linestyle="--", label="what came")
        axes.grid(True, color=GRID)
        axes.set_ylabel("value" if values.shape[1] == 1 else f"target {column + 1}")
    axes.set_xlabel("step, from the last known one")
    figure.axes[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
