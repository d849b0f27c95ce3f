"""A fenced block of Markdown that holds HTML, which, unlike bare HTML, may stand in an admonition."""

from typing import Any


def raw_html(source: str, language: str, css_class: str, options: Any, md: Any, **kwargs: Any) -> str:
    """Returns the HTML of a block as it stands, in a `div`. Called by `pymdownx.superfences`."""
    return f'<div class="{css_class}">{source}</div>'
