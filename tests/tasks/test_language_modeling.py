import math

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.readers.text import TextReader
from keras_rnn_zoo.tasks.language_modeling import LanguageModeling


def modeling(tokens="characters", **options):
    task = LanguageModeling(TextReader(tokens=tokens, **options), ())
    task.reader.ids.set_vocabulary(list("abc"))
    return task


def test_perplexity_and_bits_follow_from_the_loss():
    scores, report = modeling().score({}, [b"ab"], 1.5)
    assert scores == pytest.approx({"perplexity": math.exp(1.5), "bits_per_character": 1.5 / math.log(2)})
    assert report == {}


def test_bits_per_character_are_told_of_characters_alone():
    assert modeling("words").score({}, [b"ab"], 0.0) == ({"perplexity": 1.0}, {})


def test_a_uniform_model_has_the_perplexity_of_its_vocabulary():
    task = modeling()
    targets = tf.constant([[2, 3, -1], [4, 2, 3]])
    loss = float(task.loss()(targets, tf.zeros((2, 3, 5))))
    assert task.loss_weight(targets) == 5
    assert task.score({}, [], loss)[0]["perplexity"] == pytest.approx(5, rel=1e-5)


def test_each_token_is_the_target_of_those_before_it():
    inputs, targets = modeling().example(tf.constant("abcx"), tf.constant("abcx"))
    assert inputs.numpy().tolist() == [0, 2, 3, 4]
    assert targets.numpy().tolist() == [2, 3, 4, 1]


def test_the_classes_are_the_tokens():
    sizes = {"input": "text", "vocabulary_size": 5, "num_classes": 5, "causal": True}
    assert modeling().model_options() == sizes


def test_a_batch_carries_how_to_answer():
    task = modeling()
    texts, temperature, seed, length = task.to_batch(["ab"], temperature=0.5, max_new_tokens=7)
    assert texts.numpy().tolist() == [b"ab"]
    assert (float(temperature), int(seed), int(length)) == (0.5, 0, 7)
    for tensor, spec in zip((texts, temperature, seed, length), task.input_signature(), strict=True):
        assert spec.is_compatible_with(tensor)


def test_the_seed_gives_the_draws():
    task = modeling()

    def draws(seed, length):
        return task.preprocess(*task.to_batch(["ab"], seed=seed, max_new_tokens=length))["draws"].numpy()

    np.testing.assert_array_equal(draws(1, 5), draws(1, 5))
    assert (draws(1, 5) != draws(2, 5)).all()
    assert len(draws(1, 9)) == 9


def test_an_answer_is_the_prompt_and_what_was_written():
    answer = modeling().decode(tf.constant([[2, 3, 4, 0], [1, 2, 0, 0]]), None)
    assert answer["text"].numpy().tolist() == [b"abc", b"a"]
