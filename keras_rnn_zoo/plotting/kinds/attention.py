"""Attention weights."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.plotting.kinds._recurrent import ROOM, axis_of, step_labels
from keras_rnn_zoo.plotting.labels import spread_ticks
from keras_rnn_zoo.plotting.pictures import draw_picture
from keras_rnn_zoo.plotting.style import AMOUNTS, BLUE, heat_map, new_axes, new_figure
from keras_rnn_zoo.plotting.subject import Subject

TILES, COLUMNS = 12, 4
"""Number of steps whose attention over an image is drawn, and how many are side by side."""
TITLE = "Where the network looks"


def _fault(subject: Subject) -> str:
    from keras_rnn_zoo.inspection.recorder import attends

    return "" if any(map(attends, subject.layers)) else "it has no attention"


@registry.plot(order=10, fault=_fault, shows_inputs=True)
def attention(subject: Subject) -> Any:
    """How much each step of the output attends to each step of the input."""
    found = subject.inspection().attention[0]
    if found.weights.ndim == 1:
        return _bars(subject, found)
    return _tiles(subject, found) if found.weights.ndim == 3 else _matrix(subject, found)


def _bars(subject: Subject, found: Any) -> Any:
    timeline = subject.inspection().timelines[found.keys]
    figure = new_figure(TITLE, subject.about_input)
    axes = new_axes(figure, x=axis_of(timeline), y="attention weight", grid="y")
    axes.bar(range(len(found.weights)), found.weights, color=BLUE, width=0.8)
    spread_ticks(axes.xaxis, step_labels(timeline), ROOM, rotation=45)
    return figure


def _matrix(subject: Subject, found: Any) -> Any:
    timelines = subject.inspection().timelines
    queries, keys = timelines[found.queries], timelines.get(found.keys)
    rows, columns = found.weights.shape
    width, height = min(9.0, max(4.2, 2.4 + 0.2 * columns)), min(9.0, max(3.2, 1.6 + 0.2 * rows))
    figure = new_figure(TITLE, subject.about_input, width=width, height=height)
    axes = new_axes(figure, x=axis_of(keys) if keys else "step of the input", y=axis_of(queries), grid="")
    heat_map(figure, axes, found.weights, "attention weight")
    labels = step_labels(keys) if keys else list(map(str, range(1, columns + 1)))
    spread_ticks(axes.xaxis, labels, int((width - 2) * 5), rotation=45)
    spread_ticks(axes.yaxis, step_labels(queries), int((height - 1.4) * 6))
    return figure


def _tiles(subject: Subject, found: Any) -> Any:
    labels = step_labels(subject.inspection().timelines[found.queries])
    count = min(TILES, len(labels))
    rows, picture = -(-count // COLUMNS), subject.picture
    figure = new_figure(TITLE, subject.about_input, width=1.7 * COLUMNS, height=0.7 + 1.8 * rows)
    for step, axes in enumerate(figure.subplots(rows, COLUMNS, squeeze=False).ravel()):
        axes.set_axis_off()
        if step < count:
            draw_picture(axes, picture, "", small=True)
            high, wide = picture.content.shape[:2]
            weights, extent = found.weights[step], (0, wide, high, 0)
            axes.imshow(weights, cmap=AMOUNTS, alpha=0.6, extent=extent, vmin=0, vmax=found.weights.max())
            axes.set_title(labels[step], size=8)
    return figure
