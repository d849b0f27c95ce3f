import dataclasses
import json
import logging
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import sacrebleu
from sklearn import metrics

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.publish_run import write_config
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.errors import DataError, RunError


def test_evaluation_repeats_the_metrics_of_training(trained):
    scorecard = zoo.evaluate(trained)
    assert scorecard.metrics == pytest.approx(trained.metrics, abs=1e-6)
    assert scorecard["accuracy"] >= 0.97
    assert dict(scorecard) == scorecard.metrics
    assert scorecard.as_json() == {
        "run": "many_to_one",
        "architecture": "many_to_one",
        "dataset": "toy_reviews",
        "split": "test",
        "examples": 500,
        "metrics": scorecard.metrics,
        "confusion": {"labels": ["negative", "positive"], "counts": trained.measured["confusion_matrix"]["rows"]},
    }
    assert scorecard.report["confusion_matrix"] == trained.measured["confusion_matrix"]


def test_the_metrics_are_those_of_single_predictions(trained):
    """Evaluation and prediction are one way: the same answers, the same scores."""
    examples = registry.datasets.get("toy_reviews").make(None, 0).split("validation")
    texts, labels = zip(*examples.as_numpy_iterator(), strict=True)
    answers = zoo.predict(trained, texts)
    probabilities = np.array([list(answer["probabilities"].values()) for answer in answers])
    scorecard = zoo.evaluate(trained, split="validation")
    assert scorecard.examples == 500
    assert scorecard["loss"] == pytest.approx(-np.log(probabilities[range(500), labels]).mean(), abs=1e-5)
    predicted = [answer["label"] == "positive" for answer in answers]
    assert scorecard["accuracy"] == pytest.approx(metrics.accuracy_score(labels, predicted))


@pytest.mark.usefixtures("few_examples")
def test_translations_are_scored_by_sacrebleu(small_run):
    run = small_run("addition")
    texts, wanted = zip(*registry.datasets.get("addition").make(None, 0).split("test").as_numpy_iterator(), strict=True)
    written = [answer["text"] for answer in zoo.predict(run, texts)]
    scorecard = zoo.evaluate(run)
    expected = sacrebleu.corpus_chrf(written, [[text.decode() for text in wanted]])
    assert scorecard["chrf"] == pytest.approx(expected.score, abs=1e-4)
    assert scorecard["exact_match"] == np.mean(
        [text == right.decode() for text, right in zip(written, wanted, strict=True)]
    )
    assert scorecard.report["bleu_signature"].startswith("nrefs:1|")
    assert run.measured["bleu_signature"] == scorecard.report["bleu_signature"]


@pytest.mark.usefixtures("few_examples")
def test_the_loss_of_a_language_model_is_the_mean_over_all_tokens(small_run):
    """Stretches differ in length: a mean of means would be another figure."""
    run = small_run("tiny_shakespeare")
    loaded = zoo.load(run)
    stretches = registry.datasets.get("tiny_shakespeare").make(None, 0, chunk_length=50).split("train")
    examples = [loaded.task.example(text, text) for text, _ in stretches]
    assert len({len(targets) for _, targets in examples}) > 1
    losses = []
    for ids, targets in examples:
        logits = np.asarray(loaded.model(ids[None]))[0]
        chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        losses.append(-np.log(np.take_along_axis(chances, targets.numpy()[:, None], axis=-1)).ravel())
    scorecard = zoo.evaluate(loaded, split="train")
    assert scorecard["loss"] == pytest.approx(np.concatenate(losses).mean(), abs=1e-5)
    assert scorecard["perplexity"] == pytest.approx(math.exp(scorecard["loss"]))
    assert scorecard["bits_per_character"] == pytest.approx(scorecard["loss"] / math.log(2))


@pytest.mark.usefixtures("few_examples")
def test_the_options_of_the_dataset_are_those_it_was_trained_on(small_run, models_dir, caplog):
    run = small_run("adding")
    assert run.config.dataset.options == {"sequence_length": 12}
    with caplog.at_level(logging.WARNING, "keras_rnn_zoo.inference.evaluate"):
        scorecard = zoo.evaluate(run)
    assert scorecard.metrics == pytest.approx(run.metrics, abs=1e-6)
    assert not warnings(caplog)
    other = Run(Path(shutil.copytree(run.path, models_dir / "other")))
    dataset = dataclasses.replace(run.config.dataset, options={"sequence_length": 20})
    write_config(other, dataclasses.replace(run.config, dataset=dataset))
    assert zoo.evaluate(other)["mse"] != scorecard["mse"]
    (warning,) = warnings(caplog)
    assert "The dataset adding is not the one that other was trained on" in warning


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "keras_rnn_zoo.inference.evaluate"]


def test_an_unknown_split_is_named(trained):
    with pytest.raises(DataError, match=r"no split 'tests'\. Did you mean 'test'"):
        zoo.evaluate(trained, split="tests")


@pytest.mark.usefixtures("few_examples")
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_without_an_example_is_named(small_run, monkeypatch, split):
    entry = registry.datasets.get("adding")
    examples = entry.make(None, 0, sequence_length=12)
    splits = {**examples.splits, split: lambda: examples.splits[split]().take(0)}
    opened = dataclasses.replace(examples, splits=splits)
    monkeypatch.setattr("keras_rnn_zoo.inference.rebuild.open_examples", lambda *_: opened)
    told = f"The split '{split}' of the dataset is empty"
    with pytest.raises(DataError, match=told):
        zoo.evaluate(small_run("adding"), split=split)
    with pytest.raises(DataError, match=told):
        zoo.train("many_to_one", dataset="adding", units=4, sequence_length=12, epochs=1, verbose=0)


def test_a_missing_run_is_named():
    with pytest.raises(RunError, match="no run 'nothing'"):
        zoo.evaluate("nothing")


def test_values_that_are_not_finite_are_left_out(trained, monkeypatch):
    task = "keras_rnn_zoo.tasks.classification.Classification"
    monkeypatch.setattr(f"{task}.score", lambda *_: ({"accuracy": 0.5, "roc_auc": math.nan}, {}))
    scorecard = zoo.evaluate(trained, split="validation")
    assert set(scorecard) == {"loss", "accuracy"}
    assert json.loads(json.dumps(scorecard.as_json(), allow_nan=False))["metrics"]["accuracy"] == 0.5
