"""What plots of an input share."""

from keras_rnn_zoo.inspection.inspection import Timeline
from keras_rnn_zoo.plotting.labels import shortened, visible
from keras_rnn_zoo.plotting.subject import Subject

ROOM = 32
"""The number of labels of steps that fit below a plot."""


def fault_of_recurrent(subject: Subject) -> str:
    """Returns why a run has no recurrent layers, or ""."""
    return "" if subject.recurrent_layers else "it has no recurrent layers"


def axis_of(timeline: Timeline) -> str:
    """Returns the label of an axis with the steps of a timeline."""
    unit = {"second": "time"}.get(timeline.unit, timeline.unit)
    where = {"input": "input", "output": "output"}.get(timeline.name.partition("/")[0], "")
    return f"{unit} of the {where}" if where else f"{unit} of {shortened(timeline.name)}"


def step_labels(timeline: Timeline) -> list[str]:
    """Returns the labels of the steps of a timeline."""
    return [visible(label) for label in timeline.labels]
