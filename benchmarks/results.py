"""Results of trainings: a file with a line for each training, and the table of them on a page of the docs."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Returns the trainings in a file; none if there is no file yet."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def add_line(path: Path, line: Mapping[str, Any]) -> None:
    """Adds a training to a file, and prints it."""
    with open(path, "a") as file:
        file.write(json.dumps(line) + "\n")
    click.echo(json.dumps(line))


def with_table(page: str, table: str, beginning: str = "") -> str:
    """Returns a page with another version of a table.

    Args:
        page: the text of the page.
        table: the table in Markdown.
        beginning: how the first line of the table begins on the page; by default, that line has not changed.
    """
    before, _, rest = page.partition(beginning or table.partition("\n")[0])
    return before + table + "\n\n" + rest.partition("\n\n")[2]


def mean_and_deviation(values: Sequence[float], digits: int = 4) -> str:
    """Returns the mean of at least one value, and the standard deviation if there are several."""
    deviation = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{deviation}"
