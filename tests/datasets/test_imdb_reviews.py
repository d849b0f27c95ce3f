"""The builder's code over dummy data, and the real reviews where they are at hand."""

from collections import Counter

import numpy as np
import pytest
import tensorflow_datasets as tfds

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import split_off_validation
from keras_rnn_zoo.errors import DataError

ENTRY = registry.datasets.get("imdb_reviews")


@pytest.fixture(scope="module")
def real(tfds_dir):
    return ENTRY.make(str(tfds_dir), 0)


def texts(examples, split):
    return [text for text, _ in examples.split(split).as_numpy_iterator()]


@pytest.mark.slow
def test_the_splits_are_train_validation_and_test(real, tfds_dir):
    parts = {name: texts(real, name) for name in ("train", "validation", "test")}
    assert {name: len(part) for name, part in parts.items()} == {"train": 22_500, "validation": 2500, "test": 25_000}
    # The data set itself repeats some reviews: what was carved must be what TFDS has, no more and no less.
    builder = tfds.builder_from_directory(tfds_dir / ENTRY.location / real.version)
    whole = [example["text"] for example in tfds.as_numpy(builder.as_dataset("train"))]
    assert Counter(parts["train"]) + Counter(parts["validation"]) == Counter(whole)


@pytest.mark.slow
def test_the_seed_draws_the_validation_split(real, tfds_dir):
    again, other = ENTRY.make(str(tfds_dir), 0), ENTRY.make(str(tfds_dir), 1)
    assert texts(again, "validation") == texts(real, "validation")
    assert texts(other, "validation") != texts(real, "validation")
    assert texts(other, "test")[:100] == texts(real, "test")[:100]


def test_version_checksum_and_classes(real):
    assert real.version == "1.0.0"
    assert len(real.checksum) == 64
    assert real.classes == ("negative", "positive")


def test_an_unknown_split_is_named(real):
    with pytest.raises(DataError, match=r"no split 'tset'\. Did you mean 'test'\?"):
        real.split("tset")


def test_splitting_off_validation_loses_and_repeats_nothing():
    import tensorflow as tf

    numbers = tf.data.Dataset.range(100).map(lambda number: (number, number))
    parts = split_off_validation(numbers, 100, 0.1, seed=3)
    train, validation = ([int(x) for x, _ in parts[name]()] for name in ("train", "validation"))
    assert len(validation) == 10
    assert sorted(train + validation) == list(range(100))
    assert train == sorted(train)
    assert np.ptp(validation) > 20
