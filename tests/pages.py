"""The blocks of the pages of the documentation, which tests run as they stand.

A test module that runs blocks says which in `RUNS`: the programs and the commands that it takes from each page.
`test_page_blocks.py` finds what none of them runs.
"""

import re
import shlex
import textwrap
from pathlib import Path
from typing import NamedTuple

import click
from click.testing import CliRunner

from zoo_cli.main import cli

DOCS = Path(__file__).parent.parent / "docs"
SHELLS = ("shell", "sh", "console")
_BLOCK = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<info>.*)\n(?P<text>(?:.*\n)*?)(?P=indent)(?P=fence)$", re.MULTILINE
)
_COMMENT = re.compile(r"(?:^|\s+)# .*$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page.

    Attributes:
        language: its language, such as "python"; "" if it has none.
        text: its lines, without the indentation of the fence.
        line: the number of its first line in the page.
    """

    language: str
    text: str
    line: int


def text_of(name):
    """Returns the text of a page, such as "tuning.md"."""
    return (DOCS / name).read_text()


def blocks_of(page):
    """Returns the fenced blocks of a page, given its text; those in admonitions, too."""
    return [
        Block(
            next(iter(re.findall(r"\w+", found["info"])), ""),
            textwrap.dedent(found["text"]),
            page.count("\n", 0, found.start("text")) + 1,
        )
        for found in _BLOCK.finditer(page)
    ]


def commands_in(block):
    """Returns the commands of a block of the shell, each in one line, without prompts and comments."""
    text = _COMMENT.sub("", re.sub(r" *\\\n *|(?<=\|)\n *", " ", block.text))
    return [line.removeprefix("$ ").strip() for line in text.splitlines() if line.strip()]


def all_commands(blocks):
    """Returns the commands of the blocks of the shell among some blocks."""
    return [command for block in blocks if block.language in SHELLS for command in commands_in(block)]


def commands_of(page, program="zoo"):
    """Returns the commands of a page that run a program, given the text of the page."""
    return [command for command in all_commands(blocks_of(page)) if command.split()[0] == program]


def programs_of(page):
    """Returns the Python programs of a page, given its text."""
    return [block.text for block in blocks_of(page) if block.language == "python"]


def read(command):
    """Has the command line read a command of a page, which runs nothing: its options exist and take what they get."""
    words = shlex.split(command.partition(" < ")[0])
    assert words[0] == "zoo"
    found = cli.get_command(click.Context(cli), words[1])
    assert found is not None, command
    found.make_context(words[1], words[2:], parent=click.Context(cli))


def run(command, *more):
    """Runs a command of a page, with further arguments; returns its result."""
    return CliRunner().invoke(cli, [*shlex.split(command)[1:], *more], catch_exceptions=False)


def run_well(command, *more):
    """Runs a command of a page, which must succeed; returns its result."""
    result = run(command, *more)
    assert result.exit_code == 0, f"{command}: {result.output}"
    return result
