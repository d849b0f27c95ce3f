"""Tables and JSON on standard output."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click


def printable(text: str) -> str:
    """Returns a text whose control characters, which may do anything to a terminal, are spelt out.

    Labels and answers come out of a run, and a run may come from a stranger.
    """
    return "".join(one if one.isprintable() or one in "\n\t" else repr(one)[1:-1] for one in text)


def print_json(document: Any) -> None:
    """Prints one JSON document."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Prints a title and a table: fitted to a terminal, and with a line a row where standard output is none."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    table.columns[0].no_wrap = True
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(printable(str(value)) for value in row))
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 1000)
    console.print(printable(title))
    console.print(table)
