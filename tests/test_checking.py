import json
import logging
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from processes import run_command

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError, ExportError
from keras_rnn_zoo.exporting import check as checking
from keras_rnn_zoo.exporting.formats import saved_model as exporting
from keras_rnn_zoo.inference import rebuild
from zoo_cli.main import cli


@pytest.fixture
def few(monkeypatch):
    """Fewer examples to ask, in a forked process."""
    monkeypatch.setattr(checking, "EXAMPLES", 9)
    monkeypatch.setattr(checking, "subprocess", SimpleNamespace(run=run_command))


@pytest.fixture
def changed(monkeypatch):
    """Exports whose model is another one than the run's: a bias is larger."""
    write = exporting.write_saved_model

    def write_changed(loaded, endpoints, folder):
        bias = loaded.model.get_layer("logits").bias
        before = bias.numpy()
        bias.assign(before + np.linspace(0, 0.1, len(before)))
        write(loaded, endpoints, folder)
        bias.assign(before)

    monkeypatch.setattr(exporting, "write_saved_model", write_changed)


def test_an_export_with_other_predictions_is_not_published(copied, few, changed):
    before = sorted(path.name for path in copied.path.iterdir())
    message = "gives different predictions from its run, and is not published: 'probabilities' of"
    with pytest.raises(ExportError, match=message):
        zoo.export(copied)
    assert sorted(path.name for path in copied.path.iterdir()) == before


def test_the_command_says_so_and_leaves_older_versions(copied, few, changed):
    zoo.export(copied, check=False)
    done = CliRunner().invoke(cli, ["export", "many_to_one"])
    assert done.exit_code == 1
    assert "Error: The export gives different predictions from its run" in done.stderr
    assert done.stdout == ""
    assert copied.versions() == [1]


def test_an_export_that_needs_more_than_tensorflow_is_not_published(copied, few, monkeypatch):
    monkeypatch.setattr(exporting, "write_saved_model", lambda loaded, endpoints, folder: None)
    with pytest.raises(ExportError, match="does not run with TensorFlow alone, and is not published"):
        zoo.export(copied)
    assert copied.versions() == []


def test_without_the_data_the_check_uses_synthetic_inputs_and_says_so(copied, few, monkeypatch, caplog):
    def missing(config, data_dir):
        raise DataError("There is no data here.")

    monkeypatch.setattr(rebuild, "open_examples", missing)
    with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
        path = zoo.export(copied)
    assert "of toy_reviews is not available, so the export is checked with synthetic inputs. There is no" in caplog.text
    assert "9 inputs from synthetic data in the format of toy_reviews" in caplog.text
    assert json.loads((path / "export.json").read_text())["check"]["source"].startswith("synthetic data")


def test_the_checking_process_cannot_import_this_package(tmp_path):
    import subprocess
    import sys

    code = f"import runpy, sys; main = runpy.run_path({str(checking._PROGRAM)!r})\n"
    code += "sys.meta_path.insert(0, main['Refuse']())\nimport keras_rnn_zoo"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "keras_rnn_zoo cannot be imported in this process" in done.stderr


@pytest.mark.parametrize(
    ("value", "other", "apart"),
    [
        ("a", "a", 0),
        ("a", "b", np.inf),
        (["a", "b"], ["a"], np.inf),
        (3, 4, np.inf),
        ([0.25, 0.75], [0.25, 0.5], 0.25),
        (1000.0, 1001.0, 1e-3),
        ([np.nan, 1.0], [np.nan, 1.0], 0),
        ([np.nan, 1.0], [0.0, 1.0], np.inf),
        (-np.inf, -np.inf, 0),
        (np.array([b"a"], object), np.array([b"a"], object), 0),
        ([], [], 0),
        ({"no": 0.25, "yes": 0.75}, {"no": 0.25, "yes": 0.5}, 0.25),
        ({"no": 0.25, "yes": 0.75}, {"yes": 0.25, "no": 0.75}, np.inf),
    ],
)
def test_the_difference_of_two_predictions(value, other, apart):
    assert checking.difference(value, other) == pytest.approx(apart)


def test_inputs_are_predicted_in_each_batch_size_and_again_with_a_longer_one(small_run):
    loaded = zoo.load(small_run("addition"))
    batches, arrays = checking._default_batches(loaded, ["1+2", "3+4", "5+6"] * 3)
    assert batches[:2] == [[0], [1]]
    assert batches[9] == [0, 9]
    assert batches[18:22] == [[*range(7)], [7, 8], [*range(7), 9], [7, 8, 9]]
    assert batches[22:] == [[*range(9)], [*range(10)]]
    assert len(arrays["9/text"].numpy()[0]) > 3
