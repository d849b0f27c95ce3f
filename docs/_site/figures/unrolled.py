"""A recurrent network, unrolled over four steps."""

from figure_parts import READ, STATE, Drawing


def draw() -> str:
    """Returns the figure."""
    drawing = Drawing(
        "unrolled", "One cell, drawn at four steps. Each reads an item and the state before it.", 560, 190
    )
    columns, middle, bottom = [130, 240, 350, 460], 75, 155
    drawing.circle(35, middle, STATE, "h₀", radius=20)
    before = 55
    for step, x in enumerate(columns, 1):
        drawing.arrow((before, middle), (x - 28, middle))
        drawing.square(x, middle, "cell", side=54)
        drawing.circle(x, bottom, READ, "x" + "₀₁₂₃₄"[step], radius=20)
        drawing.arrow((x, bottom - 20), (x, middle + 28))
        drawing.text(x + 55, middle - 10, "h" + "₀₁₂₃₄"[step])
        before = x + 28
    drawing.arrow((before, middle), (before + 52, middle))
    drawing.text(290, 25, "the same weights at every step")
    return drawing.to_svg()
