import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.pipeline import make_batches
from keras_rnn_zoo.tasks.classification import Classification


@pytest.fixture(scope="module")
def task():
    task = Classification("text", ("no", "yes"), vocabulary_size=50, max_length=60)
    task.reader.set_vocabulary([f"w{number}" for number in range(40)])
    return task


def examples(lengths):
    texts = [" ".join(["w1"] * length) for length in lengths]
    return tf.data.Dataset.from_tensor_slices((texts, np.arange(len(lengths))))


LENGTHS = np.random.default_rng(0).integers(0, 60, 1000)


def test_every_example_is_in_one_batch_with_its_target(task):
    batches = make_batches(examples(LENGTHS), task, 32, shuffle_seed=1)
    seen = {}
    for inputs, targets in batches.data.as_numpy_iterator():
        seen |= {int(target): int((row != 0).sum()) for row, target in zip(inputs, targets, strict=True)}
    assert seen == dict(enumerate(LENGTHS.tolist()))
    assert batches.examples == 1000
    assert batches.count == len(list(batches.data)) == int(batches.data.cardinality())


def test_batches_hold_similar_lengths(task):
    batches = make_batches(examples(LENGTHS), task, 32, shuffle_seed=1)
    real = padded = 0
    for inputs, _ in batches.data.as_numpy_iterator():
        padded += inputs.size
        real += np.maximum((inputs != 0).sum(axis=1), 1).sum()
    # Another epoch, another order: its last batches differ a little.
    assert batches.padding == pytest.approx(1 - real / padded, abs=0.01)
    assert batches.padding < 0.15


def order(batches):
    return [int(target) for _, targets in batches.data for target in targets]


def test_the_seed_gives_the_order_and_each_epoch_another(task):
    first, again = (make_batches(examples(LENGTHS), task, 32, shuffle_seed=1) for _ in range(2))
    other = make_batches(examples(LENGTHS), task, 32, shuffle_seed=2)
    epochs = order(first), order(first)
    assert (order(again), order(again)) == epochs
    assert epochs[0] != epochs[1]
    assert order(other) != epochs[0]


def test_without_a_seed_the_order_stays(task):
    batches = make_batches(examples(LENGTHS), task, 32)
    assert order(batches) == order(batches)


def test_preprocessing_runs_once(task, monkeypatch):
    calls = []

    def counted(raw):
        calls.append(raw)
        return np.ones((1, 3), "int32")

    def in_graph(raw):
        return tf.ensure_shape(tf.py_function(counted, [raw], tf.int32), (1, 3))

    monkeypatch.setattr(task, "preprocess", in_graph)
    batches = make_batches(examples([3] * 10), task, 4)
    order(batches)
    assert len(calls) == 10
