"""Adversarial training: the step follows its definition, and the change has the length that was set."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.layers.steps import StepCrossentropy
from keras_rnn_zoo.training.adversarial import train_adversarially

STRENGTH, RATE = 0.7, 0.3
IDS = np.array([[1, 2, 3, 1], [2, 4, 4, 3], [3, 1, 4, 2]], dtype="int32")
TARGETS = np.array([[1.0], [-2.0], [0.5]], dtype="float32")


def linear(trainable=True):
    """Returns a model that maps the mean of three embeddings to a number, linearly."""
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(5, 3, "normal", trainable=trainable)(inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(x)))


def loss_gradients(table, kernel, bias, change):
    """Returns the gradients of the mean squared error: those of the weights, and of the embeddings of each text."""
    vectors = table[IDS] + change
    error = (vectors.mean(1) @ kernel + bias - TARGETS) * 2 / len(IDS)  # (batch, 1)
    slope = np.repeat((error @ kernel.T)[:, None] / IDS.shape[1], IDS.shape[1], 1)
    of_table = np.zeros_like(table)
    np.add.at(of_table, IDS, slope)
    return [of_table, vectors.mean(1).T @ error, error.sum(0)], slope


def test_a_step_is_that_of_its_definition():
    keras.utils.set_random_seed(0)
    model = linear()
    model.compile(keras.optimizers.SGD(RATE), "mse", metrics=["mae"])
    train_adversarially(model, STRENGTH)
    before = model.get_weights()
    clean, slope = loss_gradients(*before, 0)
    lengths = np.sqrt((before[0][IDS] ** 2).sum((1, 2), keepdims=True) / IDS.shape[1])
    change = STRENGTH * lengths * slope / np.sqrt((slope**2).sum((1, 2), keepdims=True))
    changed, _ = loss_gradients(*before, change)
    expected_loss = model.evaluate(IDS, TARGETS, verbose=0, return_dict=True)
    logs = model.train_on_batch(IDS, TARGETS, return_dict=True)
    for old, one, other, new in zip(before, clean, changed, model.get_weights(), strict=True):
        np.testing.assert_allclose(new, old - RATE * (one + other) / 2, rtol=1e-4, atol=1e-6)
        assert np.abs(one - other).max() > 1e-3
    assert logs == pytest.approx(expected_loss, rel=1e-5)  # Those of the unchanged texts.


@pytest.mark.parametrize(
    ("name", "options"),
    [("many_to_one", {}), ("sync_many_to_many", {"char_units": 3, "char_vocabulary_size": 9})],
)
def test_padding_does_not_change_a_step(name, options):
    sizes = {
        "vocabulary_size": 9,
        "embedding_dim": 4,
        "units": 3,
        "num_classes": 2,
        "dropout": 0.0,
        "word_dropout": 0.0,
    }
    random = np.random.default_rng(0)
    words = (4, 5, 3) if options else (4, 5)  # With the characters of each word.
    ids = random.integers(1, 9, words).astype("int32")
    tags = random.integers(0, 2, (4, 5)).astype("int32")
    found = []
    for padding in (0, 3):
        keras.utils.set_random_seed(0)
        model = zoo.build(name, **sizes, **options)
        loss = StepCrossentropy() if options else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(RATE), loss)
        train_adversarially(model, STRENGTH)
        padded = np.pad(ids, [(0, 0), (0, padding), (0, 0)][: ids.ndim])
        y = np.pad(tags, [(0, 0), (0, padding)], constant_values=IGNORED) if options else tags[:, 0]
        model.train_on_batch(padded, y)
        found.append(model.get_weights())
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_text_that_the_loss_does_not_depend_on_is_not_changed():
    keras.utils.set_random_seed(0)
    model = linear()
    weights = model.get_weights()
    model.set_weights([weights[0], np.zeros_like(weights[1]), np.array([2.0])])
    model.compile(keras.optimizers.SGD(RATE), "mse")
    train_adversarially(model, STRENGTH)
    model.train_on_batch(IDS, np.zeros((3, 1)))
    assert np.isfinite(np.concatenate([weight.ravel() for weight in model.get_weights()])).all()


@pytest.mark.usefixtures("few_examples")
@pytest.mark.parametrize(
    ("name", "policy"),
    [("many_to_one", "float32"), ("many_to_one", "mixed_float16"), ("tagger", "float32"), ("seq2seq", "float32")],
)
def test_texts_are_trained_on(name, policy):
    """A mixed precision scales the loss; the change does not depend on its scale."""
    run = zoo.train(name, adversarial=0.5, units=4, embedding_dim=4, epochs=1, verbose=0, dtype_policy=policy)
    assert run.config.training.adversarial == 0.5
    assert np.isfinite(run.history["loss"]).all()


def test_inputs_without_embeddings_are_refused():
    with pytest.raises(
        OptionError, match="'adversarial' applies only to text input, but the input is series; received 1"
    ):
        zoo.train("many_to_one", dataset="adding", adversarial=1)
    with pytest.raises(OptionError, match=r"one layer of embeddings; received 0\.5 for one with 0"):
        train_adversarially(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]), 0.5)


ON_JAX = """
import json, sys
import keras, numpy as np
from test_adversarial import IDS, RATE, STRENGTH, TARGETS, linear, train_adversarially
given = json.load(sys.stdin)
model = linear(given["trainable"])
model.set_weights([np.array(weight) for weight in given["weights"]])
model.compile(keras.optimizers.SGD(RATE), "mse", metrics=["mae"], jit_compile=True)
train_adversarially(model, STRENGTH)
logs = model.fit(IDS, TARGETS, batch_size=3, verbose=0).history
print(json.dumps([logs, [weight.tolist() for weight in model.get_weights()]]))
"""


@pytest.mark.slow  # A process of its own, with JAX.
@pytest.mark.parametrize("trainable", [True, False])
def test_a_step_on_jax_is_the_same(trainable):
    pytest.importorskip("jax", reason="the extra `jax` is not installed")
    keras.utils.set_random_seed(0)
    model = linear(trainable)
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX],
        input=json.dumps({"trainable": trainable, "weights": [weight.tolist() for weight in model.get_weights()]}),
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs, weights = json.loads(done.stdout)
    model.compile(keras.optimizers.SGD(RATE), "mse", metrics=["mae"])
    train_adversarially(model, STRENGTH)
    logs = model.train_on_batch(IDS, TARGETS, return_dict=True)
    assert {name: values[0] for name, values in theirs.items()} == pytest.approx(logs, rel=1e-4)
    for mine, other in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)
