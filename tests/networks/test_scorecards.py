"""`make scorecards` does what is missing and writes it down; the page, the file and the cards follow it."""

import importlib
import json
import shutil
from concurrent.futures import Future
from pathlib import Path

import pytest
from click.testing import CliRunner

import keras_rnn_zoo as zoo
from keras_rnn_zoo.inference.load import load_run
from keras_rnn_zoo.networks import index

BENCHMARKS, RESULTS = (Path(__file__).parents[2] / name for name in ("benchmarks", "docs/results"))


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("scorecards")


@pytest.fixture
def elsewhere(script, monkeypatch, tmp_path):
    """The script, which writes to a temporary folder, with copies of one network and of the page."""
    shutil.copytree(index.shipped_folder() / "digits", tmp_path / "shipped" / "digits")
    shutil.copy(script.PAGE, tmp_path / "scores.md")
    (tmp_path / "index.json").write_text('{"url": "", "networks": []}')
    places = {"TRAININGS": "trainings.jsonl", "SCORES": "scores.csv", "PAGE": "scores.md"}
    for name, path in places.items():
        monkeypatch.setattr(script, name, tmp_path / path)
    for name, path in {"SHIPPED": "shipped", "WORK": "work", "INDEX": "index.json"}.items():
        monkeypatch.setattr(script.train_networks, name, tmp_path / path)
    return script


def line_of(name, seed, accuracy):
    """A line of a training with an accuracy, and otherwise as that of digits in the docs."""
    lines = [json.loads(line) for line in (RESULTS / "trainings.jsonl").read_text().splitlines()]
    first = next(line for line in lines if line["dataset"] == "digits")
    machine = {"processor": "CPU", "cores": 2}
    return {**first, "dataset": name, "seed": seed, "metrics": {**first["metrics"], "accuracy": accuracy}, **machine}


class Inline:
    """An executor that runs in this process."""

    def __init__(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, function, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future


def test_the_page_and_the_file_are_those_of_the_trainings(script):
    rows = script.score_rows(script.trainings())
    assert script.SCORES.read_text() == script.csv_text(rows)
    page = script.PAGE.read_text()
    assert page == script.page_text(page, rows), "run `make scorecards NAMES=digits` and commit docs/"
    done = {(line["dataset"], line["seed"]) for line in script.trainings()}
    assert len(done) == len(script.trainings())
    assert {(name, 0) for name in index.networks()} <= done


def test_cards_of_networks_state_the_trainings_of_all_seeds(script):
    for name in index.networks():
        found = sorted((line for line in script.trainings() if line["dataset"] == name), key=lambda line: line["seed"])
        if len(found) > 1:
            stated = zoo.Run(index.shipped_folder() / name).measured["seeds"]
            assert stated == [{"seed": line["seed"], "metrics": line["metrics"]} for line in found], name


def test_a_score_is_the_mean_over_the_seeds_with_its_deviation(script):
    lines = [line_of("digits", seed, accuracy) for seed, accuracy in ((1, 0.98), (0, 0.96), (2, 0.97))]
    (row,) = script.score_rows(lines)
    assert (row["mean"], row["sd"], row["seeds"], row["scores"]) == ("0.9700", "0.0100", 3, "0.9600 0.9800 0.9700")
    assert row["hardware"] == "CPU, 2 cores"


def test_what_is_missing_is_trained_once_and_stated_in_the_card(elsewhere, monkeypatch):
    lines = {seed: line_of("digits", seed, 0.9 + seed / 100) for seed in (0, 1)}
    asked = []
    monkeypatch.setattr(elsewhere, "ProcessPoolExecutor", Inline)
    monkeypatch.setattr(elsewhere, "training_of", lambda name, seed, data_dir: asked.append(seed) or lines[seed])
    before = load_run(zoo.Run(elsewhere.train_networks.SHIPPED / "digits")).model.get_weights()
    for _ in range(2):
        done = CliRunner().invoke(elsewhere.main, ["digits", "--seeds", "2"], catch_exceptions=False)
        assert done.exit_code == 0
    assert asked == [0, 1]
    assert "digits" in elsewhere.SCORES.read_text()
    run = zoo.Run(elsewhere.train_networks.SHIPPED / "digits")
    assert "Over 2 seeds:" in (run.path / "README.md").read_text()
    after = load_run(run).model.get_weights()
    assert all((one == other).all() for one, other in zip(before, after, strict=True))
    (row,) = json.loads(elsewhere.train_networks.INDEX.read_text())["networks"]
    assert row["name"] == "digits"


def test_a_shipped_network_is_the_training_of_its_seed(script, monkeypatch):
    monkeypatch.setattr(script.train_networks, "trained", None)  # It is not called.
    line = script.training_of("digits", 0, None)
    assert line["metrics"] == zoo.Run(index.shipped_folder() / "digits").measured["before_storage"]
    assert "processor" not in line


def test_the_architecture_is_that_of_the_network_or_a_recurrent_one(script):
    named = {name: script.architecture_of(name) for name in ("mnist", "adding", "sunspots", "toy_sales")}
    assert named == dict.fromkeys(named, "many_to_one") | {"mnist": "one_to_one"}
