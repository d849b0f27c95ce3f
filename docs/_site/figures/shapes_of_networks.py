"""The five shapes of recurrent networks, and the unsegmented one."""

from collections.abc import Sequence

from figure_parts import FAINT, READ, WRITE, Drawing

WIDTH, HEIGHT, STEP = 280, 200, 42
TOP, MIDDLE, BOTTOM = 55, 105, 155
"""Where in a panel outputs, cells and inputs are."""


def draw() -> str:
    """Returns the figure."""
    drawing = Drawing(
        "shapes", "Six small networks: which steps are read and which are written.", 2 * WIDTH, 3 * HEIGHT
    )
    panels = [
        ("one to one", [0], [0], [0], []),
        ("one to many", [0], [0, 1, 2], [0, 1, 2], [0, 1]),
        ("many to one", [0, 1, 2], [0, 1, 2], [2], []),
        ("many to many", [0, 1, 2], [0, 1, 2, 3, 4], [3, 4], [3]),
        ("many to many, in sync", [0, 1, 2], [0, 1, 2], [0, 1, 2], []),
    ]
    for number, (name, read, cells, written, fed_back) in enumerate(panels):
        _panel(drawing, number, name, read, cells, written, fed_back)
    _unsegmented(drawing, 5)
    return drawing.to_svg()


def _panel(
    drawing: Drawing,
    number: int,
    name: str,
    read: Sequence[int],
    cells: Sequence[int],
    written: Sequence[int],
    fed_back: Sequence[int],
) -> tuple[float, float]:
    """Draws a network; returns where its first cell is across, and its panel down."""
    left, top = number % 2 * WIDTH, number // 2 * HEIGHT
    start = left + WIDTH / 2 - STEP * (len(cells) - 1) / 2
    drawing.text(left + WIDTH / 2, top + 24, name, bold=True, size=16)
    for cell in cells:
        x = start + cell * STEP
        drawing.square(x, top + MIDDLE)
        if cell:
            drawing.arrow((x - STEP + 13, top + MIDDLE), (x - 14, top + MIDDLE))
        if cell in read:
            drawing.circle(x, top + BOTTOM, READ)
            drawing.arrow((x, top + BOTTOM - 13), (x, top + MIDDLE + 14))
        if cell in written:
            drawing.circle(x, top + TOP, WRITE)
            drawing.arrow((x, top + MIDDLE - 13), (x, top + TOP + 14))
        if cell in fed_back:
            below = [(x + 11, top + TOP + 7), (x + STEP / 2, top + TOP + 20), (x + STEP / 2, top + MIDDLE + 28)]
            drawing.arrow(*below, (x + STEP, top + MIDDLE + 28), (x + STEP, top + MIDDLE + 15), fed_back=True)
    return start, top


def _unsegmented(drawing: Drawing, number: int) -> None:
    """Draws the network with an output for each frame, which become fewer characters."""
    frames = "c-aa-t"
    start, top = _panel(drawing, number, "unsegmented (CTC)", range(6), range(6), range(6), [])
    for frame, character in enumerate(frames):
        drawing.text(start + frame * STEP, top + TOP + 5, character)
    drawing.text(start + 2.5 * STEP, top + BOTTOM + 38, "c - a a - t  becomes  cat", color=FAINT)
