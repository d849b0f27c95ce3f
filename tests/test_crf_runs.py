"""Runs whose tags a conditional random field scores together."""

import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import OptionError, StreamingError
from keras_rnn_zoo.tasks._spans import invalid_transitions

TEXTS = ["book a table for two at casa luna tonight", "", "play blue by anna bell"]


@pytest.fixture(scope="module")
def run(trained_once, shrink):
    """A run that is trained for an epoch: its tags are far from certain."""
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        options = {"units": 4, "embedding_dim": 4, "char_units": 0, "bidirectional": False}
        return zoo.Run(
            trained_once("crf", "tagger", dataset="slots", crf=True, valid_spans=True, epochs=1, **options).path
        )


def is_valid(tags):
    return all(
        not tag.startswith("I-") or before[1:] == tag[1:] != "" for before, tag in zip(["", *tags], tags, strict=False)
    )


def test_predictions_are_valid_and_do_not_depend_on_the_batch(run):
    together = run.predict(TEXTS)
    assert [len(answer["tags"]) for answer in together] == [9, 0, 5]
    assert together == [run.predict([text])[0] for text in TEXTS]
    assert all(is_valid(answer["tags"]) for answer in together)


@pytest.mark.usefixtures("few_examples")
def test_evaluation_repeats_the_best_epoch(run):
    measured = run.evaluate(split="validation")
    best = run.config.best_epoch - 1
    assert measured["loss"] == pytest.approx(run.history["val_loss"][best], abs=1e-4)
    assert measured["accuracy"] == pytest.approx(run.history["val_accuracy"][best], abs=1e-6)


def test_a_model_alone_has_the_predicted_tags_as_its_highest_outputs(run):
    loaded = zoo.load(run)
    task, model = loaded.task.standalone(loaded.model)
    ids = task.preprocess(*task.to_batch(TEXTS))
    tags = np.array(task.classes)[model.predict_on_batch(ids).argmax(-1)]
    for row, answer in zip(tags, loaded.predict(TEXTS), strict=True):
        assert row[: answer["lengths"]].tolist() == answer["tags"]
    endpoints = loaded.task.endpoints(loaded.model)
    probabilities = endpoints["probabilities"].call(*loaded.task.to_batch(TEXTS))["probabilities"].numpy()
    assert probabilities.shape == (3, 9, len(task.classes))
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-5)


def test_an_inspection_shows_the_predicted_tags_and_their_probabilities(run):
    loaded = zoo.load(run)
    found = zoo.inspect(loaded, TEXTS[0], explain=2)
    outputs, names = found.outputs, loaded.task.classes
    assert found.timelines[outputs.timeline].labels == tuple(TEXTS[0].split())
    assert outputs.values.shape == (9, len(names))
    assert list(outputs.chosen) == found.prediction["tags"] == loaded.predict(TEXTS[:1])[0]["tags"]
    endpoint = loaded.task.endpoints(loaded.model)["probabilities"]
    expected = endpoint.call(*loaded.task.to_batch(TEXTS[:1]))["probabilities"].numpy()[0]
    np.testing.assert_allclose(outputs.values, expected, atol=1e-5)
    explained = expected[2, names.index(outputs.chosen[2])]
    assert found.importance.value == pytest.approx(np.log(explained), rel=1e-4)
    assert found.importance.completeness_error < 0.01


def test_a_stream_is_refused(run):
    with pytest.raises(StreamingError, match=r"it chooses the tags of the whole sentence together\. Train"):
        zoo.stream(run)


@pytest.mark.slow  # Three exporters.
@pytest.mark.usefixtures("few_examples")
@pytest.mark.parametrize("format", ["saved_model", "tflite", "onnx"])
def test_exports_find_the_same_tags(run, format, models_dir):
    """Each export is compared with its run before it is published."""
    if format != "saved_model":
        pytest.importorskip("ai_edge_litert" if format == "tflite" else "tf2onnx", reason="the extra is not installed")
    path = zoo.export(run, format=format)
    if format == "saved_model":
        assert zoo.load(path).predict(TEXTS) == run.predict(TEXTS)


def test_a_tag_that_continues_a_span_follows_one_of_the_same_span():
    tags = ["O", "B-A", "I-A", "B-B", "I-B", "E-B"]
    invalid = invalid_transitions(tags)
    follows = {
        tag: {"start" if row == 6 else tags[row] for row in np.flatnonzero(~invalid[:7, column])}
        for column, tag in enumerate(tags)
    }
    assert follows["I-A"] == {"B-A", "I-A"}
    assert follows["I-B"] == follows["E-B"] == {"B-B", "I-B"}
    assert follows["O"] == follows["B-A"] == {*tags, "start"}
    assert not invalid[7].any()


@pytest.mark.parametrize(
    ("tags", "received"), [(["NOUN", "VERB"], "'NOUN, VERB'"), (["O", "B-A", "I-B"], "'I-B' with")]
)
def test_tags_of_another_kind_are_refused(tags, received):
    with pytest.raises(OptionError, match="'valid_spans' expects tags of spans") as error:
        invalid_transitions(tags)
    assert f"received {received}" in str(error.value)


def test_options_without_effect_are_refused():
    with pytest.raises(OptionError, match="'crf' applies only to tagging, but the task is language_modeling"):
        zoo.train("language_model", crf=True)
    with pytest.raises(OptionError, match="works only with crf=true"):
        zoo.train("tagger", valid_spans=True)
    with pytest.raises(OptionError, match="'crf' applies only to tags"):
        zoo.build("tagger", head="regression", crf=True)
