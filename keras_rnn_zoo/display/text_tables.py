"""Tables of rows, shown as text that fits a width, and as HTML in notebooks. Imports no framework."""

import html
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from keras_rnn_zoo.display.printing import one_line, printable, quantity

GAP = 3
"""Number of spaces between two columns."""
NARROWEST = 8
"""Columns are not made narrower than this many characters, even if the table is then wider than requested."""
PIPED_WIDTH = 200
"""Maximum width of a table that is not printed on a terminal."""


class Table(list[dict[str, Any]]):
    """Rows, each a dict: a list that is shown as a table, also in notebooks.

    Args:
        rows: the rows, with the same keys in each.
        title: the line above the table.
        cells: for each column that is shown, the key of its values, or a function from a row to its cell; by default,
            the keys of the rows.

    Example:
        >>> Table([{"cell": "lstm", "units": 64}], "Cells")[0]["units"]
        64
    """

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]] = (),
        title: str = "",
        cells: Mapping[str, str | Callable[[Mapping[str, Any]], Any]] | None = None,
    ) -> None:
        super().__init__(map(dict, rows))
        self.title = title
        self._cells = cells if cells is not None else {key: key for key in (self[0] if self else ())}

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._cells)

    def cells(self) -> list[list[str]]:
        """Returns the texts of the cells, row by row."""
        return [[str(cell(row) if callable(cell) else row[cell]) for cell in self._cells.values()] for row in self]

    def to_text(self, width: int) -> str:
        """Returns the title and the table as text, in lines of up to `width` characters where possible."""
        return titled_table(self.title, self.columns, self.cells(), width)

    def __repr__(self) -> str:
        return self.to_text(shutil.get_terminal_size((PIPED_WIDTH, 24)).columns)

    def _repr_html_(self) -> str:
        """Returns the table as HTML, which notebooks show."""
        head = "".join(f"<th>{_html(name)}</th>" for name in self.columns)
        rows = ["".join(f"<td>{_html(cell)}</td>" for cell in row) for row in self.cells()]
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        title = f"<caption>{_html(self.title)}</caption>" if self.title else ""
        return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class Tables(dict[str, Table]):
    """Several tables by name, shown one below the other.

    Attributes:
        title: the text above the tables.
    """

    title = ""

    def __repr__(self) -> str:
        return "\n".join([self.title, *map(repr, self.values())])

    def _repr_html_(self) -> str:
        """Returns the tables as HTML, which notebooks show."""
        return f"<p>{_html(self.title)}</p>" + "".join(table._repr_html_() for table in self.values())


def titled_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Returns a title and a table as text.

    Args:
        title: the line above the table.
        columns: the names of the columns.
        rows: the texts of the cells. Control characters in them are escaped.
        width: number of characters per line. Cells are wrapped to fit.
    """
    texts = [[one_line(cell) for cell in row] for row in (columns, *rows)]
    widths = _fitted([max(map(display_width, column)) for column in zip(*texts, strict=True)], width)
    header, *body = [_row(row, widths) for row in texts]
    rule = "─" * (sum(widths) + GAP * (len(widths) - 1))
    return "\n".join([printable(title), "", header, f" {rule}", *body, ""])


def display_width(text: str) -> int:
    """Returns the number of character cells of a text on a terminal: two for wide East Asian characters."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fitted(widths: list[int], width: int) -> list[int]:
    """Returns the widths of columns in a table of a width: the widest columns are made narrower, to the same width."""
    available = width - 1 - GAP * (len(widths) - 1)
    kept = widths[:1] if widths[0] <= available // 2 else []  # The first column names the row: wrap it last.
    others = widths[len(kept) :]
    low, high = NARROWEST, max(*others, NARROWEST) if others else NARROWEST
    while low < high:  # Find the largest limit with which the table fits.
        middle = (low + high + 1) // 2
        if sum(kept) + sum(min(other, middle) for other in others) <= available:
            low = middle
        else:
            high = middle - 1
    return [*kept, *(min(other, low) for other in others)]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Returns a row of a table, of as many lines as its longest cell."""
    columns = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for number in range(max(map(len, columns))):
        parts = [column[number] if number < len(column) else "" for column in columns]
        padded = [part + " " * (width - display_width(part)) for part, width in zip(parts, widths, strict=True)]
        lines.append(f" {(' ' * GAP).join(padded)}".rstrip())
    return "\n".join(lines)


def wrapped(text: str, width: int) -> list[str]:
    """Returns a text in lines of up to `width` character cells, broken at spaces, or within words that are longer."""
    if display_width(text) <= width:
        return [text]
    lines = [""]
    for word in re.findall(r"\S+", text):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if display_width(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if lines[-1] and display_width(lines[-1] + character) > width:
                lines.append("")
            lines[-1] += character
    return lines


def result_line(metrics: Mapping[str, float], split: str, examples: int) -> str:
    """Returns the metrics on a split as a line, such as "Test split (32 examples): loss 0.1200, accuracy 0.9688"."""
    shown = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
    part = "All rows" if split == "all" else f"{one_line(split).capitalize()} split"
    return one_line(f"{part} ({quantity(examples, 'example')}): {shown}")


def html_facts(facts: Mapping[str, str]) -> str:
    """Returns facts by name as an HTML table, which notebooks show."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{_html(name)}</th><td style='text-align:left'>{_html(value)}</td></tr>"
        for name, value in facts.items()
    )
    return f"<table>{rows}</table>"


def _html(text: str) -> str:
    return html.escape(one_line(text))
