"""The norm of the gradient by distance: how far back a prediction looks."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import NoPlotError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.kinds._recurrent import fault_of_recurrent
from keras_rnn_zoo.plotting.style import BLUE, new_axes, new_figure
from keras_rnn_zoo.plotting.subject import Subject


def _fault(subject: Subject) -> str:
    reader = subject.task.reader
    if not (reader.variable or reader.slides):
        return "its input has no steps in time"
    return fault_of_recurrent(subject)


@registry.plot(order=12, fault=_fault, shows_inputs=True)
def gradient_norm(subject: Subject) -> Any:
    """The norm of the gradient of a prediction with respect to each step of its input, by the distance of the step.

    Of outputs with a prediction for each step of the input, it is the last one.
    """
    found = subject.inspection(_last_step(subject), importance=True)
    if found.importance is None:
        raise NoPlotError("its input has no steps with features to take gradients of")
    timeline, norms = found.timelines["input"], found.importance.gradient_norms
    distance = timeline.ends[-1] - timeline.ends
    positive = norms > 0
    if not positive.any():
        raise NoPlotError("the prediction does not depend on any step of the input")
    figure = new_figure("How far back the prediction looks", f"{subject.name}: {found.importance.of}")
    axes = new_axes(
        figure, x=f"distance of the step from the end of the input ({timeline.unit}s)", y="norm of the gradient"
    )
    if positive.sum() > 1 and norms.max() > 20 * norms[positive].min():
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter("")
    axes.plot(distance[positive], norms[positive], color=BLUE, marker="o", markersize=3)
    axes.invert_xaxis()
    return figure


def _last_step(subject: Subject) -> int | None:
    """Returns which step of the output to explain: the last one, if it has the steps of the input."""
    outputs = subject.inspection().outputs
    if outputs is None or outputs.of != "steps" or not outputs.timeline.startswith("input"):
        return None
    if subject.task.aligns:
        count = len(subject.inspection().alignment)
        return count - 1 if count else None
    return int(np.max(outputs.steps))
