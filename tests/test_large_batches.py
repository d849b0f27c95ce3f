"""Preprocessing of several examples at a time, and of large data, where only the first examples are measured."""

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.batching import batches as pipeline
from keras_rnn_zoo.batching import preparation
from keras_rnn_zoo.batching.batches import make_batches
from keras_rnn_zoo.batching.preparation import Preparation, reads_together
from keras_rnn_zoo.readers.image import ImageReader
from keras_rnn_zoo.readers.text import TextReader
from keras_rnn_zoo.readers.words import WordsReader
from keras_rnn_zoo.tasks.classification import Classification
from keras_rnn_zoo.tasks.regression import Regression
from keras_rnn_zoo.tasks.tagging import Tagging


@pytest.fixture(scope="module")
def task():
    task = Classification(TextReader(vocabulary_size=50, max_length=60), ("no", "yes"))
    task.reader.ids.set_vocabulary([f"w{number}" for number in range(40)])
    return task


TEXTS = tf.constant(["w1 w2", "", "w3 unknown w4", "?"] * 80)


@pytest.mark.parametrize("kind", [Classification, Regression])
def test_examples_are_the_same_together_as_one_by_one(kind, task, monkeypatch):
    monkeypatch.setattr(preparation, "FEW", 0)
    other = kind(task.reader, task.classes if kind is Classification else ())
    targets = tf.random.stateless_uniform([320], [0, 1], 0, 2, tf.int64)
    data = tf.data.Dataset.from_tensor_slices((TEXTS, targets))
    assert reads_together(other)
    together = Preparation(other, True).all(data)
    assert len(list(together)) == len(TEXTS)
    for (lengths, parts), example in zip(together, data, strict=True):
        inputs, target = other.example(*example)
        assert lengths.numpy().tolist() == [inputs.shape[0]]
        for part, expected in zip(parts, (inputs, target, example[1]), strict=True):
            np.testing.assert_array_equal(part, expected)
            assert part.dtype == expected.dtype
    for found, one in zip(together.element_spec[1], (*other.example(*example), example[1]), strict=True):
        assert found.shape.rank == len(one.shape)


def test_an_example_made_in_another_way_is_made_alone(task):
    class Reversed(Classification):
        def read(self, raw):
            return super().read(raw)[::-1]

    assert not reads_together(Reversed(task.reader, task.classes))
    assert not reads_together(Tagging(WordsReader(), ("O", "B-X")))
    assert not reads_together(Classification(ImageReader(), ("no", "yes")))


def test_lengths_of_large_data_are_those_of_its_first_examples(task, monkeypatch):
    monkeypatch.setattr(pipeline, "_MAX_CACHE_BYTES", 0)
    monkeypatch.setattr(preparation, "TOGETHER", 10)
    monkeypatch.setattr(preparation, "LENGTHS", 25)
    monkeypatch.setattr(preparation, "FEW", 0)
    lengths = np.random.default_rng(0).integers(0, 60, 600)
    data = tf.data.Dataset.from_tensor_slices(([" ".join(["w1"] * length) for length in lengths], range(600)))
    chosen, choose = [], pipeline.choose_pool
    monkeypatch.setattr(pipeline, "choose_pool", lambda *given: chosen.append(given[0]) or choose(*given))
    batches = make_batches(data, task, 32, shuffle_seed=1)
    assert chosen[0].tolist() == [[max(length, 1)] for length in lengths[:30].tolist()]
    assert batches.examples == 600
    assert sorted(int(target) for _, targets in batches.data for target in targets) == list(range(600))
