"""The tables in docs/networks.md are written from the index and the datasets, and its commands and program run."""

import os
import re
import shlex

from click.testing import CliRunner
from pages import DOCS, commands_of, programs_of

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import open_run
from keras_rnn_zoo.networks import index
from zoo_cli.main import cli

DOCUMENT = DOCS / "networks.md"
COMMANDS = commands_of(DOCUMENT.read_text())
(PROGRAM,) = programs_of(DOCUMENT.read_text())
RUNS = {DOCUMENT.name: [*COMMANDS, PROGRAM]}


def with_rows(page, first_column, rows):
    """Returns the page with other rows in the table with that first column."""
    found = re.search(rf"(\| {first_column} \|.*\n\|---.*\n)((\|.*\n)*)", page)
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return page[: found.start(2)] + lines + page[found.end(2) :]


def network_rows():
    for network in index.networks().values():
        metric, value = network.metric, network.value
        before = open_run(network.name).measured["before_storage"][metric]
        facts = [f"`{network.name}`", f"`{network.architecture}`", network.task.replace("_", " ")]
        facts += [f"{metric} {value:.4f}", f"{network.parameters:,}", f"{network.bytes / 1e6:.2f} MB"]
        yield [*facts, network.license, f"{before:.4f}"]


def test_its_tables_are_current():
    page = DOCUMENT.read_text()
    kept_back = [dataset for dataset in registry.datasets.entries() if dataset.not_shipped]
    terms = [(f"`{dataset.name}`", dataset.license, dataset.not_shipped) for dataset in kept_back]
    current = with_rows(with_rows(page, "network", network_rows()), "dataset", terms)
    if os.environ.get("ZOO_WRITE_DOCS"):
        DOCUMENT.write_text(current)
    assert DOCUMENT.read_text() == current, "run this test with ZOO_WRITE_DOCS=1 and commit docs/networks.md"


def test_its_commands_and_program_run_and_write_nothing_to_the_installation(tmp_path, monkeypatch, models_dir):
    monkeypatch.chdir(tmp_path)
    before = sorted(index.shipped_folder().rglob("*"))
    assert len(COMMANDS) == 5
    for command in COMMANDS:
        skip_check = ["--no-check"] if "export" in command else []  # Other tests run the comparison of exports.
        result = CliRunner().invoke(cli, [*shlex.split(command)[1:], *skip_check], catch_exceptions=False)
        assert result.exit_code == 0, f"{command}\n{result.stderr}"
    assert sorted(index.shipped_folder().rglob("*")) == before
    exported = models_dir / "toy_reviews" / "1"
    assert zoo.predict(exported, ["the film is not dull"])[0]["label"] == "positive"
    assert zoo.load("toy_reviews").run.path == index.shipped_folder() / "toy_reviews"  # The exports alone are no run.
    assert zoo.runs() == []
    assert {row["fact"]: row["value"] for row in zoo.show("toy_reviews")["run"]}["exports"] == "1"
    made = {}
    exec(compile(PROGRAM, "networks.md", "exec"), made)
    assert made["model"].output_shape == (None, 5)
