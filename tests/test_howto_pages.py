"""Every block of the recipes in docs/howto/ runs as it stands, in a folder with small files."""

import contextlib
import csv
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from click.testing import CliRunner
from howto_files import FILES
from pages import DOCS, all_commands, blocks_of, commands_in, commands_of, read, text_of

import keras_rnn_zoo as zoo
from zoo_cli.main import cli

ROOT = DOCS.parent
NAMES = sorted(path.stem for path in (DOCS / "howto").glob("*.md") if path.stem != "index")
TRAINING = ["audio", "choose_a_cell", "fine_tune", "images", "long_sequences", "series"]
"""Recipes that are checked by their trainings and predictions alone."""
PROBABILITIES = ("predicted_probability_1", "predicted_probability_5")
INSTALL = ("--target", "installed", "--no-deps", "--no-build-isolation", "--quiet", "--no-index")


def recipe(name):
    """Returns the blocks of a recipe."""
    return blocks_of(text_of(f"howto/{name}.md"))


RUNS = {f"howto/{name}.md": [*(block.text for block in recipe(name)), *all_commands(recipe(name))] for name in NAMES}


class Recipe:
    """Follows a page, block by block, in the current folder.

    Args:
        name: the name of the page.

    Attributes:
        outputs: what each command printed on standard output.
        space: the names that the Python blocks share.
    """

    def __init__(self, name):
        self.name, self.outputs, self.space = name, {}, {}

    def follow(self):
        for block in recipe(self.name):
            language, text, _ = block
            written = re.match(r"# (\S+\.(?:py|toml))\n", text)
            if written:
                Path(written[1]).write_text(text)
            elif language == "python":
                exec(compile(text, f"docs/howto/{self.name}.md", "exec"), self.space)
            elif language == "html":
                Path("web/index.html").write_text(text)
            elif language == "shell":
                for command in commands_in(block):
                    self.outputs[command] = self.run(command)
        return self

    def run(self, command):
        words = shlex.split(command)
        if words[0] == "zoo" and not Path("installed").exists():
            result = CliRunner().invoke(cli, words[1:], catch_exceptions=False)
            assert result.exit_code == 0, f"{command}\n{result.stderr}"
            return result.stdout
        if words[:2] == ["pip", "install"]:
            command = shlex.join([sys.executable, "-m", "pip", "install", *INSTALL, "."])
        if words[0] == "zoo":
            command = shlex.join([sys.executable, "-m", "keras_rnn_zoo", *words[1:]])
        paths = f"{Path('installed').resolve()}:{ROOT}"
        environment = {**os.environ, "PYTHONPATH": paths, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        shell = ["bash", "-e", "-o", "pipefail", "-c", command]
        done = subprocess.run(shell, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def follow(tmp_path, monkeypatch):
    """A function that follows a page in a folder with its files, with trainings of one epoch."""
    fit = keras.Model.fit
    monkeypatch.setattr(keras.Model, "fit", lambda *a, epochs, **k: fit(*a, epochs=1, **k))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_MODELS_DIR")

    def run(name):
        FILES[name](tmp_path)
        if name in ("deploy_phone", "deploy_browser"):
            zoo.train("many_to_one", dataset="motors.npz", run="motors", cell="gru", units=8, verbose=0)
        return Recipe(name).follow()

    return run


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_every_recipe_has_files_and_every_block_a_language():
    assert sorted(FILES) == NAMES
    followed = re.findall(r'= follow\("(\w+)"\)|^    follow\("(\w+)"\)', Path(__file__).read_text(), re.MULTILINE)
    assert sorted([*TRAINING, *(one or other for one, other in followed)]) == NAMES
    for name in NAMES:
        text = text_of(f"howto/{name}.md")
        assert {block.language for block in recipe(name)} <= {"shell", "python", "html", "toml", "text"}, name
        assert len(text.splitlines()) <= 90, f"{name} is longer than two screens"


@pytest.mark.parametrize("name", NAMES)
def test_its_commands_have_the_options_that_they_name(name):
    for command in commands_of(text_of(f"howto/{name}.md")):
        read(command)


def test_a_table_of_ones_own(follow):
    follow("csv")
    rows = rows_of("predictions.csv")
    assert len(rows) == 5
    assert rows[0].keys() == {"review", "predicted_label", "predicted_probability", *PROBABILITIES}


@pytest.mark.slow
def test_classes_of_very_different_size(follow, capsys):
    recipe = follow("imbalanced_classes")
    found = json.loads(recipe.outputs["zoo evaluate plain --json"])
    assert 0 <= found["metrics"]["macro_f1"] <= 1
    assert sum(map(sum, found["confusion"]["counts"])) == found["examples"]
    assert re.search(r"threshold \d\.\d+, precision \d\.\d+", capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINING)
def test_a_recipe_that_trains(follow, name):
    follow(name)


@pytest.mark.slow
def test_runs_are_compared(follow, few_examples):
    recipe = follow("compare_runs")
    assert "McNemar" in recipe.outputs["zoo compare large small"]
    assert Path("curves.svg").stat().st_size > 1000


@pytest.mark.slow
def test_a_table_over_time(follow):
    follow("tables_over_time")
    assert len(rows_of("forecast.csv")) == 28


@pytest.mark.slow
def test_a_phone(follow, capsys):
    follow("deploy_phone")
    assert capsys.readouterr().out.splitlines()[-1] in ("drifts", "wanders")


@pytest.mark.slow
def test_a_small_board(follow):
    recipe = follow("deploy_board")
    program = next(command for command in recipe.outputs if command.startswith("printf"))
    stream = zoo.stream("sensor")
    answers = [stream.feed([step])["label"] for step in ([0.1, 0.3, -0.2], [1.2, 0.9, 1.1])]
    assert recipe.outputs[program].splitlines() == answers
    watched = "import sys; exec(open('watch.py').read()); assert not {'tensorflow', 'keras'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", watched], input="0.1,0.3,-0.2\n", text=True, check=True)


@pytest.mark.slow
def test_a_browser(follow, browser):
    from live_pages import served
    from playwright.sync_api import expect

    follow("deploy_browser")
    series = json.loads(Path("saved_models/motors/example/input.json").read_text())
    with served(Path("web").resolve()) as url, contextlib.closing(browser.new_page()) as page:
        faults = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{url}/index.html")
        for given in (series, [[0.1, 0.3, -0.2], [1.2, 0.9, 1.1]]):
            page.get_by_label("A series, as JSON").fill(json.dumps(given))
            page.get_by_role("button", name="Classify").click()
            (predicted,) = zoo.predict("motors", [given])
            expect(page.locator("output")).to_have_text(predicted["label"])
        assert faults == []


@pytest.mark.slow
def test_an_architecture(follow):
    recipe = follow("add_an_architecture")
    assert "Reads a text" in recipe.outputs["zoo show summary"]
