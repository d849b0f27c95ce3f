"""The architectures: what each reads, remembers, and writes, with what a trained network of the zoo answers.

    python docs/_site/figures/architectures.py    # writes docs/assets/architectures.svg, the picture of the README

The answers in architectures.json are those of the networks; a test asks them again.
"""

import html
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[3]
FILE = ROOT / "docs" / "assets" / "architectures.svg"
ANSWERS = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
SHIPPED = ROOT / "keras_rnn_zoo" / "networks" / "shipped"
WIDTH, HEIGHT = 264, 132
SHAPES = {
    "one_to_one": (1, (0,), (0,)),
    "one_to_many": (4, (0,), (0, 1, 2, 3)),
    "many_to_one": (4, (0, 1, 2, 3), (3,)),
    "many_to_many": (6, (0, 1, 2), (3, 4, 5)),
    "sync_many_to_many": (4, (0, 1, 2, 3), (0, 1, 2, 3)),
    "ctc": (6, (0, 1, 2, 3, 4, 5), (1, 3, 4)),
}
"""For each architecture, the number of steps, those that are read, and those that are written."""
COLORS = {"read": "#0a64a0", "state": "#c05800", "write": "#0a7a57", "ink": "#1b2430", "faint": "#56616e"}
SOFT = {"read": "#dcecf7", "state": "#fbe8d6", "write": "#d9f0e6"}
TOP, MIDDLE, BOTTOM, GAP = 22, 66, 110, 40


def color(name: str) -> str:
    """Returns a color that follows the scheme of a page, and is that of the light one elsewhere."""
    return f"var(--zoo-{name}, {COLORS[name]})"


def panel(architecture: str) -> str:
    """Returns the drawing of an architecture, `WIDTH` by `HEIGHT`."""
    steps, read, written = SHAPES[architecture]
    left = WIDTH / 2 - GAP * (steps - 1) / 2
    parts = []
    for step in range(steps):
        x = left + GAP * step
        if step:
            parts.append(_arrow(x - GAP + 12, MIDDLE, x - 12, MIDDLE, "state"))
        if step in read:
            parts += [_box(x, BOTTOM, "read"), _arrow(x, BOTTOM - 11, x, MIDDLE + 13, "read")]
        if step in written:
            parts += [_box(x, TOP, "write"), _arrow(x, MIDDLE - 12, x, TOP + 13, "write")]
        parts.append(
            f'<circle cx="{x:g}" cy="{MIDDLE}" r="11" fill="var(--zoo-state-soft, {SOFT["state"]})" '
            f'stroke="{color("state")}" stroke-width="1.6"/>'
        )
    return "".join(parts)


def _box(x: float, y: float, role: str) -> str:
    return (
        f'<rect x="{x - 10:g}" y="{y - 10:g}" width="20" height="20" rx="4" '
        f'fill="var(--zoo-{role}-soft, {SOFT[role]})" stroke="{color(role)}" stroke-width="1.6"/>'
    )


def _arrow(x1: float, y1: float, x2: float, y2: float, role: str) -> str:
    across = abs(y2 - y1) < 1
    head = (
        f"M{x2 - 5:g} {y2 - 3.5:g}L{x2:g} {y2:g}l-5 3.5" if across else f"M{x2 - 3.5:g} {y2 + 5:g}L{x2:g} {y2:g}l3.5 5"
    )
    return f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}{head}" fill="none" stroke="{color(role)}" stroke-width="1.6"/>'


def picture(network: str, x: float, y: float, height: float) -> tuple[str, float]:
    """Returns the example image of a network as rectangles, since pictures in pictures are not shown everywhere.

    Returns:
        The rectangles, and the width of the picture.
    """
    image = Image.open(SHIPPED / network / "example" / "input.png").convert("RGB")
    pixels = np.asarray(image) // 32 * 36
    scale = height / len(pixels)
    parts = []
    for row, line in enumerate(pixels):
        starts = [0, *(np.flatnonzero((line[1:] != line[:-1]).any(axis=-1)) + 1), len(line)]
        for start, end in itertools.pairwise(starts):
            fill = "#{:02x}{:02x}{:02x}".format(*line[start])
            parts.append(f'<path fill="{fill}" d="M{start} {row}h{end - start}v1h-{end - start}z"/>')
    width = pixels.shape[1] * scale
    return (
        f'<g shape-rendering="crispEdges" transform="translate({x:g} {y:g}) scale({scale:g})">{"".join(parts)}</g>',
        width,
    )


def html_cards() -> str:
    """Returns the architectures as a list of cards for a page of the site: one beside another, or one below another."""
    return f'<ul class="zoo-cards">{"".join(map(_card, ANSWERS))}</ul>'


def _card(answer: dict[str, Any]) -> str:
    name = answer["architecture"]
    drawn = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{panel(name)}</svg>'
    if "picture" in answer:
        pixels, width = picture(answer["picture"], 0, 0, 36)
        label = html.escape(answer["given"])
        given = (
            f'<svg viewBox="0 0 {width:g} 36" style="width:{width:g}px" role="img" aria-label="{label}">{pixels}</svg>'
        )
    else:
        given = html.escape(answer["given"])
    return (
        f'<li>{drawn}<p><strong><a href="reference/architectures/#{name}">{answer["title"]}</a></strong></p>'
        f'<p>{answer["job"]}</p><div class="zoo-given">{given}</div>'
        f'<p class="zoo-answer">→ {html.escape(answer["answer"])}</p></li>'
    )


def draw() -> str:
    """Returns all architectures as one SVG with its own colors, for pages without the site's style sheet."""
    columns, wide, high = 3, 300, 254
    cells = []
    for index, answer in enumerate(ANSWERS):
        x, y = 10 + index % columns * wide, 10 + index // columns * high
        cells.append(f'<g transform="translate({x} {y})">{_cell(answer, wide - 10, high - 10)}</g>')
    title = "What each architecture reads (blue), remembers (orange), and writes (green), with an answer"
    width, height = 10 + columns * wide, 10 + len(ANSWERS) // columns * high
    font = "font-family=\"system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif\""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {font} font-size="13">'
        f"<title>{title}</title>"
        f'<rect width="{width}" height="{height}" rx="12" fill="#f4f6f5"/>{"".join(cells)}</svg>\n'
    )


def _cell(answer: dict[str, Any], width: float, height: float) -> str:
    text = [
        f'<rect width="{width}" height="{height}" rx="10" fill="#fff" stroke="#d5dbe0"/>',
        f'<g transform="translate({(width - WIDTH) / 2:g} 36)">{panel(answer["architecture"])}</g>',
        _text(answer["title"], width / 2, 28, "ink", "600", 15),
    ]
    if "picture" in answer:
        _, drawn = picture(answer["picture"], 0, 0, 34)
        text.append(picture(answer["picture"], (width - drawn) / 2, 172, 34)[0])
    else:
        text.append(_text(answer["given"], width / 2, 194, "read"))
    return "".join([*text, _text(f"→ {answer['answer']}", width / 2, 228, "write", "600", 12)])


def _text(text: str, x: float, y: float, role: str, weight: str = "400", size: float = 13) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="middle" fill="{COLORS[role]}" font-weight="{weight}" '
        f'font-size="{size:g}">{html.escape(text)}</text>'
    )


if __name__ == "__main__":
    FILE.write_text(draw(), encoding="utf-8")
