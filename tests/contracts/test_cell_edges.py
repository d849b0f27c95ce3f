"""What every cell bears: batches without rows, NaN where nothing is read, and any way to give its dtype."""

import keras
import numpy as np
import pytest

from keras_rnn_zoo import registry

UNITS = 4
every_cell = pytest.mark.parametrize("cell", registry.cells.names())


def layer_of(cell, **options):
    keras.utils.set_random_seed(0)
    return registry.cells.get(cell).layer(UNITS, **options)


@every_cell
@pytest.mark.parametrize("masked", [False, True])
def test_a_batch_without_rows_gives_one_without_rows(cell, masked):
    mask = np.zeros((0, 5), bool) if masked else None
    outputs, *states = layer_of(cell, return_state=True)(np.zeros((0, 5, 3), "float32"), mask=mask)
    assert outputs.shape == (0, UNITS) and all(len(state) == 0 for state in states)


@every_cell
@pytest.mark.parametrize("training", [False, True])
def test_nan_at_masked_steps_is_not_read(cell, training):
    x, mask = np.ones((2, 6, 3), "float32"), np.array([[1, 1, 0, 1, 0, 0], [0, 1, 1, 1, 1, 1]], bool)
    layer = layer_of(cell, return_sequences=True)
    expected = layer(x, mask=mask, training=training)
    found = layer(np.where(mask[..., None], x, np.nan).astype("float32"), mask=mask, training=training)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@every_cell
def test_a_dtype_policy_may_be_an_object(cell):
    layer = layer_of(cell, dtype=keras.DTypePolicy("mixed_bfloat16"), return_sequences=True)
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config
    assert keras.layers.Bidirectional(layer)(np.ones((2, 5, 3), "float32")).shape == (2, 5, 2 * UNITS)


@every_cell
def test_it_runs_in_half_precision(cell):
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    layer, half = layer_of(cell), layer_of(cell, dtype="float16")
    expected = layer(x)
    half.build(x.shape)
    half.set_weights(layer.get_weights())
    found = half(x.astype("float16"))
    assert found.dtype == "float16"
    np.testing.assert_allclose(found, expected, atol=0.01)
