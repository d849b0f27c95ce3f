"""Tables and escapes of Markdown."""

import re
from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table of Markdown; its cells are Markdown, in which a vertical bar is escaped here."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def prose(text: str) -> str:
    """Returns plain text, such as that of a help page, as Markdown that shows it: angle brackets and stars are kept."""
    return re.sub(r"(?<!`)[<>*_\[\]](?!`)", lambda found: f"\\{found[0]}", text)


def code(text: object) -> str:
    """Returns text as inline code."""
    return f"`{text}`" if str(text) else ""


def codes(texts: Iterable[object]) -> str:
    """Returns several texts as inline code, with commas between them."""
    return ", ".join(code(text) for text in texts)


def sentence(text: str) -> str:
    """Returns a phrase with a capital letter at its beginning and a full stop at its end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
