"""Tables and JSON on standard output."""

import io
import json
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

import click

from keras_rnn_zoo.printing import json_printable, printable


class PrintableStream(io.TextIOBase):
    """A text stream that escapes control characters."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(printable(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


def data_stream() -> IO[str]:
    """Returns standard output for data. On a terminal, control characters are escaped."""
    return PrintableStream(sys.stdout) if sys.stdout.isatty() else sys.stdout  # type: ignore[return-value]


def print_json(document: Any) -> None:
    """Prints one JSON document."""
    click.echo(json_printable(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Prints a title and a table. On a terminal it fits the width; otherwise each row is one line."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*map(printable, columns), box=box.SIMPLE_HEAD, pad_edge=False)
    table.columns[0].no_wrap = True
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(printable(str(value)) for value in row))
    console = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 1000)
    console.print(printable(title))
    console.print(table)
