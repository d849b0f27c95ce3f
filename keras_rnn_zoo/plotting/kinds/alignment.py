"""A transcript, aligned with its recording or its line of handwriting."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.plotting.labels import visible
from keras_rnn_zoo.plotting.pictures import draw_picture
from keras_rnn_zoo.plotting.style import COLORS, INK, new_figure
from keras_rnn_zoo.plotting.subject import Subject


def _fault(subject: Subject) -> str:
    return "" if subject.task.aligns else "it writes no transcript of its input"


@registry.plot(order=13, fault=_fault, shows_inputs=True)
def alignment(subject: Subject) -> Any:
    """The input with the tokens of its transcript where they were read, and the probability of each token there."""
    found = subject.inspection()
    outputs, unit = found.outputs, found.timelines["input"].unit
    timeline = found.timelines[outputs.timeline]
    figure = new_figure("Where the transcript was read", f"{subject.name}: {found.summary}", width=8.0, height=4.2)
    picture, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1.4))
    draw_picture(picture, subject.picture, unit)
    picture.set_xlabel("")
    length = subject.picture.length or float(timeline.ends[-1])
    scale = length / float(found.timelines["input"].ends[-1])
    middles = scale * (timeline.starts + timeline.ends) / 2
    colors: dict[str, str] = {}
    for part in found.alignment:
        color = colors.setdefault(part.text, COLORS[len(colors) % len(COLORS)])
        start, end = scale * timeline.starts[part.start], scale * timeline.ends[part.end - 1]
        picture.axvspan(start, end, color=color, alpha=0.35, linewidth=0)
        below.axvspan(start, end, color=color, alpha=0.15, linewidth=0)
        picture.text((start + end) / 2, 1.02, visible(part.text), transform=picture.get_xaxis_transform(), ha="center")
    for text, color in colors.items():
        below.plot(middles, outputs.values[:, outputs.names.index(text)], color=color, linewidth=1.2)
    below.plot(middles, outputs.values[:, 0], color=INK, linewidth=0.8, linestyle=":", label="blank")
    below.set(ylim=(0, 1.02), xlim=(0, length), ylabel="probability", xlabel=f"{_axis(unit)} ({unit}s)")
    below.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _axis(unit: str) -> str:
    return "time" if unit == "second" else "place"
