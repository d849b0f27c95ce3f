"""A run as an object: what it says of itself, and what can be done with it."""

import dataclasses
import pickle
import shutil
import sys

import keras
import pytest
from test_laziness import loaded_after

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.history import History
from keras_rnn_zoo.artifacts.run import open_run
from keras_rnn_zoo.errors import RunError, UnknownNameError, ZooError

EVIL = "<b>\x1b[31m"


@pytest.fixture
def run(small_run):
    """A small run as `zoo.train` returns it: read it, do not change it."""
    return zoo.Run(small_run("toy_reviews").path)


@pytest.fixture
def damaged(run, tmp_path):
    """A copy of it without its metrics and its history."""
    copy = zoo.Run(shutil.copytree(run.path, tmp_path / "copy"))
    (copy.path / "metrics.json").write_text('{"split": "test", "examples": 3, "metrics": {"accuracy": "high"}}')
    (copy.path / "history.csv").write_text("epoch,loss\n1,low\n")
    return copy


def test_its_metrics_are_a_flat_mapping_and_its_history_a_table(run):
    assert run.metrics["accuracy"] == run.measured["metrics"]["accuracy"]
    assert set(run.metrics) == {"loss", "accuracy", "macro_f1", "roc_auc"}
    (head, *rows) = (run.path / "history.csv").read_text().splitlines()
    assert run.history.columns == head.split(",")
    assert [",".join(map(str, row.values())) for row in run.history] == rows
    assert run.history[-1]["epoch"] == run.history["epoch"][0] == 1


def test_it_loads_its_model_once_and_uses_it(run):
    assert isinstance(run.model, keras.Model)
    assert run.model is run.model
    assert run.task.classes == ("negative", "positive")
    texts = ["the film is dull", "superb"]
    for mine, other in zip(run.predict(texts), zoo.predict(run, texts), strict=True):
        assert mine["label"] == other["label"]
        assert mine["probabilities"] == pytest.approx(other["probabilities"], abs=1e-6)
    loaded = zoo.load(run)
    assert loaded.run is run
    assert loaded.model is not run.model


@pytest.mark.usefixtures("few_examples")
def test_it_evaluates_and_exports_itself(run, tmp_path):
    measured = run.evaluate()
    assert measured == pytest.approx(run.metrics, abs=1e-6)
    assert repr(measured) == f"<Scorecard of the run 'small_toy_reviews' on toy_reviews. {run.result}>"
    page = measured._repr_html_()
    for fact in ("toy_reviews", "test split, 32 examples", "accuracy", f"{measured['accuracy']:.4f}"):
        assert fact in page
    other = dataclasses.replace(measured, run=EVIL, split="all", examples=1)
    assert "All rows (1 example): loss" in repr(other)
    assert "&lt;b&gt;\\x1b[31m" in other._repr_html_()
    assert run.evaluate(split="validation").split == "validation"
    copy = zoo.Run(shutil.copytree(run.path, tmp_path / "copy"))
    assert copy.export(check=False) == copy.path / "1"
    assert copy.versions() == [1]


def test_it_is_found_by_name_and_goes_to_other_processes(run, monkeypatch):
    monkeypatch.setenv("ZOO_MODELS_DIR", str(run.path.parent))
    for name in (run.name, str(run.path), open_run(run.name)):
        found = zoo.Run.find(name)
        assert type(found) is zoo.Run and found == run
    assert zoo.Run.find(run) is run
    assert pickle.loads(pickle.dumps(run)) == run
    with pytest.raises(RunError, match="There is no run 'nothing'"):
        zoo.Run.find("nothing")


def test_it_shows_what_it_is_and_its_metrics(run):
    accuracy = f"accuracy {run.metrics['accuracy']:.4f}"
    assert repr(run).startswith("<Run 'small_toy_reviews': many_to_one on toy_reviews. Test split (32 examples): loss ")
    assert accuracy in repr(run) and str(run.path) in repr(run)
    page = run._repr_html_()
    assert "bidirectional" not in page
    for fact in ("many_to_one", "classification", "units=4, embedding_dim=4", "1 of up to 1", accuracy, str(run.path)):
        assert fact in page


def test_a_damaged_one_says_so_and_its_description_does_not_fail(damaged):
    assert "metrics.json is damaged: it has no valid 'metrics'" in repr(damaged)
    assert "metrics.json is damaged" in damaged._repr_html_()
    with pytest.raises(RunError, match=r"metrics\.json is damaged: it has no valid 'metrics'"):
        _ = damaged.metrics
    with pytest.raises(RunError, match=r"history\.csv is damaged: it is not a table with a number in each field"):
        _ = damaged.history
    (damaged.path / "history.csv").unlink()
    with pytest.raises(RunError, match=r"history\.csv is damaged: it is missing"):
        _ = damaged.history


def test_reading_it_loads_no_framework(run):
    code = (
        "import keras_rnn_zoo as zoo\nrun = zoo.Run.find({!r})\nrun.metrics, run.history, repr(run), run._repr_html_()"
    )
    assert loaded_after(code.format(str(run.path))) == set()


def test_a_history_is_a_sequence_of_rows_and_a_mapping_of_columns():
    history = History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 12345.678}])
    assert history["loss"] == [0.5, 12345.678]
    assert history[1:] == History([{"epoch": 2, "loss": 12345.678}])
    assert repr(history).splitlines() == ["epoch       loss", "    1     0.5000", "    2  1.235e+04"]
    with pytest.raises(UnknownNameError, match=r"no column 'los'\. Did you mean 'loss'\?"):
        history["los"]
    assert "<th>&lt;b&gt;\\x1b[31m</th>" in History([{"epoch": 1, EVIL: 0.0}])._repr_html_()


def test_a_history_becomes_a_data_frame():
    pytest.importorskip("pandas", reason="pandas is not installed")
    frame = History([{"epoch": 1, "loss": 0.5}]).to_pandas()
    assert frame.loc[1, "loss"] == 0.5


def test_a_history_without_pandas_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ZooError, match="pip install pandas"):
        History([{"epoch": 1}]).to_pandas()


def test_completion_shows_the_public_names_alone():
    assert set(dir(zoo)) == {*zoo.__all__, "__version__"}
    assert dir(zoo.layers) == sorted(type(entry.layer(1)).__name__ for entry in registry.cells.entries())
    assert not {name for name in vars(zoo) if not name.startswith("_")} & {"Any", "importlib", "TYPE_CHECKING"}
