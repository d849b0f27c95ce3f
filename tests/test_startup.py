"""What goes before a command's own work stays little: graphs that TensorFlow traces, and passes over files."""

import importlib
import itertools
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import keras_rnn_zoo as zoo
from keras_rnn_zoo.datasets.toy_reviews import generate
from keras_rnn_zoo.user_data import row_stream
from keras_rnn_zoo.user_data.formats.csv import CsvTable
from zoo_cli.main import cli

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def traced(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("traces").traced


def test_a_training_on_a_small_file_reads_it_once_a_split_and_traces_few_graphs(tmp_path, traced, monkeypatch):
    rows = [f"{text}\t{label}" for text, label in itertools.islice(generate(), 60)]
    (tmp_path / "reviews.tsv").write_text("\n".join(["text\tlabel", *rows]))
    passes, checked_rows = [], row_stream.checked_rows
    monkeypatch.setattr(row_stream, "checked_rows", lambda *args: passes.append(args) or checked_rows(*args))
    with traced() as training:
        # Units of their own, for what other tests traced is not traced again.
        run = zoo.train("many_to_one", dataset=f"tsv:{tmp_path}/reviews.tsv", epochs=1, units=3, dropout=0, verbose=0)
    assert len(passes) == 3  # Beside the survey.
    with traced() as evaluation:
        zoo.evaluate(run)
    with traced() as prediction:
        zoo.predict(run, ["a fine film", "a dull one"])
    # Of the training, 16 are of the data, 4 of Keras's steps for training and validation, 10 of the compiled loop and
    # what is in it; then the vocabulary, and the logits. A few more may come with another version of TensorFlow.
    assert 10 < len(training) <= 36
    assert 0 < len(evaluation) <= 7
    assert 0 < len(prediction) <= 2


def test_a_training_opens_and_reads_a_small_table_once(tmp_path, monkeypatch):
    """Found, checked, hashed, split and read for three splits: all from one opening, and one pass by the CSV reader."""
    rows = [f'"{text}",{label}' for text, label in itertools.islice(generate(), 60)]
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(["text,label", *rows]))
    opened, tables, passes = [], [], []
    sys.addaudithook(lambda event, args: event == "open" and str(args[0]) == str(path) and opened.append(args))
    count_calls(monkeypatch, CsvTable, "__init__", tables)
    count_calls(monkeypatch, CsvTable, "records", passes)
    result = CliRunner().invoke(
        cli, ["train", "many_to_one", "--dataset", f"csv:{path}", "--epochs", "1", "--set", "units=3", "-q",
              "--models-dir", str(tmp_path)], catch_exceptions=False,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert len(opened) == 1
    assert len(tables) == 1
    assert len(passes) <= 3  # The kinds of the columns and the defaults by the first rows; then all rows.


def count_calls(monkeypatch, cls, name, calls):
    method = getattr(cls, name)
    monkeypatch.setattr(cls, name, lambda *args, **kwargs: calls.append(args) or method(*args, **kwargs))
