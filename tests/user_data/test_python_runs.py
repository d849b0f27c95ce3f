"""Trainings on data in memory: what a run records of it, how it is evaluated and resumed."""

import json
import shlex

import datasets
import keras
import pandas as pd
import pytest
from click.testing import CliRunner
from pages import commands_of, programs_of, text_of
from python_data import COUNT, ROWS, opened, write_csv

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError, OptionError, TrainingInterrupted
from keras_rnn_zoo.user_data.columns import ColumnError
from zoo_cli.main import cli

(PROGRAM,) = [program for program in programs_of(text_of("data.md")) if "reviews = pd.read_csv" in program]
(COMMAND,) = [command for command in commands_of(text_of("data.md")) if command.endswith("--json")]
RUNS = {"data.md": [PROGRAM, COMMAND]}
SMALL = {"units": 4, "embedding_dim": 4, "bidirectional": False, "batch_size": 64, "verbose": 0}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("data") / "rows.csv", ROWS)


@pytest.fixture(scope="module")
def runs(tmp_path_factory, address):
    """Runs on the same rows in a CSV file and in a DataFrame."""
    folder = str(tmp_path_factory.mktemp("runs"))
    kinds = {"file": address, "frame": pd.DataFrame(ROWS)}
    return {
        name: zoo.train("many_to_one", dataset=data, run=name, epochs=1, models_dir=folder, **SMALL)
        for name, data in kinds.items()
    }


def test_a_table_and_its_csv_file_give_the_same_metrics(runs):
    assert runs["frame"].metrics == runs["file"].metrics
    assert (runs["frame"].path / "history.csv").read_text() == (runs["file"].path / "history.csv").read_text()


def test_a_run_records_the_data_in_memory_that_it_was_trained_on(runs):
    dataset = runs["frame"].config.dataset
    assert dataset.name == "memory:pandas.DataFrame"
    assert dataset.checksum == opened(ROWS)[1].checksum
    assert dataset.recorded.columns == {"text": "text", "label": "label"}
    assert sum(dataset.recorded.rows.values()) == COUNT
    assert "memory:pandas.DataFrame" in (runs["frame"].path / "README.md").read_text()


def test_data_in_memory_must_be_passed_again(runs):
    with pytest.raises(DataError, match=r"a pandas\.DataFrame with 600 rows, .*evaluate\('frame', dataset=data\)"):
        zoo.evaluate(runs["frame"])
    measured = zoo.evaluate(runs["frame"], dataset=datasets.Dataset.from_dict(ROWS))
    assert (measured.split, measured.examples) == ("test", 60)
    assert measured.metrics == json.loads((runs["frame"].path / "metrics.json").read_text())["metrics"]
    assert zoo.evaluate(runs["frame"], dataset=ROWS, split="validation").examples == 60
    with pytest.raises(DataError, match=r"cannot be named by an address, 'memory:x'"):
        zoo.train("many_to_one", dataset="memory:x")


def test_other_labeled_data_is_evaluated_with_all_of_its_rows(runs, address):
    part = {"text": ROWS["text"][:50], "label": ROWS["label"][:50]}
    measured = zoo.evaluate(runs["file"], dataset=pd.DataFrame(part))
    assert (measured.dataset, measured.split, measured.examples) == ("memory:pandas.DataFrame", "all", 50)
    renamed = {"rev": part["text"], "mark": part["label"]}
    again = zoo.evaluate(runs["file"], dataset=renamed, columns={"text": "rev", "label": "mark"})
    assert again.metrics == measured.metrics
    assert zoo.evaluate(runs["file"], dataset={"review": part["text"], "stars": part["label"]}).metrics == again.metrics
    predicted = [answer["label"] for answer in zoo.predict(runs["file"], part["text"])]
    counts = json.loads(json.dumps(measured.as_json()))["confusion"]["counts"]
    true = [str(label) for label in part["label"]]
    assert counts == [[sum(pair == (a, b) for pair in zip(true, predicted, strict=True)) for b in "01"] for a in "01"]
    assert zoo.evaluate(runs["file"], dataset=address).split == "test"
    divided = {"train": part, "test": {"text": ["a"], "label": [1]}}
    assert zoo.evaluate(runs["file"], dataset=divided).examples == 51
    assert zoo.evaluate(runs["file"], dataset=divided, split="test").examples == 1


def test_data_that_does_not_fit_a_run_is_not_evaluated(runs):
    unknown = {"text": ["a", "b"], "label": [1, 2]}
    with pytest.raises(DataError, match=r"row 1, column 'label': the label is not one of the 2 seen in training"):
        zoo.evaluate(runs["file"], dataset=unknown)
    assert zoo.evaluate(runs["file"], dataset=unknown, skip_bad_rows=True).examples == 1
    with pytest.raises(DataError, match=r"'toy_reviews' has classes that the run 'file' was not trained on"):
        zoo.evaluate(runs["file"], dataset="toy_reviews")
    with pytest.raises(DataError, match=r"'digits' is for classification of image; the run 'file' is for"):
        zoo.evaluate(runs["file"], dataset="digits")
    with pytest.raises(ColumnError, match=r"none of its columns .* columns=\"text=NAME,label=NAME\"\.$"):
        zoo.evaluate(runs["file"], dataset={"a": ["b"], "c": [1]})
    with pytest.raises(DataError, match="has no split 'test'"):
        zoo.evaluate(runs["file"], dataset=unknown, split="test", skip_bad_rows=True)
    with pytest.raises(DataError, match="has no rows to evaluate"):
        zoo.evaluate(runs["file"], dataset={"text": ["a"], "label": [7]}, skip_bad_rows=True)


def test_a_resumed_training_takes_its_data_again(monkeypatch):
    """It needs the same data, which may be held by another library."""
    settings = {**SMALL, "epochs": 2}

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch:
                raise KeyboardInterrupt

    fit = keras.Model.fit
    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "fit", lambda *a, callbacks, **k: fit(*a, callbacks=[*callbacks, Interrupt()], **k))
        with pytest.raises(TrainingInterrupted):
            zoo.train("many_to_one", dataset=ROWS, **settings)
    with pytest.raises(DataError, match="Pass the same data again"):
        zoo.train("many_to_one", resume=True, verbose=0)
    with pytest.raises(DataError, match="differs from the one this training began with"):
        zoo.train("many_to_one", dataset={**ROWS, "text": ROWS["text"][::-1]}, resume=True, verbose=0)
    with pytest.raises(OptionError, match="started with dataset='memory:dict'"):
        zoo.train("many_to_one", dataset="toy_reviews", resume=True, verbose=0)
    assert zoo.train("many_to_one", dataset=ROWS, resume=True, verbose=0).config.epochs_trained == 2


def test_the_program_and_the_command_in_the_documentation_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    columns = {"review": ROWS["text"], "stars": ROWS["label"]}
    write_csv(tmp_path / "reviews.csv", columns)
    for name in ("more.csv", "new.csv"):
        write_csv(tmp_path / name, {column: values[:40] for column, values in columns.items()})
    train = zoo.train
    monkeypatch.setattr(zoo, "train", lambda name, *, epochs, **given: train(name, epochs=1, **SMALL, **given))
    exec(compile(PROGRAM, "data.md", "exec"), {})
    shown = capsys.readouterr().out.split()
    result = CliRunner().invoke(cli, shlex.split(COMMAND)[1:], catch_exceptions=False)
    measured = json.loads(result.stdout)
    assert (measured["dataset"], measured["split"], measured["examples"]) == (f"csv:{tmp_path / 'new.csv'}", "all", 40)
    assert f"{measured['metrics']['accuracy']}" == shown[-1]
    assert sum(map(sum, measured["confusion"]["counts"])) == 40
    result = CliRunner().invoke(cli, ["evaluate", "many_to_one"], catch_exceptions=False)
    assert result.exit_code == 1
    assert "was trained on data in memory" in result.stderr
