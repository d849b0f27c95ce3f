import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.batching.batches import make_batches
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers.words import WordsReader
from keras_rnn_zoo.tasks.tagging import Tagging

CLASSES = ("O", "B-LOC", "B-PER", "I-LOC", "I-PER")


def tagging(classes=CLASSES, **options):
    task = Tagging(WordsReader(**options), classes)
    task.reader.words.set_vocabulary(["ada", "in", "is", "new", "york"])
    return task


def score(truth, guesses, classes=CLASSES):
    """Scores tags, each sentence's joined by spaces; guesses are padded to one length, as batches are."""
    longest = max(len(row.split()) for row in guesses)
    rows = [np.array([tag.encode() for tag in (row.split() + [""] * longest)[:longest]], "O") for row in guesses]
    return tagging(classes).score({"tags": rows}, [row.encode() for row in truth], 0.1)[0]


def test_the_confusion_matrix_counts_the_words_that_have_tags():
    rows = [np.array([b"B-PER", b"O", b""], "O"), np.array([b"B-LOC", b"", b""], "O")]
    report = tagging().score({"tags": rows}, [b"B-PER B-LOC O", b"B-LOC"], 0.1)[1]
    counts = {
        (a, b): count
        for a, row in zip(CLASSES, report["confusion_matrix"]["rows"], strict=True)
        for b, count in zip(CLASSES, row, strict=True)
    }
    assert report["confusion_matrix"]["labels"] == list(CLASSES)
    # The third word is beyond the maximum length and has no prediction.
    assert {pair: count for pair, count in counts.items() if count} == {
        ("B-PER", "B-PER"): 1,
        ("B-LOC", "O"): 1,
        ("B-LOC", "B-LOC"): 1,
    }


def test_targets_are_the_numbers_of_the_tags_and_unknown_ones_are_ignored():
    inputs, targets = tagging().example(tf.constant("Ada is in Japan"), tf.constant("B-PER O O B-MISC"))
    assert inputs.numpy().tolist() == [2, 4, 3, 1]
    assert targets.numpy().tolist() == [2, 0, 0, -1]


def test_an_answer_has_a_tag_for_each_word():
    task = tagging()
    texts = tf.constant(["Ada is in New York", "Ada", ""])
    inputs = task.preprocess(texts)
    logits = np.zeros((3, 5, 5), "float32")
    for row, tags in enumerate([[2, 0, 0, 1, 3], [2, 4, 4, 4, 4], [4] * 5]):
        logits[row, range(5), tags] = 1
    answers = {**task.echoed_inputs(texts), **task.decode(logits, inputs)}
    assert answers["lengths"].numpy().tolist() == [5, 1, 0]
    assert answers["tags"].numpy()[1].tolist() == [b"B-PER", b"", b"", b"", b""]
    assert answers["tokens"].numpy()[0].tolist() == [b"Ada", b"is", b"in", b"New", b"York"]
    plain = {"tokens": ["Ada", "", ""], "tags": ["B-PER", "", ""], "lengths": 1}
    assert task.trim(plain) == {"tokens": ["Ada"], "tags": ["B-PER"], "lengths": 1}
    assert task.describe(task.trim(plain)) == "Ada/B-PER"


def test_words_with_their_characters_are_answered_alike():
    task = tagging(char_units=3)
    task.reader.characters.set_vocabulary(list("ad"))
    inputs = task.preprocess(tf.constant(["Ada is", "Ada"]))
    assert len(inputs.shape) == 3
    assert task.decode(np.zeros((2, 2, 5), "float32"), inputs)["lengths"].numpy().tolist() == [2, 1]


def test_span_f1_counts_whole_spans():
    truth = ["B-PER I-PER O B-LOC", "O B-LOC I-LOC"]
    # Of three spans one is found whole, one is cut short and one is missed; two are guessed.
    guesses = ["B-PER I-PER O O", "O B-LOC O"]
    metrics = score(truth, guesses)
    assert metrics["accuracy"] == pytest.approx(5 / 7)
    precision, recall = 1 / 2, 1 / 3
    assert metrics["f1"] == pytest.approx(2 * precision * recall / (precision + recall))


def test_a_span_of_the_wrong_kind_is_a_mistake():
    assert score(["B-PER I-PER"], ["B-LOC I-LOC"]) == {"accuracy": 0, "f1": 0}
    assert score(["B-PER I-PER O"], ["B-PER I-PER O"]) == {"accuracy": 1, "f1": 1}


def test_tags_that_make_no_spans_have_accuracy_alone():
    assert score(["DET NOUN", "VERB"], ["DET VERB", "VERB"], ("DET", "NOUN", "VERB")) == {
        "accuracy": pytest.approx(2 / 3)
    }


def test_words_beyond_the_longest_length_count_as_mistakes():
    # Three words were read of the five and four there are, the last of which are O and the end of a span.
    metrics = score(["O O O O O", "O O B-PER I-PER"], ["O O O", "O O B-PER"])
    assert metrics["accuracy"] == pytest.approx(6 / 9)
    assert metrics["f1"] == 0


def test_words_whose_tag_is_unspecified_teach_nothing_and_do_not_count():
    _, targets = tagging().example(tf.constant("Ada is in"), tf.constant("_ O B-LOC"))
    assert targets.numpy().tolist() == [-1, 0, 1]
    truth = ["_ B-PER I-PER _", "_ _", "O"]
    right, wrong = ["O B-PER I-PER B-LOC", "B-PER O", "O"], ["B-PER B-PER O O", "O O", "O"]
    assert score(truth, right) == {"accuracy": 1, "f1": 1}
    assert score(truth, wrong) == {"accuracy": pytest.approx(2 / 3), "f1": 0}
    # Where "_" is a class, it is a tag like any other.
    assert score(["_ A"], ["A A"], ("A", "_")) == {"accuracy": 0.5}


def test_only_the_first_words_are_read_of_a_longer_sentence():
    inputs, targets = tagging(max_length=2).example(tf.constant("Ada is in York"), tf.constant("B-PER O O B-LOC"))
    assert inputs.shape == targets.shape == (2,)


@pytest.mark.parametrize(
    ("text", "tags", "told"),
    [
        ("Ada is in", "B-PER O", "a sentence of 3 words has 2 tags: Ada is in"),
        ("Ada", "B-PER O", "a sentence of 1 words has 2 tags: Ada"),
        # Beyond the length that is read, too.
        ("Ada is in New York", "B-PER O O B-LOC", "a sentence of 5 words has 4 tags: Ada is in New York"),
    ],
)
def test_a_sentence_with_more_or_fewer_tags_than_words_is_an_error_of_the_data(text, tags, told):
    examples = tf.data.Dataset.from_tensor_slices((["in", text], ["O", tags]))
    with pytest.raises(DataError, match=rf"^An example of the dataset cannot be used: {told}\. Correct or remove it"):
        make_batches(examples, tagging(max_length=2), 4)


def test_the_loss_leaves_padding_out():
    task = tagging()
    targets = tf.constant([[1, -1, -1], [0, 2, 1]])
    logits = np.random.default_rng(0).normal(size=(2, 3, 5)).astype("float32")
    chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = -np.log([chances[0, 0, 1], chances[1, 0, 0], chances[1, 1, 2], chances[1, 2, 1]]).mean()
    assert float(task.loss()(targets, tf.constant(logits))) == pytest.approx(expected, abs=1e-5)
    assert task.loss_weight(targets) == 4


def test_sizes_are_those_of_vocabulary_and_classes():
    assert tagging().model_options() == {"input": "text", "vocabulary_size": 7, "num_classes": 5}
