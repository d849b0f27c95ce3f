"""Puts figures that code draws into pages: `<!-- figure: NAME alt="…" -->` becomes the SVG of `figures/NAME.py`."""

import html
import importlib
import re
import sys
from pathlib import Path

FIGURES = Path(__file__).parent / "figures"
_MARK = re.compile(r'^<!-- figure: (?P<name>\w+) alt="(?P<alt>[^"]+)" -->$', re.MULTILINE)


def put_figures(page: Path) -> None:
    """Replaces the marks of figures in a staged page by the figures, in the page, so that they follow its colors.

    Raises:
        ModuleNotFoundError: if there is no figure of a name.
    """
    text = page.read_text(encoding="utf-8")
    drawn = _MARK.sub(lambda mark: figure(mark["name"], mark["alt"]), text)
    if drawn != text:
        page.write_text(drawn, encoding="utf-8")


def figure(name: str, alt: str) -> str:
    """Returns the HTML of a figure, on lines that Markdown leaves alone.

    Args:
        name: the module in `figures/` whose `draw()` returns the SVG.
        alt: what the figure shows, for readers who do not see it.
    """
    if str(FIGURES) not in sys.path:
        sys.path.insert(0, str(FIGURES))
    module = importlib.import_module(name)
    if hasattr(module, "html_cards"):  # A figure that is made of parts, each with its own text.
        return str(module.html_cards())
    svg = module.draw().strip()
    svg = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>|\n\s*\n", "", svg, flags=re.DOTALL)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(alt)}"', 1)
    return f'<figure class="zoo-drawing">{svg}</figure>'
