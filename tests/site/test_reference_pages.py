"""The reference names everything there is: entries, options, commands, functions, and layers."""

import csv
import inspect
import re

import pytest
from click.testing import CliRunner
from pages import DOCS

import keras_rnn_zoo as zoo
from keras_rnn_zoo import layers, registry
from keras_rnn_zoo.training.settings import SETTINGS
from zoo_cli.main import cli


@pytest.fixture(scope="module")
def pages(site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    site("reference").write_reference(folder)
    return {path.name: path.read_text() for path in folder.glob("*.md")}


def section(page, anchor):
    """Returns the section of a page whose heading has an anchor."""
    return re.search(rf"^#+ [^\n]*{{ #{anchor} }}\n(.*?)(?=^#+ |\Z)", page, re.MULTILINE | re.DOTALL)[1]


def test_its_pages(pages, site):
    assert sorted(pages) == list(site("reference").GENERATED)


@pytest.mark.parametrize("name", cli.list_commands(None))
def test_every_command_and_its_options(pages, name):
    shown = section(pages["commands.md"], f"zoo-{name}")
    help = CliRunner().invoke(cli, [name, "--help"]).stdout
    for option in re.findall(r"^  (?:-\w, )?(--[\w-]+)", help, re.MULTILINE):
        assert f"`{option}`" in shown or option == "--help"
    for line in re.findall(r"^    (zoo .+)$", help, re.MULTILINE):
        assert line in shown


def test_every_architecture_task_and_reader_with_its_options(pages):
    page = pages["architectures.md"]
    kinds = {"": registry.architectures, "task-": registry.tasks, "reader-": registry.readers}
    for prefix, catalog in kinds.items():
        for entry in catalog.entries():
            shown = section(page, f"{prefix}{entry.name}")
            assert entry.summary in shown
            for option in entry.options:
                assert f"| `{option}` |" in shown
    for name in (*registry.cells.names(), *SETTINGS):
        assert f"| `{name}` |" in page


def test_every_dataset_with_its_terms_and_scores(pages):
    for entry in registry.datasets.entries():
        shown = section(pages["datasets.md"], entry.name)
        assert entry.size in shown
        assert entry.license in shown
        for architecture in registry.architectures_of(entry):
            assert f"architectures.md#{architecture.name}" in shown
    with open(DOCS / "results" / "scores.csv", encoding="utf-8", newline="") as file:
        (mean,) = (row["mean"] for row in csv.DictReader(file) if row["dataset"] == "imdb_reviews")
    assert f"**{mean}**" in section(pages["datasets.md"], "imdb_reviews")


def test_every_format_and_plot(pages):
    for catalog in (registry.file_formats, registry.export_formats, registry.plots):
        for entry in catalog.entries():
            assert f"| `{entry.name}` | {entry.summary} |" in pages["formats.md"]


def test_every_public_function_and_layer(pages):
    text = pages["functions.md"] + pages["layers.md"]
    paths = re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    for path in paths:
        module, _, name = path.rpartition(".")
        assert inspect.getdoc(getattr(__import__(module, fromlist=[name]), name)), path
    assert {path.rpartition(".")[2] for path in paths} == {*zoo.__all__, *layers.__all__} - {"layers"}
