"""Tables and JSON on standard output."""

import io
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

import click

from keras_rnn_zoo.display.printing import json_printable, printable
from keras_rnn_zoo.display.text_tables import PIPED_WIDTH, Table, titled_table


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
    """Prints a title and a table, in lines that fit the terminal, or of up to `PIPED_WIDTH` characters elsewhere."""
    cells = [[str(value) for value in row] for row in rows]
    click.echo(titled_table(title, columns, cells, width_of_output()))


def print_tables(tables: Iterable[Table]) -> None:
    """Prints tables one below the other, as `print_table` does."""
    for table in tables:
        click.echo(table.to_text(width_of_output()))


def width_of_output() -> int:
    """Returns the width of the terminal, or `PIPED_WIDTH` where standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED_WIDTH
