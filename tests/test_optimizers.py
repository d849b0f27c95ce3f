"""Adam by one op a variable is Keras's Adam."""

import gc

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.func_graph import FuncGraph

from keras_rnn_zoo.training.adam import Adam

WORDS, FEATURES, STEPS = 30, 4, 20


def trained(make, **settings):
    """Returns the variables of a model with an embedding, and of its optimizer, after some steps."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Embedding(WORDS, FEATURES), keras.layers.Flatten(), keras.layers.Dense(1)])
    rate = keras.optimizers.schedules.CosineDecay(0.05, STEPS)
    model.compile(make(rate, **settings), "mse")
    random = np.random.default_rng(0)
    x, y = random.integers(WORDS, size=(4 * STEPS, 3)), random.normal(size=(4 * STEPS, 1))
    losses = model.fit(x, y, batch_size=4, shuffle=False, verbose=0).history["loss"]
    return losses, [variable.numpy() for variable in (*model.variables, *model.optimizer.variables)]


@pytest.mark.parametrize(
    "settings", [{}, {"global_clipnorm": 0.1, "epsilon": 1e-3}, {"amsgrad": True}, {"weight_decay": 0.1}], ids=str
)
def test_its_numbers_are_those_of_keras(settings):
    (our_loss, ours), (their_loss, theirs) = (trained(make, **settings) for make in (Adam, keras.optimizers.Adam))
    np.testing.assert_allclose(our_loss, their_loss, rtol=1e-5)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_its_config_is_that_of_keras():
    ours, theirs = (make(0.01, global_clipnorm=2.0, name="adam") for make in (Adam, keras.optimizers.Adam))
    assert ours.get_config() == theirs.get_config()
    again = keras.optimizers.deserialize(keras.optimizers.serialize(ours))
    assert type(again) is Adam
    assert again.get_config() == ours.get_config()


def test_no_graph_of_a_training_is_kept():
    def graphs():
        gc.collect()
        return sum(isinstance(one, FuncGraph) for one in gc.get_objects())

    trained(Adam)
    before = graphs()
    trained(Adam)
    assert graphs() == before


def test_it_updates_outside_of_a_graph():
    pairs = [(make(0.1), tf.Variable([1.0, 2.0])) for make in (Adam, keras.optimizers.Adam)]
    for optimizer, variable in pairs:
        for _ in range(3):
            optimizer.apply([2 * tf.convert_to_tensor(variable)], [variable])
    np.testing.assert_allclose(pairs[0][1], pairs[1][1], rtol=1e-5)
