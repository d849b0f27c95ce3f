"""What translation and captioning share, on a translation."""

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.readers.series import SeriesReader
from keras_rnn_zoo.readers.text import TextReader
from keras_rnn_zoo.tasks._text_generation import as_texts, exact_match
from keras_rnn_zoo.tasks.translation import Translation


@pytest.fixture
def task():
    task = Translation(TextReader(max_length=4), (), max_length=3, target_tokens="words")
    task.fit(tf.data.Dataset.from_tensor_slices((["one two", "one"], ["un deux", "un"])))
    return task


@pytest.fixture
def lossless():
    task = Translation(TextReader(max_length=4), (), max_length=3)
    task.fit(tf.data.Dataset.from_tensor_slices((["one", "two"], ["Un Deux?", "Un Deux?"])))
    return task


def test_both_sides_have_a_vocabulary_and_only_one_has_marks_of_start_and_end(task, tmp_path):
    assert task.reader.ids.vocabulary == ["", "[UNK]", "one", "two"]
    assert task.target_ids.vocabulary == ["", "[UNK]", "[START]", "[END]", "un", "deux"]
    assert task.model_options() == {"input": "text", "vocabulary_size": 4, "target_vocabulary_size": 6}
    task.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["target_vocabulary.txt", "vocabulary.txt"]
    loaded = Translation(TextReader(max_length=4), (), max_length=3, target_tokens="words")
    loaded.load(tmp_path)
    assert loaded.target_ids.vocabulary == task.target_ids.vocabulary
    assert loaded.resources() == [loaded.reader.ids, loaded.target_ids]


def test_the_model_reads_the_text_from_its_start_and_predicts_it_to_its_end(task):
    inputs, target = task.example(tf.constant("one two"), tf.constant("un deux"))
    assert inputs["source"].numpy().tolist() == [2, 3]
    assert inputs["target"].numpy().tolist() == [2, 4, 5]
    assert target.numpy().tolist() == [4, 5, 3]


@pytest.mark.parametrize(
    ("text", "ids"), [("un un deux un un", [4, 4, 5, 4]), ("un un un un", [4] * 4), ("un un un", [4, 4, 4, 3])]
)
def test_a_longer_text_is_cut_and_has_no_end_mark(text, ids, task):
    inputs, target = task.example(tf.constant("one"), tf.constant(text))
    assert target.numpy().tolist() == ids
    assert inputs["target"].numpy().tolist() == [2, *ids[:-1]]


def test_an_empty_text_ends_at_once(task):
    inputs, target = task.example(tf.constant("one"), tf.constant(""))
    assert (inputs["target"].numpy().tolist(), target.numpy().tolist()) == ([2], [3])


def test_by_default_targets_are_written_as_they_are(lossless):
    assert lossless.target_ids.vocabulary[4:6] == [" Deux", "?"]
    _, target = lossless.example(tf.constant("one"), tf.constant("Un Deux?"))
    found = {"ids": target[None, None], "scores": tf.constant([[-0.5]])}
    assert lossless.decode(found, None)["text"].numpy().tolist() == [b"Un Deux?"]
    _, target = lossless.example(tf.constant("one"), tf.constant("nUe Deux"))  # A word never seen, of known characters.
    assert lossless.target_ids.to_text(target[None]).numpy().tolist() == [b"nUe Deux"]


def test_examples_are_alike_in_what_is_written_and_then_in_what_is_read(task):
    assert [*map(int, task.lengths(*task.example(tf.constant("one one one one"), tf.constant("un"))))] == [2, 4]
    assert [*map(int, task.lengths(*task.example(tf.constant("one"), tf.constant("un deux"))))] == [3, 1]
    assert task.variable_length


def test_an_answer_is_the_best_text_of_the_search(task):
    ids = tf.constant([[[4, 5, 3, 0], [4, 4, 4, 4]], [[3, 0, 0, 0], [4, 3, 0, 0]]])
    answer = task.decode({"ids": ids, "scores": tf.constant([[-0.5, -1.0], [-0.1, -2.0]])}, None)
    assert answer["text"].numpy().tolist() == [b"un deux", b""]
    np.testing.assert_allclose(answer["score"], [-0.5, -0.1])


def test_evaluation_scores_what_is_written_from_the_source_alone(task):
    seen = []

    def write(inputs):
        seen.append(set(inputs))
        return {"ids": tf.constant([[[4, 3]]]), "scores": tf.constant([[-1.0]])}

    answers = task.predictions_for_scoring(write, {"source": tf.constant([[2]]), "target": tf.constant([[2, 5]])}, None)
    assert answers["text"].numpy().tolist() == [b"un"]
    assert seen == [{"source"}]


def test_a_source_may_be_numbers():
    task = Translation(SeriesReader(), (), target_tokens="words")
    task.fit(tf.data.Dataset.from_tensors((tf.ones((5, 2)), tf.constant("un"))))
    inputs, target = task.example(tf.ones((5, 2)), tf.constant("un"))
    assert inputs["source"].shape == (5, 2)
    assert [*map(int, task.lengths(inputs, target))] == [2, 5]


def test_exact_match_is_the_share_of_texts_that_are_one_of_their_references():
    assert exact_match(["a", "b", "c"], [["a"], ["x", "b"], ["C", "c "]]) == pytest.approx(2 / 3)
    assert exact_match([], []) == 0


def test_bytes_that_are_not_utf_8_are_replaced():
    assert as_texts([b"ok", b"\xff"]) == ["ok", "\N{REPLACEMENT CHARACTER}"]
