"""The commands of docs/options.md run as they stand, but for a small network and one epoch."""

import importlib
import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from pages import commands_of, text_of

from keras_rnn_zoo import registry
from keras_rnn_zoo.training.settings import SETTINGS
from zoo_cli.main import cli

PAGE = text_of("options.md")
COMMANDS = commands_of(PAGE)
RUNS = {"options.md": COMMANDS}


@pytest.mark.slow  # Two trainings.
@pytest.mark.usefixtures("few_examples")
def test_the_commands_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("glove.txt").write_text("the 0.1 0.2\nfilm 0.3 0.4\nmovie 0.5 0.6\n")
    assert len(COMMANDS) == 3
    for command in COMMANDS:
        small = ["--set", "units=4", "--set", "epochs=1"] if command.startswith("zoo train") else []
        done = CliRunner().invoke(cli, [*shlex.split(command)[1:], *small])
        assert done.exit_code == 0, (command, done.output)


def test_each_option_of_the_page_exists():
    named = re.findall(r"^\| `(\w+)=", PAGE, re.MULTILINE)
    known = set(SETTINGS)
    for architecture in registry.architectures.entries():
        known |= registry.options_of(architecture, registry.default_dataset(architecture)).keys()
    assert len(set(named)) == 10
    assert set(named) <= known


def test_the_table_of_effects_is_that_of_the_results(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    script = importlib.import_module("options")
    lines = [json.loads(line) for line in script.RESULTS.read_text().splitlines()]
    assert script.page_text(PAGE, lines) == PAGE
    assert len({(line["dataset"], line["option"], line["seed"]) for line in lines}) == len(lines)
