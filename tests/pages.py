"""The commands and programs of a page of the documentation, which a test runs as they stand."""

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from zoo_cli.main import cli

DOCS = Path(__file__).parent.parent / "docs"


def text_of(name):
    """Returns the text of a page, such as "tuning.md"."""
    return (DOCS / name).read_text()


def commands_of(page):
    """Returns the `zoo` commands of a page, which are indented or follow a prompt."""
    return re.findall(r"^(?:    |\$ )(zoo .+)$", page, re.MULTILINE)


def programs_of(page):
    """Returns the Python programs of a page."""
    return re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def run(command, *more):
    """Runs a command of a page, with further arguments; returns its result."""
    return CliRunner().invoke(cli, [*shlex.split(command)[1:], *more], catch_exceptions=False)


def run_well(command, *more):
    """Runs a command of a page, which must succeed; returns its result."""
    result = run(command, *more)
    assert result.exit_code == 0, f"{command}: {result.output}"
    return result
