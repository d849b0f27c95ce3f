"""Fixtures that the tests of several layers share."""

import pytest
import tensorflow as tf

from keras_rnn_zoo.layers.text import Tokenizer


@pytest.fixture
def tokenizer():
    """A tokenizer of words that knows a, b and c."""
    tokenizer = Tokenizer("words", vocabulary_size=100, max_length=5)
    tokenizer.adapt([tf.constant(["a b c", "a b", "a"])])
    return tokenizer
