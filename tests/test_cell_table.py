"""The table of cells: its program, its results, and the page that shows them agree."""

import importlib
import json
from pathlib import Path

import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.training.settings import SETTINGS


@pytest.fixture
def program(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    return importlib.import_module("cell_table")


@pytest.fixture
def lines(program):
    return [json.loads(line) for line in program.RESULTS.read_text().splitlines()]


def test_the_page_shows_the_results(program, lines):
    page = program.PAGE.read_text()
    assert program.page_text(page, lines) == page
    assert len({(line["task"], line["cell"], line["seed"]) for line in lines}) == len(lines)


def test_what_is_measured_is_not_measured_again(program):
    done = [{"task": "parity", "cell": cell, "seed": seed} for cell in program.cells() for seed in range(3)]
    done = [line for line in done if (line["cell"], line["seed"]) != ("gru", 1)]
    assert list(program.pending(["parity"], program.cells(), 3, done)) == [("parity", "gru", 1)]


def test_a_table_has_the_mean_and_the_spread_of_the_seeds(program):
    line = {"task": "parity", "cell": "gru", "units": 44, "processor_minutes": 1.5}
    table = program.table([{**line, "seed": seed, "score": score} for seed, score in enumerate((0.5, 0.6, 0.7))])
    assert table.splitlines()[2] == "| `gru` | 44 | 60.0 ± 10.0 | 1.5 |"


def test_the_minutes_are_those_of_the_last_training_of_each_task_that_all_cells_have(program):
    line = {"metric": "accuracy", "units": 44, "score": 0.5}
    parity = [{**line, "task": "parity", "cell": cell, "seed": 0, "processor_minutes": 2.0} for cell in ("gru", "lstm")]
    again = {**parity[0], "seed": 1, "processor_minutes": 1.0}
    other = {**parity[0], "task": "imdb_reviews", "processor_minutes": 50.0}
    _, _, gru, lstm = program.table([*parity, again, other]).splitlines()
    assert gru.endswith("| 1.0 |") and lstm.endswith("| 2.0 |")


@pytest.mark.parametrize("row", ["mingru", "lstm, plain"])
def test_networks_have_about_as_many_weights(program, row):
    options = program.options_of(row)
    wanted = program._weights("lstm", "residual", program.LSTM_UNITS)
    sizes = {
        units: abs(program._weights(options["cell"], options["block"], units) - wanted)
        for units in range(options["units"] - 8, options["units"] + 9, 4)
    }
    assert min(sizes, key=sizes.get) == options["units"]


def test_every_setting_of_a_task_exists(program):
    for task in program.TASKS.values():
        if task.dataset:
            dataset = registry.datasets.get(task.dataset)
            known = registry.options_of(registry.architectures.get(task.architecture), dataset)
            assert set(task.settings) <= {*known, *SETTINGS}
