"""Parts of the figures of the lessons: SVG whose colors follow the theme of the page."""

from xml.sax.saxutils import escape

INK, FAINT = "var(--zoo-ink, #1b2430)", "var(--zoo-faint, #56616e)"
READ, STATE, WRITE = "var(--zoo-read, #0a64a0)", "var(--zoo-state, #c05800)", "var(--zoo-write, #0a7a57)"

_HEADS = {"ink": FAINT, "write": WRITE}


class Drawing:
    """An SVG that is drawn part by part.

    Args:
        name: the name of the figure, which keeps its ids apart from those of other figures on the page.
        title: what the figure shows, for readers who do not see it.
        width: of the drawing, in its own units.
        height: likewise.
    """

    def __init__(self, name: str, title: str, width: float, height: float) -> None:
        self.name, self.parts = name, [f"<title>{escape(title)}</title>"]
        self.box = f"0 0 {width:g} {height:g}"
        markers = (
            f'<marker id="{name}-{head}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{color}"/></marker>'
            for head, color in _HEADS.items()
        )
        self.parts.append(f"<defs>{''.join(markers)}</defs>")

    def arrow(self, *points: tuple[float, float], fed_back: bool = False) -> None:
        """Draws an arrow along points; dashed and in the color of outputs if something written is read again."""
        path = " L".join(f"{x:g} {y:g}" for x, y in points)
        color, head, dash = (WRITE, "write", ' stroke-dasharray="4 3"') if fed_back else (FAINT, "ink", "")
        self.parts.append(
            f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="1.6"{dash} '
            f'marker-end="url(#{self.name}-{head})"/>'
        )

    def circle(self, x: float, y: float, color: str, label: str = "", radius: float = 13) -> None:
        """Draws a circle, for something that is read or written, with a label in it."""
        self.parts.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="none" stroke="{color}" stroke-width="2.2"/>'
        )
        if label:
            self.text(x, y + 5, label)

    def square(self, x: float, y: float, label: str = "", side: float = 26) -> None:
        """Draws a square around a point, for a cell, with a label in it."""
        self.parts.append(
            f'<rect x="{x - side / 2:g}" y="{y - side / 2:g}" width="{side:g}" height="{side:g}" rx="4" '
            f'fill="{STATE}" fill-opacity="0.18" stroke="{STATE}" stroke-width="1.8"/>'
        )
        if label:
            self.text(x, y + 5, label)

    def text(self, x: float, y: float, words: str, *, color: str = INK, size: float = 15, bold: bool = False) -> None:
        """Writes words in the middle above a point."""
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" text-anchor="middle" font-size="{size:g}" fill="{color}"{weight}>'
            f"{escape(words)}</text>"
        )

    def to_svg(self) -> str:
        """Returns the SVG."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{self.box}" '
            f'font-family="system-ui, sans-serif">{"".join(self.parts)}</svg>'
        )
