"""Every block of code on every page is run by a test or by the build of the site, or has a reason why not."""

import importlib
import re
import sys
from pathlib import Path

import click
import pytest
from pages import DOCS, SHELLS, blocks_of, commands_in, read

from zoo_cli.main import cli

TESTS, ROOT = Path(__file__).parent, DOCS.parent
PAGES = {"README.md": ROOT / "README.md"} | {
    str(path.relative_to(DOCS)): path for path in sorted(DOCS.rglob("*.md")) if "_site" not in path.parts
}
WHEEL = ".ci/use_wheel does the same, with the files that it has built, in an environment of its own"
SERVER = "needs the server of TensorFlow Serving, which no package index has"
BEAM = "the target test-beam of the Makefile does the same"
NOT_RUN = {
    ("beam.md", "python -m venv"): BEAM,
    ("beam.md", "beam/bin/pip install"): BEAM,
    ("index.md", "pip install ."): WHEEL,
    ("index.md", "pip wheel --no-deps"): WHEEL,
    ("index.md", "pip install dist/"): WHEEL,
    ("serving.md", 'pip install "keras-rnn-zoo[serve]"'): WHEEL,
    ("serving.md", "docker run"): SERVER,
    ("serving.md", "import grpc"): SERVER,
    ("serving.md", "#include"): "part of docs/examples/classify_text.cc, which test_examples.py compiles and runs",
    ("serving.md", "try (SavedModelBundle"): "needs a Java machine and TensorFlow's packages for it",
    ("serving.md", "arecord"): "needs a microphone; tests/streaming feeds the same command with samples",
    ("reliability.md", "a, b = np.random"): "shows a fault of TensorFlow that may end the process",
}
"""Blocks and commands that no test runs, by page and beginning, and why."""


@pytest.fixture(scope="module")
def run():
    """What the test modules say that they run, by page."""
    found: dict[str, set[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        if not re.search(r"^RUNS = \{", path.read_text(), re.MULTILINE):
            continue
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "path", [str(path.parent), *sys.path])
            runs = importlib.import_module(path.stem).RUNS
        for page, texts in runs.items():
            found.setdefault(page, set()).update(texts)
    return found


@pytest.fixture(scope="module")
def built():
    """The pages whose blocks of `shell` and `python` the build of the site executes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "_site"))
        lessons = importlib.import_module("lessons")
        source = importlib.import_module("lesson_source")
    return {str(path.relative_to(DOCS)): source.EXECUTED for path in lessons.executed_pages()}


def code_of(page, executed):
    """Returns the code of a page that the build does not execute: programs, and commands one by one."""
    for block in blocks_of(page):
        if block.language in ("text", *executed):
            continue
        yield from commands_in(block) if block.language in SHELLS else [block.text]


def not_run(page, text, run, built):
    """Returns the code of a page, given its text, that nothing runs and that has no reason."""
    excused = [start for where, start in NOT_RUN if where == page]
    return [
        code
        for code in code_of(text, built.get(page, ()))
        if code not in run.get(page, ()) and not code.startswith(tuple(excused))
    ]


@pytest.mark.parametrize("page", PAGES)
def test_all_code_of_a_page_is_run(page, run, built):
    text = PAGES[page].read_text()
    missing = not_run(page, text, run, built)
    assert not missing, f"Run this in a test, and name it in the RUNS of its module: {missing}"


@pytest.mark.parametrize("page", PAGES)
def test_code_is_in_fences_with_a_language(page):
    """Code that is only indented has no language, so nothing could tell it from other text."""
    text = PAGES[page].read_text()
    assert not [block.line for block in blocks_of(text) if not block.language]
    outside = re.sub(r"^( *)(`{3,}).*?^\1\2$", "", text, flags=re.MULTILINE | re.DOTALL)
    outside = re.sub(r"^(?:\?\?\?|!!!).*\n(?:(?: {4}.*)?\n)*", "", outside, flags=re.MULTILINE)
    assert not re.findall(r"^\n {4}\S.*$", outside, re.MULTILINE)


def test_the_examples_in_the_reference_of_commands_are_read_by_them(monkeypatch):
    """The reference shows the help of each command; tests of the command run the like."""
    monkeypatch.setattr(click.Path, "convert", lambda self, value, *_: value)  # Files that the examples name.
    for name in cli.list_commands(click.Context(cli)):
        examples = re.findall(r"^ *(zoo .+)$", cli.get_command(click.Context(cli), name).help, re.MULTILINE)
        assert examples, name
        for command in examples:
            read(command)


def test_every_reason_is_for_code_that_is_there():
    for page, start in NOT_RUN:
        assert any(code.startswith(start) for code in code_of(PAGES[page].read_text(), ())), (page, start)


def test_new_code_that_nothing_runs_is_found(run, built):
    page = (DOCS / "cells.md").read_text()
    new = "```shell\nzoo train many_to_one \\\n    --set cell=sru  # new\n```\n\n```python\nimport keras\n```\n"
    assert not_run("cells.md", page + new, run, built) == ["zoo train many_to_one --set cell=sru", "import keras\n"]
    assert not_run("learn/01_sequences.md", new, run, built) == []
