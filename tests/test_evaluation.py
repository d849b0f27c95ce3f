import numpy as np
import pytest
from sklearn import metrics

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, RunError
from keras_rnn_zoo.tasks.classification import Classification


def test_evaluation_repeats_what_training_measured(trained):
    scorecard = zoo.evaluate(trained)
    assert scorecard.metrics == pytest.approx(trained.metrics["metrics"], abs=1e-6)
    assert scorecard["accuracy"] >= 0.97
    assert scorecard.as_json() == {
        "run": "many_to_one",
        "architecture": "many_to_one",
        "dataset": "toy_reviews",
        "split": "test",
        "examples": 500,
        "metrics": scorecard.metrics,
    }


def test_the_metrics_are_those_of_the_answers_given_one_by_one(trained):
    """Evaluation and prediction are one way: the same answers, the same scores."""
    examples = registry.datasets.get("toy_reviews").make(None, 0).split("validation")
    texts, labels = zip(*examples.as_numpy_iterator(), strict=True)
    answers = zoo.predict(trained, texts)
    probabilities = np.array([answer["probabilities"] for answer in answers])
    scorecard = zoo.evaluate(trained, split="validation")
    assert scorecard.examples == 500
    assert scorecard["loss"] == pytest.approx(metrics.log_loss(labels, probabilities), abs=1e-5)
    predicted = [answer["label"] == "positive" for answer in answers]
    assert scorecard["accuracy"] == pytest.approx(metrics.accuracy_score(labels, predicted))


def test_an_unknown_split_is_named(trained):
    with pytest.raises(DataError, match=r"no split 'tests'\. Did you mean 'test'"):
        zoo.evaluate(trained, split="tests")


def test_a_missing_run_is_named():
    with pytest.raises(RunError, match="no run 'nothing'"):
        zoo.evaluate("nothing")


def score(classes, targets, probabilities):
    probabilities = np.array(probabilities, "float32")
    labels = np.array(classes)[probabilities.argmax(axis=1)].astype(bytes)
    answers = {"label": labels, "probabilities": probabilities}
    return Classification("text", classes).score(answers, np.array(targets))


def test_binary_scores():
    scores, report = score(("no", "yes"), [0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    assert scores == pytest.approx({"accuracy": 0.5, "macro_f1": 0.5, "roc_auc": 0.75})
    assert report == {"confusion_matrix": {"labels": ["no", "yes"], "rows": [[1, 1], [1, 1]]}}


def test_scores_of_several_classes():
    scores, _ = score(("a", "b", "c"), [0, 1, 2], np.eye(3) * 0.7 + 0.1)
    assert scores == pytest.approx({"accuracy": 1, "macro_f1": 1, "roc_auc": 1})


def test_the_area_is_left_out_where_a_class_is_absent():
    scores, _ = score(("no", "yes"), [1, 1], [[0.4, 0.6], [0.2, 0.8]])
    assert scores == {"accuracy": 1, "macro_f1": 0.5}
