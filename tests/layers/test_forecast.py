"""The layers that forecast: segments, and all steps of the horizon at once."""

import keras
import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.layers.forecast import HorizonDecoder, segments

SIZES = {"input": "window", "head": "forecasting", "past_steps": 10, "future_steps": 5, "targets": 3, "levels": 2}


def build(**options):
    keras.utils.set_random_seed(0)
    return zoo.build("many_to_one", units=6, **{**SIZES, "covariates": 2, **options})


def inputs(batch=4, covariates=2):
    draw = np.random.default_rng(0)
    series = draw.normal(size=(batch, 10, 3)).astype("float32")
    if not covariates:
        return series
    return {"series": series, "covariates": draw.normal(size=(batch, 15, covariates)).astype("float32")}


def perturbed(model):
    """Gives every weight a value, zeros among them, so that all of the window counts."""
    draw = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(draw.normal(0, 0.3, weight.shape))
    return model


def test_segments_are_filled_up_at_one_end():
    x = np.arange(5, dtype="float32").reshape(1, 5, 1)
    at_start = keras.ops.convert_to_numpy(segments(keras.ops.convert_to_tensor(x), 2, at_start=True))
    at_end = keras.ops.convert_to_numpy(segments(keras.ops.convert_to_tensor(x), 2, at_start=False))
    assert at_start.tolist() == [[[0, 0], [1, 2], [3, 4]]]
    assert at_end.tolist() == [[[0, 1], [2, 3], [4, 0]]]


@pytest.mark.parametrize(
    "options", [{}, {"segment_length": 4}, {"channel_independent": True}, {"covariates": 0}], ids=str
)
def test_every_step_and_target_gets_its_quantiles(options):
    model = perturbed(build(**options))
    answers = np.asarray(model(inputs(covariates=options.get("covariates", 2))))
    assert answers.shape == (4, 5, 3, 2)
    assert answers.dtype == "float32"
    assert len(np.unique(answers.round(5))) == answers.size


def test_independent_channels_do_not_see_one_another():
    model, data = perturbed(build(channel_independent=True)), inputs()
    before = np.asarray(model(data))
    data["series"][:, :, 1] += 1.5 * np.arange(10)
    after = np.asarray(model(data))
    np.testing.assert_allclose(after[:, :, [0, 2]], before[:, :, [0, 2]], atol=1e-6)
    assert np.abs(after[:, :, 1] - before[:, :, 1]).max() > 0.01


def test_mixed_channels_do():
    model, data = perturbed(build()), inputs()
    before = np.asarray(model(data))
    data["series"][:, :, 1] += 1.5 * np.arange(10)
    assert np.abs(np.asarray(model(data)) - before)[:, :, [0, 2]].max() > 0.01


def test_a_forecast_from_the_last_value_moves_with_the_level():
    model, data = perturbed(build(last_value=True)), inputs()
    before = np.asarray(model(data))
    data["series"] += 100
    np.testing.assert_allclose(np.asarray(model(data)), before + 100, atol=1e-3)


@pytest.mark.parametrize("name", ["many_to_one", "many_to_many"])
@pytest.mark.parametrize("batch", [2, 5])
def test_a_batch_as_large_as_the_horizon_or_the_quantiles_is_no_bias(name, batch):
    """Keras's `add` takes an array with one axis of more than one element for a bias."""
    model = zoo.build(name, units=6, **{**SIZES, "targets": 1})
    series = np.random.default_rng(0).normal(size=(batch, 10, 1)).astype("float32")
    forecast = np.asarray(model(series))
    np.testing.assert_array_equal(forecast, np.broadcast_to(series[:, -1:, :, None], forecast.shape))


def test_what_is_known_of_a_step_changes_its_segment():
    model, data = perturbed(build(segment_length=2, autoregression=False)), inputs()
    before = np.asarray(model(data))
    data["covariates"][:, 10 + 2] += 1  # The third of five future steps: the second segment.
    changed = np.abs(np.asarray(model(data)) - before).max(axis=(0, 2, 3)) > 1e-6
    assert changed.tolist() == [False, False, True, True, False]


def test_the_forecast_does_not_read_what_is_not_used_without_autoregression():
    names = {layer.name for layer in build(autoregression=False).layers}
    assert "autoregression" not in names
    assert "segment_projection" not in names
    assert "segment_projection" in {layer.name for layer in build(segment_length=3).layers}


def test_a_decoder_is_restored_from_its_config():
    layer = HorizonDecoder(3)
    assert keras.ops.shape(layer(np.ones((2, 4), "float32"))) == (2, 3, 4)
    again = HorizonDecoder.from_config(layer.get_config())
    assert again.count == 3
