"""Texts in plots: shortened, on one line, and with glyphs for every script."""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any

from keras_rnn_zoo.display.printing import one_line

MAX_LABEL, MAX_TICK = 24, 16
"""Maximum number of characters of a label, and of one of many along an axis."""
MAX_ESCAPED = 48
"""Maximum number of characters of a line with escapes, if it was shorter before."""


def shortened(text: str, length: int = MAX_LABEL) -> str:
    """Returns a text on one line, without control characters, cut to a number of characters."""
    line = one_line(text)
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def visible(token: str) -> str:
    """Returns a token as a label: spaces can be seen."""
    line = shortened(token)
    return line.replace(" ", "␣") if line != line.strip() or not line else line


def wrapped(text: str, width: int, lines: int) -> str:
    """Returns a text in up to a number of lines of up to `width` characters."""
    import textwrap

    return "\n".join(textwrap.wrap(one_line(text), width, max_lines=lines, placeholder=" …"))


def spread_ticks(axis: Any, labels: Sequence[str], room: int, *, rotation: int = 0) -> None:
    """Labels the places 0, 1, ... of an axis, evenly thinned out to at most `room` labels.

    Args:
        axis: the axis, `axes.xaxis` or `axes.yaxis`.
        labels: a text for each place.
        room: the number of labels that fit.
        rotation: degrees by which the labels are turned.
    """
    every = max(1, -(-len(labels) // max(room, 1)))
    places = range(0, len(labels), every)
    axis.set_ticks(list(places), [shortened(labels[place], MAX_TICK) for place in places])
    if rotation and max(map(len, labels), default=0) > 2:
        for label in axis.get_ticklabels():
            label.set(rotation=rotation, ha="right", va="center", rotation_mode="anchor")


@contextlib.contextmanager
def with_glyphs(figure: Any) -> Iterator[None]:
    r"""Lets every text of a figure be drawn until the block ends.

    Characters that Matplotlib's font lacks are drawn with an installed font that has them, or else written as escapes,
    such as "\u4eca".
    """
    from matplotlib.text import Text
    from matplotlib.ticker import FuncFormatter

    formatters, families = [], []
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            formatter = axis.get_major_formatter()
            if any(_missing(label.get_text()) for label in axis.get_ticklabels()):
                formatters.append((axis, formatter))
                axis.set_major_formatter(FuncFormatter(functools.partial(_with_escapes, formatter)))
    texts = [text for text in figure.findobj(Text) if _missing(text.get_text())]
    contents = [text.get_text() for text in texts]
    for text in texts:
        families.append(text.get_fontfamily())
        found = [family for family in map(_family_with, _missing(text.get_text())) if family]
        text.set_fontfamily([*text.get_fontfamily(), *dict.fromkeys(found)])
        text.set_text(_escaped(text.get_text()))
    try:
        yield
    finally:
        for text, content, family in zip(texts, contents, families, strict=True):
            text.set_text(content)
            text.set_fontfamily(family)
        for axis, formatter in formatters:
            axis.set_major_formatter(formatter)


def _with_escapes(formatter: Any, value: float, place: int | None = None) -> str:
    """Returns what a formatter writes for a number, with escapes."""
    return _escaped(formatter(value, place))


def _escaped(text: str) -> str:
    """Returns a text with an escape for each character that no font has, in lines that are not much longer."""
    if not any(not _family_with(character) for character in _missing(text)):
        return text
    lines = []
    for line in text.split("\n"):
        hidden = {character for character in _missing(line) if not _family_with(character)}
        written = "".join(
            character.encode("unicode_escape").decode() if character in hidden else character for character in line
        )
        lines.append(shortened(written, max(len(line), MAX_ESCAPED)))
    return "\n".join(lines)


def _missing(text: str) -> list[str]:
    """Returns the characters of a text that Matplotlib's font lacks, sorted."""
    return sorted({character for character in text if ord(character) > 126} - _own_characters())


@functools.cache
def _own_characters() -> frozenset[str]:
    from matplotlib import font_manager

    return _characters(font_manager.findfont("DejaVu Sans"))


@functools.cache
def _characters(path: str) -> frozenset[str]:
    from matplotlib import font_manager

    return frozenset(map(chr, font_manager.get_font(path).get_charmap()))


@functools.cache
def _family_with(character: str) -> str:
    """Returns the name of an installed font that has a character, or "" if none has."""
    from matplotlib import font_manager

    for font in sorted(font_manager.fontManager.ttflist, key=lambda font: (font.weight != 400, font.name, font.fname)):
        try:
            # Matplotlib's font of last resort has a box for every character.
            if font.style == "normal" and "Last Resort" not in font.name and character in _characters(font.fname):
                return str(font.name)
        except (OSError, RuntimeError):  # A font that Matplotlib cannot read, such as one of pictures.
            continue
    return ""
