"""The trained networks that ship with the zoo: found by name, used like runs, never hidden or written to."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run, list_runs, open_run, output_folder
from keras_rnn_zoo.atomic_files import file_digest
from keras_rnn_zoo.errors import RunError, UnknownNameError
from keras_rnn_zoo.networks import index
from zoo_cli.main import cli

ROOT = Path(__file__).parents[2]
NAMES = sorted(index.networks())
IN_WHEEL = sorted(network.name for network in index.networks().values() if network.in_wheel)
MAIN = "toy_reviews"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")


def zoo_command(*args):
    return CliRunner().invoke(cli, [*map(str, args)], catch_exceptions=False)


def test_they_bear_the_names_of_their_datasets_and_no_name_of_an_architecture():
    networks = index.networks().values()
    names = {alias for entry in registry.architectures.entries() for alias in (entry.name, *entry.aliases)}
    for network in networks:
        assert network.name == network.dataset
        assert not registry.datasets.get(network.dataset).not_shipped
        assert network.name not in names
    assert sum(network.bytes for network in networks) < 60_000_000
    assert sum(network.bytes for network in networks if network.in_wheel) < 40_000_000


@pytest.mark.parametrize("name", NAMES)
def test_the_index_is_what_the_folder_holds(name):
    network, run = index.networks()[name], open_run(name)
    run.check()
    assert run.path == index.shipped_folder() / name
    assert network.sha256 == file_digest(run.path / "config.json")
    assert network.metrics == run.metrics
    assert network.bytes == sum(
        path.stat().st_size
        for path in run.path.rglob("*")
        if path.is_file() and path.parts[len(run.path.parts)] in KEPT
    )
    config = run.config
    assert (network.architecture, network.task, network.input) == (
        config.architecture,
        config.task.name,
        config.task.input,
    )
    assert (network.storage, config.storage, config.finished, config.seed) == ("float16", "float16", True, 0)
    assert network.license == registry.datasets.get(name).license
    assert str(ROOT) not in (run.path / "config.json").read_text()


KEPT = {"config.json", "model.keras", "metrics.json", "history.csv", "README.md", "task", "example"}
"""What a network consists of; exports may lie beside it in a checkout."""


@pytest.mark.parametrize("name", NAMES)
def test_float16_costs_at_most_a_tenth_of_a_point(name):
    measured = open_run(name).measured
    metric = next(metric for metric in measured["metrics"] if metric != "loss")
    before, after = measured["before_storage"][metric], measured["metrics"][metric]
    scale = max(before, 1) if metric in ("mse", "mase", "wql", "smape", "mae", "rmse") else 1
    points = 100 if metric in ("bleu", "chrf") else 1
    # To a hundredth of a point, as scores are stated.
    assert round(abs(after - before) / scale / points, 4) <= 0.001


def test_it_answers_by_its_name_without_training(models_dir):
    answers = zoo.load(MAIN).predict(["the film is dull", "the film is not dull"])
    assert [answer["label"] for answer in answers] == ["negative", "positive"]
    assert not models_dir.exists()
    assert zoo.show(MAIN)["run"]
    with pytest.raises(UnknownNameError, match=f"Did you mean '{MAIN}'"):
        zoo.show("toy_review")
    with pytest.raises(RunError, match=rf"There is none yet: train one .* Did you mean '{MAIN}'"):
        zoo.load("toy_review")


def test_it_is_evaluated_to_the_scores_of_the_index():
    assert dict(zoo.evaluate(MAIN)) == pytest.approx(index.networks()[MAIN].metrics, abs=1e-5)


def test_a_run_never_replaces_it(monkeypatch, models_dir, caplog):
    index.protect_network(models_dir / "mine")
    assert not caplog.records
    index.protect_network(models_dir / MAIN)
    assert "will hide the trained network" in caplog.records[0].message
    monkeypatch.setenv("ZOO_MODELS_DIR", str(ROOT / "saved_models"))
    with pytest.raises(RunError, match=rf"is the trained network '{MAIN}' .* with run=.*models_dir="):
        zoo.train("many_to_one", run=MAIN)
    result = zoo_command("train", "many_to_one", "--run", MAIN)
    assert (result.exit_code, "another name with --run NAME" in result.stderr) == (1, True)


def test_a_run_of_its_name_comes_first_with_a_warning(small_run, models_dir, caplog):
    shutil.copytree(small_run(MAIN).path, models_dir / MAIN)
    for _ in range(2):
        assert open_run(MAIN).path == models_dir / MAIN
    (record,) = (record for record in caplog.records if record.levelname == "WARNING")
    assert "hides the trained network of that name" in record.message
    assert zoo.runs()[0]["run"] == MAIN


def test_in_a_checkout_networks_are_no_runs(monkeypatch):
    monkeypatch.setenv("ZOO_MODELS_DIR", str(ROOT / "saved_models"))
    assert not set(list_runs(ROOT / "saved_models")) & set(NAMES)
    run = open_run(MAIN)
    assert output_folder(run).samefile(index.shipped_folder() / MAIN)


def test_the_commands_and_functions_list_them():
    rows = {row["name"]: row for row in json.loads(zoo_command("models", "--json").stdout)}
    assert sorted(rows) == NAMES == zoo.list_models(pretrained=True)
    row = rows[MAIN]
    assert (row["architecture"], row["metric"], row["on_disk"]) == ("many_to_one", "accuracy", True)
    assert row["value"] == row["metrics"]["accuracy"]
    assert MAIN in zoo_command("models").stdout
    listed = {row["name"]: row["networks"] for row in json.loads(zoo_command("list", "--json").stdout)}
    assert MAIN in listed["many_to_one"]
    assert zoo.list_models() == zoo.list_architectures()
    assert zoo.list_models("toy_*", pretrained=True) == [name for name in NAMES if name.startswith("toy_")]


def test_a_wheel_holds_them_and_no_runs(tmp_path):
    """They are built as setuptools does for a wheel, without the network, from a checkout with a run and an export."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    for name in ("keras_rnn_zoo", "zoo_cli", "saved_models"):
        shutil.copytree(ROOT / name, checkout / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(index.shipped_folder() / MAIN, checkout / "saved_models" / "mine")
    (checkout / "saved_models" / MAIN / "1").mkdir()
    (checkout / "saved_models" / MAIN / "1" / "saved_model.pb").touch()
    built = tmp_path / "built"
    code = f"import setuptools, sys; sys.argv = ['', '-q', 'build_py', '-d', {str(built)!r}]; setuptools.setup()"
    subprocess.run([sys.executable, "-c", code], cwd=checkout, check=True, capture_output=True)
    folder = built / "keras_rnn_zoo" / "networks" / "shipped"
    assert sorted(path.name for path in folder.iterdir()) == IN_WHEEL
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 40_000_000
    assert not list(folder.rglob("saved_model.pb"))
    for name in IN_WHEEL:
        Run(folder / name).check()
    code = "import keras_rnn_zoo as zoo; print(zoo.Run.find('toy_reviews').path)"
    environment = {**os.environ, "PYTHONPATH": str(built)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(folder / MAIN)


def test_git_tracks_them_but_neither_runs_nor_exports():
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is not a checkout: there is no .git, or no git")
    tracked = [f"saved_models/{name}/model.keras" for name in NAMES]
    ignored = ["saved_models/mine/model.keras", f"saved_models/{MAIN}/1/saved_model.pb", f"saved_models/{MAIN}/onnx/1"]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *tracked, *ignored], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ignored
