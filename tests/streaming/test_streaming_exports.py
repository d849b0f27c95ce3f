"""Streaming exports answer as their runs do for whole inputs, and are refused where a run needs its whole input."""

import json
import shutil
from types import SimpleNamespace

import pytest
import tensorflow as tf
from processes import run_command

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import ExportError, RunError, StreamingError
from keras_rnn_zoo.exporting import check as checking
from keras_rnn_zoo.exporting import stream_check
from keras_rnn_zoo.streaming.signatures import fault_of_stream

TEXT = "although the plot is dull , the cast is superb"


@pytest.fixture(scope="module")
def classifier(trained_once, shrink):
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        return zoo.Run.find(
            trained_once("one_way", "many_to_one", epochs=1, units=4, embedding_dim=4, bidirectional=False)
        )


@pytest.fixture(scope="module")
def tagger(trained_once, shrink):
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        return zoo.Run.find(
            trained_once("tags", "sync_many_to_many", epochs=1, units=4, embedding_dim=4, bidirectional=False)
        )


@pytest.fixture
def copy(models_dir, monkeypatch):
    """A function that copies a run, to export it; exports are checked with few examples."""
    monkeypatch.setattr(checking, "EXAMPLES", 9)
    monkeypatch.setattr(checking, "subprocess", SimpleNamespace(run=run_command))
    return lambda run: shutil.copytree(run.path, models_dir / run.name)


@pytest.fixture(scope="module")
def exported(classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("streaming") / classifier.name
    shutil.copytree(classifier.path, folder)
    return zoo.export(folder, streaming=True, check=False)


@pytest.mark.usefixtures("few_examples")
def test_an_export_gets_random_parts_and_answers_as_for_whole_inputs(classifier, tagger, small_run, copy):
    for run in (classifier, tagger, small_run("tiny_shakespeare")):
        path = zoo.export(copy(run), streaming=True)
        assert path.parts[-2:] == ("streaming", "1")
        facts = json.loads((path / "export.json").read_text())
        assert facts["streaming"] is True
        assert list(facts["endpoints"]) == ["start", "step"]
        assert facts["check"]["parts"] == 4
        assert facts["check"]["examples"] >= 1
        assert all(value < 1e-5 for value in facts["check"]["differences"].values())
    assert next(row["exports"] for row in zoo.runs() if row["run"] == classifier.name) == ["streaming/1"]


@pytest.mark.usefixtures("few_examples")
def test_an_export_that_answers_otherwise_is_not_published(classifier, copy, monkeypatch):
    path = copy(classifier)
    other = [{"label": "positive", "probabilities": {"negative": 0.5, "positive": 0.5}}] * 9
    monkeypatch.setattr(stream_check, "whole_predictions", lambda loaded, inputs: other)
    with pytest.raises(ExportError, match="different predictions"):
        zoo.export(path, streaming=True)
    assert not list((path / "streaming").glob("[1-9]*"))


def test_an_export_is_loaded_to_stream_and_to_predict(classifier, exported):
    expected = classifier.predict([TEXT])[0]
    loaded = zoo.load(exported)
    assert loaded.predict([TEXT, ""])[0] == expected
    stream = zoo.stream(loaded)
    for part in (TEXT[:13], TEXT[13:14], TEXT[14:]):
        answer = stream.feed(part)
    assert answer["label"] == expected["label"]
    assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)


def test_stock_tensorflow_streams(classifier, exported):
    signatures = tf.saved_model.load(str(exported)).signatures
    states = signatures["start"](rows=tf.constant(2))
    for parts in (["although the plot is d", TEXT], ["ull , the cast is superb", ""]):
        outputs = signatures["step"](**states, text=tf.constant(parts))
        states = {name: outputs[name] for name in states}
    expected = list(classifier.predict([TEXT])[0]["probabilities"].values())
    for row in outputs["probabilities"].numpy():
        assert row == pytest.approx(expected, abs=1e-5)


def test_what_cannot_stream_says_so(copy, small_run, small_export, exported):
    copied = copy(small_run("toy_reviews"))
    with pytest.raises(StreamingError, match="bidirectional=false"):
        zoo.export(copied, streaming=True)
    assert not (copied / "streaming" / "1").exists()
    with pytest.raises(StreamingError, match="Tasks that can answer"):
        zoo.stream(small_run("addition"))
    with pytest.raises(StreamingError, match="--streaming"):
        zoo.stream(small_export("toy_reviews"))
    with pytest.raises(StreamingError, match="recordings"):
        zoo.stream(exported, rate=8000)
    with pytest.raises(ExportError, match="without `quantize`"):
        zoo.export(copied, format="tflite", quantize=True, streaming=True)


def test_an_export_whose_signatures_do_not_fit_its_task_is_refused(exported, classifier, tagger):
    saved_model = tf.saved_model.load(str(exported))
    assert fault_of_stream(classifier.task, saved_model) == ""
    assert "final" in fault_of_stream(tagger.task, saved_model)
    step = saved_model.signatures["step"]
    assert "'start' and 'step'" in fault_of_stream(classifier.task, SimpleNamespace(signatures={"step": step}))
    swapped = SimpleNamespace(signatures={"start": step, "step": step})
    assert "rows" in fault_of_stream(classifier.task, swapped)
    for signatures in (tf.Variable(1), None, {"start": step, "step": SimpleNamespace(structured_outputs=[])}):
        assert fault_of_stream(classifier.task, SimpleNamespace(signatures=signatures))


def test_a_language_model_in_parts_continues_no_prompts(small_run, copy):
    path = zoo.export(copy(small_run("tiny_shakespeare")), streaming=True, check=False)
    assert zoo.stream(path).feed("To be")["token"]
    with pytest.raises(StreamingError, match="continues no prompts"):
        zoo.predict(path, ["To be"])


def test_a_missing_export_is_told_from_a_missing_run(exported, classifier):
    with pytest.raises(RunError, match=rf"There is no export .*7\. Exports of the run '{classifier.name}': .*1\.$"):
        zoo.stream(exported.parent / "7")
    with pytest.raises(RunError, match=r"has none\. Write one: zoo export "):
        zoo.load(classifier.path / "streaming" / "1")


def test_a_failing_graph_is_told(exported):
    stream = zoo.stream(exported)
    stream.states = {name: value[:, :1] if value.shape.rank == 2 else value for name, value in stream.states.items()}
    with pytest.raises(RunError, match="failed to predict"):
        stream.feed("a film")
