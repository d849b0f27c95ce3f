"""Copying, selective copying, parity, modular arithmetic, associative recall, and MNIST pixel by pixel."""

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import OptionError

NAMES = ("associative_recall", "copying", "modular_arithmetic", "parity", "selective_copying")


def made(name, split, **options):
    """Returns the first 200 sequences of a split, each as the indices of its symbols and its target."""
    examples = registry.datasets.get(name).make(None, 0, **options)
    rows = examples.split(split).take(200).as_numpy_iterator()
    return [(vectors.argmax(axis=1).tolist(), target) for vectors, target in rows]


def asked(target):
    """Returns the steps that are scored, and their targets."""
    steps = np.flatnonzero(target >= 0)
    return steps.tolist(), target[steps].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_a_symbol_is_a_one_hot_vector(name):
    entry = registry.datasets.get(name)
    examples = entry.make(None, 0)
    assert {name: int(examples.split(name).cardinality()) for name in ("train", "validation", "test")} == {
        "train": 10_000,
        "validation": 1000,
        "test": 1000,
    }
    vectors, target = next(examples.split("train").as_numpy_iterator())
    assert vectors.shape[1] == entry.model_options["features"]
    assert (vectors.sum(axis=1) == 1).all()
    assert vectors.max() == 1
    assert len(examples.classes) == entry.model_options["num_classes"]
    assert target.shape in ((), (len(vectors),))


@pytest.mark.parametrize("name", NAMES)
def test_sequences_do_not_depend_on_the_seed_of_training_and_differ_between_splits(name):
    entry = registry.datasets.get(name)
    assert entry.make(None, 0).checksum == entry.make(None, 1).checksum
    train, test = ({str(symbols) for symbols, _ in made(name, split)} for split in ("train", "test"))
    assert len(train & test) <= 2  # The shortest ones may be the same.


@pytest.mark.parametrize("name", NAMES)
def test_all_classes_are_about_as_frequent(name):
    """So the chance level is one in the number of classes."""
    entry = registry.datasets.get(name)
    targets = [target[target >= 0] for _, target in entry.make(None, 0).split("train").take(2000).as_numpy_iterator()]
    shares = np.bincount(np.concatenate([np.atleast_1d(one) for one in targets])) / sum(map(np.size, targets))
    if name == "modular_arithmetic":  # Products are 0 more often.
        assert shares.argmax() == 0
        shares = shares[1:] / shares[1:].sum()
    np.testing.assert_allclose(shares, 1 / len(shares), rtol=0.2)


@pytest.mark.parametrize("delay", [1, 20, 300])
def test_copying_asks_for_the_first_ten_symbols_after_the_marker(delay):
    for symbols, target in made("copying", "test", delay=delay):
        steps, copied = asked(target)
        assert len(symbols) == delay + 21
        assert symbols[10:] == [8] * delay + [9] + [8] * 10
        assert steps == list(range(delay + 11, delay + 21))
        assert copied == symbols[:10]


@pytest.mark.parametrize(("length", "copied"), [(16, 16), (64, 8), (500, 3)])
def test_selective_copying_asks_for_the_symbols_among_the_blanks(length, copied):
    for symbols, target in made("selective_copying", "test", sequence_length=length, copied=copied):
        steps, wanted = asked(target)
        assert steps == list(range(length, length + copied))
        assert wanted == [symbol for symbol in symbols[:length] if symbol != 16]
        assert symbols[length:] == [17] * copied


@pytest.mark.parametrize(("split", "lengths"), [("train", (1, 12)), ("validation", (1, 12)), ("test", (13, 24))])
def test_parity_is_that_of_the_ones_and_test_sequences_are_longer(split, lengths):
    rows = made("parity", split, sequence_length=12)
    assert {min(len(bits) for bits, _ in rows), max(len(bits) for bits, _ in rows)} == {*lengths}
    assert all(target == bits.count(1) % 2 for bits, target in rows)


@pytest.mark.parametrize(("split", "lengths"), [("train", (1, 9)), ("test", (11, 19))])
def test_modular_arithmetic_follows_the_rules_of_precedence(split, lengths):
    rows = made("modular_arithmetic", split, sequence_length=9)
    assert {min(len(symbols) for symbols, _ in rows), max(len(symbols) for symbols, _ in rows)} == {*lengths}
    for symbols, target in rows:
        expression = "".join("01234+-*"[symbol] for symbol in symbols)
        assert target == eval(expression) % 5, expression


@pytest.mark.parametrize(("pairs", "length"), [(1, 3), (4, 32), (16, 200)])
def test_associative_recall_asks_for_the_value_of_each_key(pairs, length):
    for symbols, target in made("associative_recall", "test", pairs=pairs, sequence_length=length):
        value_of = dict(zip(symbols[0 : 2 * pairs : 2], symbols[1 : 2 * pairs : 2], strict=True))
        steps, values = asked(target)
        assert len(value_of) == len(steps) == pairs
        assert min(steps) >= 2 * pairs
        assert values == [value_of[symbols[step]] - 32 for step in steps]
        assert all(symbols[step] == 64 for step in range(2 * pairs, length) if step not in steps)


def test_associative_recall_needs_room_for_its_queries():
    with pytest.raises(OptionError, match=r"expects at least 15 for pairs=5.*received 14"):
        registry.datasets.get("associative_recall").make(None, 0, pairs=5, sequence_length=14)


@pytest.fixture
def prepared(write_dummy, tmp_path):
    """A folder with a few images in the schema of MNIST."""
    pixels = np.random.default_rng(0).integers(0, 256, (7, 28, 28, 1), np.uint8)
    rows = [{"image": image, "label": number} for number, image in enumerate(pixels)]
    write_dummy("mnist", tmp_path, {"train": rows[:4], "test": rows[4:]})
    return str(tmp_path)


def test_sequential_mnist_is_mnist_pixel_by_pixel(prepared):
    pictures = registry.datasets.get("mnist").make(prepared, 0).split("test").as_numpy_iterator()
    series, permuted = (
        list(registry.datasets.get("sequential_mnist").make(prepared, 0, permuted=one).split("test"))
        for one in (False, True)
    )
    for (png, label), (pixels, same), (mixed, _) in zip(pictures, series, permuted, strict=True):
        expected = tf.io.decode_image(png).numpy().reshape(784, 1) / 255
        np.testing.assert_allclose(pixels, expected, atol=1e-6)
        assert same == label
        assert not np.array_equal(mixed, pixels)
        np.testing.assert_array_equal(np.sort(mixed, axis=0), np.sort(pixels, axis=0))
