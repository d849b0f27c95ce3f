import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.readers.text import TextReader
from keras_rnn_zoo.tasks.classification import Classification


def score(classes, targets, probabilities):
    probabilities = np.array(probabilities, "float32")
    answers = {"label": [classes[row.argmax()].encode() for row in probabilities], "probabilities": probabilities}
    return Classification(TextReader(), classes).score(answers, np.array(targets), 0.5)


def test_an_answer_is_the_likeliest_class_and_the_probability_of_each():
    logits = np.log([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]]).astype("float32")
    answers = Classification(TextReader(), ("a", "b", "c")).decode(logits, None)
    assert answers["label"].numpy().tolist() == [b"b", b"a"]
    np.testing.assert_allclose(answers["probabilities"], [[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], atol=1e-6)


def test_binary_scores():
    scores, report = score(("no", "yes"), [0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    # Of the four pairs of a "yes" and a "no", the "yes" is more probable in three.
    assert scores == pytest.approx({"accuracy": 0.5, "macro_f1": 0.5, "roc_auc": 0.75})
    assert report == {"confusion_matrix": {"labels": ["no", "yes"], "rows": [[1, 1], [1, 1]]}}


def test_the_rows_of_the_confusion_matrix_are_the_true_classes():
    _, report = score(("no", "yes"), [0, 0, 1], [[0.3, 0.7], [0.4, 0.6], [0.2, 0.8]])
    assert report["confusion_matrix"]["rows"] == [[0, 2], [0, 1]]


def test_macro_f1_is_the_mean_over_classes():
    # F1 of "no": precision 1, recall 1/2; of "yes": precision 1/2, recall 1.
    scores, _ = score(("no", "yes"), [0, 0, 1], [[0.7, 0.3], [0.4, 0.6], [0.2, 0.8]])
    assert scores["macro_f1"] == pytest.approx(2 / 3)
    # A class that is neither there nor guessed has an F1 of 0.
    scores, _ = score(("a", "b", "c"), [0, 1], [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    assert scores["macro_f1"] == pytest.approx(2 / 3)


def test_scores_of_several_classes():
    scores, _ = score(("a", "b", "c"), [0, 1, 2], np.eye(3) * 0.7 + 0.1)
    assert scores == pytest.approx({"accuracy": 1, "macro_f1": 1, "roc_auc": 1})


def test_the_most_frequent_confusions_stand_in_for_a_large_matrix():
    classes = tuple(f"class {number}" for number in range(1000))
    truth = np.repeat(np.arange(1000), 2)
    guesses = truth.copy()
    guesses[:2], guesses[2] = 5, 7  # Of class 0 both, of class 1 one.
    task = Classification(TextReader(), classes)
    scores, report = task.score({"label": [classes[number].encode() for number in guesses]}, truth, 0.5)
    assert scores["accuracy"] == pytest.approx(1997 / 2000)
    assert set(scores) == {"accuracy", "macro_f1"}
    assert report == {
        "confusions": [
            {"true": "class 0", "predicted": "class 5", "examples": 2},
            {"true": "class 1", "predicted": "class 7", "examples": 1},
        ]
    }
    wrong = [classes[(number + 1) % 1000].encode() for number in truth]
    assert len(task.score({"label": wrong}, truth, 0.5)[1]["confusions"]) == 50


@pytest.mark.parametrize("count", [100, 101])
def test_probabilities_are_kept_for_the_scores_of_few_classes_alone(count):
    task = Classification(TextReader(), tuple(map(str, range(count))))
    answers = task.predictions_for_scoring(None, None, np.zeros((2, count), "float32"))
    assert ("probabilities" in answers) == (count == 100)
    assert "probabilities" in task.decode(np.zeros((2, count), "float32"), None)


def test_the_area_is_left_out_where_a_class_is_absent():
    scores, _ = score(("no", "yes"), [1, 1], [[0.4, 0.6], [0.2, 0.8]])
    assert scores == {"accuracy": 1, "macro_f1": 0.5}


def test_classes_may_have_names_beyond_ascii(tmp_path):
    scores, _ = score(("café", "茶"), [0, 1], [[0.9, 0.1], [0.3, 0.7]])
    assert scores["accuracy"] == 1
    task = Classification(TextReader(), ("café", "茶"))
    task.save(tmp_path)
    assert (tmp_path / "labels.txt").read_text(encoding="utf-8") == "café\n茶\n"
    Classification(TextReader(), ("café", "茶")).load(tmp_path)
    with pytest.raises(ValueError, match=r"the classes in labels\.txt are not those of the configuration"):
        Classification(TextReader(), ("cafe", "茶")).load(tmp_path)


def test_the_line_for_people():
    task = Classification(TextReader(), ("no", "yes"))
    assert task.describe({"label": "yes", "probabilities": {"no": 0.021, "yes": 0.979}}) == "yes (97.9%)"


def test_the_loss_is_the_cross_entropy_of_the_logits():
    task = Classification(TextReader(), ("no", "yes"))
    loss = task.loss()(tf.constant([1, 0]), tf.constant(np.log([[0.2, 0.8], [0.6, 0.4]]), tf.float32))
    assert float(loss) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2, abs=1e-6)
    assert task.loss_weight(tf.constant([1, 0])) == 2
