"""The hidden states of the recurrent layers over time."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.kinds._recurrent import ROOM, axis_of, fault_of_recurrent, step_labels
from keras_rnn_zoo.plotting.labels import shortened, spread_ticks
from keras_rnn_zoo.plotting.style import heat_map, new_figure
from keras_rnn_zoo.plotting.subject import Subject

LAYERS = 4
"""Maximum number of layers that are drawn: the last ones."""


@registry.plot(order=11, fault=fault_of_recurrent, shows_inputs=True)
def hidden_states(subject: Subject) -> Any:
    """The state of each unit of the recurrent layers after each step of an input."""
    found = subject.inspection()
    layers = found.layers[-LAYERS:]
    figure = new_figure("How the state moves through time", subject.about_input, height=0.9 + 2.2 * len(layers))
    for axes, layer in zip(figure.subplots(len(layers), 1, squeeze=False)[:, 0], layers, strict=True):
        values = next(iter(layer.states.values()))
        timeline = found.timelines[layer.timeline]
        heat_map(figure, axes, by_peak(values).T, "state", signed=True)
        what = f"{layer.name}, {layer.direction}" + (
            f", sequence {layer.sequence}" if layer.sequence is not None else ""
        )
        axes.set_title(shortened(what, 60), loc="left", size=8)
        axes.set(xlabel=axis_of(timeline), ylabel=f"{values.shape[1]} units")
        axes.set_yticks([])
        spread_ticks(axes.xaxis, step_labels(timeline)[: len(values)], ROOM, rotation=45)
    return figure


def by_peak(values: Any) -> Any:
    """Returns states `(steps, units)` with the units in the order in which they are strongest, for patterns to show."""
    return values[:, np.argsort(np.abs(values).argmax(axis=0), kind="stable")]
