"""The examples with the largest loss."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.labels import shortened, wrapped
from keras_rnn_zoo.plotting.pictures import draw_picture
from keras_rnn_zoo.plotting.style import FAINT, RED, new_figure
from keras_rnn_zoo.plotting.subject import Subject, count_of

TEXTS, PICTURES, COLUMNS = 8, 12, 4
"""Number of texts and of other inputs that are shown, and how many of these are side by side."""


@registry.plot(order=9, shows_inputs=True)
def worst_examples(subject: Subject) -> Any:
    """The examples with the largest loss, with what is true and what was predicted."""
    answers, task = subject.answers, subject.task
    order = np.argsort(-answers.losses, kind="stable")[:PICTURES]
    examples = subject.raw_examples(order)
    pictures = {place: task.reader.picture(*task.reader.add_batch_axis(raw)) for place, (raw, _) in examples.items()}
    shown = [
        (
            pictures[place],
            task.describe_target(answers.references[place]),
            subject.predicted(examples[place][0]),
            float(answers.losses[place]),
        )
        for place in order.tolist()
    ]
    draw = _texts if shown[0][0].kind == "text" else _pictures
    figure: Any = draw(subject, shown, count_of(subject, len(answers.losses), "example"))
    return figure


SIDE = 2.0
"""Inches of a column."""
TITLE = "The examples with the largest loss"


def _texts(subject: Subject, shown: list[Any], about: str) -> Any:
    shown = shown[:TEXTS]
    figure = new_figure(TITLE, about, width=7.6, height=0.9 + 0.72 * len(shown))
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(len(shown), 0))
    for row, (picture, truth, predicted, loss) in enumerate(shown):
        axes.text(0.0, row + 0.5, f"{loss:.2g}", va="center", size=10, weight="bold", color=RED)
        axes.text(0.1, row + 0.5, wrapped(picture.content, 58, 4), va="center", size=8)
        axes.text(0.7, row + 0.5, _facts(truth, predicted, 30, 2), va="center", size=8)
        if row:
            axes.axhline(row, color=FAINT, linewidth=0.4)
    return figure


def _pictures(subject: Subject, shown: list[Any], about: str) -> Any:
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    each = max(_height(one[0]) for one in shown)
    figure = new_figure(TITLE, about, width=max(SIDE * columns, 4.4), height=0.7 + (0.55 + each) * rows)
    for axes, one in zip(figure.subplots(rows, columns, squeeze=False).ravel(), [*shown, *[None] * 99], strict=False):
        axes.set(xticks=[], yticks=[])
        axes.set_axis_off()
        if one is not None:
            picture, truth, predicted, loss = one
            draw_picture(axes, picture, subject.task.reader.step_unit, small=True)
            axes.set_title(f"loss {loss:.3g}\n{_facts(truth, predicted, 26, 1)}", size=7, loc="left")
    return figure


def _height(picture: Any) -> float:
    """Returns the inches that a picture needs if it is as wide as a column."""
    if picture.kind != "image":
        return 1.3
    high, wide = picture.content.shape[:2]
    return float(min(SIDE, SIDE * high / wide))


def _facts(truth: str, predicted: str, width: int, lines: int) -> str:
    facts = [("true", truth), ("predicted", predicted)]
    return "\n".join(
        wrapped(f"{what}: {value}", width, lines) if lines > 1 else shortened(f"{what}: {value}", width)
        for what, value in facts
        if value
    )
