"""The commands of docs/performance.md, and those of benchmarks on other pages, are accepted by their scripts.

A benchmark takes minutes or hours, so it is not run here: its script reads the command line as it stands on the page,
and is stopped before it measures. `test_benchmarks.py` runs parts of the benchmarks on little.
"""

import argparse
import re
import runpy
import shlex
import sys

import click
import pytest
from pages import DOCS, all_commands, blocks_of, text_of

BENCHMARK = "python benchmarks/"
RUNS = {
    "performance.md": all_commands(blocks_of(text_of("performance.md"))),
    "cells.md": [line for line in all_commands(blocks_of(text_of("cells.md"))) if line.startswith(BENCHMARK)],
}
COMMANDS = [command for commands in RUNS.values() for command in commands]
BENCHMARKS = DOCS.parent / "benchmarks"


def named_in_text():
    """Returns the command lines of benchmarks within sentences, of all pages."""
    pages = [path.read_text() for path in (DOCS.parent / "README.md", *DOCS.rglob("*.md")) if "_site" not in path.parts]
    return {" ".join(found.split()) for page in pages for found in re.findall(r"`(python benchmarks/[^`]+)`", page)}


class AcceptedError(Exception):
    """The script has read its command line."""


@pytest.fixture
def stopped(monkeypatch):
    """Has scripts stop once they have read their command lines. Files that these name need not exist."""
    parse = argparse.ArgumentParser.parse_args

    def parsed(self, *given):
        parse(self, *given)
        raise AcceptedError

    def invoked(command, context):
        while isinstance(command, click.Group):
            name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
            context = command.make_context(name, rest, parent=context)
        raise AcceptedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)
    monkeypatch.setattr(click.Path, "convert", lambda self, value, *_: value)
    for kind in (click.Command, click.Group):
        monkeypatch.setattr(kind, "invoke", invoked)


@pytest.mark.parametrize("command", sorted({*COMMANDS, *named_in_text()}))
def test_a_command_is_accepted_by_its_script(command, stopped, monkeypatch):
    words = shlex.split(command.removeprefix("taskset -c 0 "))
    script = BENCHMARKS.parent / words[1]
    assert words[0] == "python" and script.is_file()
    if len(words) == 2:
        return  # Without arguments, there is nothing to be read.
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setattr(sys, "argv", words[1:])
    with pytest.raises(AcceptedError):
        runpy.run_path(str(script), run_name="__main__")


def test_an_option_that_a_script_lacks_is_found(stopped, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for script, arguments in (("run.py", ["--onyl", "steps"]), ("soak.py", ["--hours", "1"])):
        monkeypatch.setattr(sys, "argv", [script, *arguments])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(BENCHMARKS / script), run_name="__main__")
        assert ended.value.code == 2
