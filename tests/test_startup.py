"""What goes before a command's own work stays little: graphs that TensorFlow traces, and passes over files."""

import importlib
import itertools
from pathlib import Path

import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.datasets.toy_reviews import generate
from keras_rnn_zoo.user_data import dataset as opening

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def traced(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("traces").traced


def test_a_training_on_a_small_file_reads_it_once_a_split_and_traces_few_graphs(tmp_path, traced, monkeypatch):
    rows = [f"{text}\t{label}" for text, label in itertools.islice(generate(), 60)]
    (tmp_path / "reviews.tsv").write_text("\n".join(["text\tlabel", *rows]))
    passes, checked_rows = [], opening.checked_rows
    monkeypatch.setattr(opening, "checked_rows", lambda *args: passes.append(args) or checked_rows(*args))
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
