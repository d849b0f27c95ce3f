"""Forecasts that a network must beat, and how forecasts are scored: checked by hand."""

import logging

import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import Ridge

import keras_rnn_zoo as zoo
from keras_rnn_zoo.artifacts.run_config import TaskConfig
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.inference.rebuild import make_task
from keras_rnn_zoo.layers.forecast import PinballLoss
from keras_rnn_zoo.tasks._forecast_scores import (
    LinearForecast,
    point_scores,
    quantile_scores,
    seasonal_differences,
    seasonal_naive,
    spread_of,
)
from keras_rnn_zoo.tasks.forecasting import log_comparison
from keras_rnn_zoo.user_data.quantiles import parse_levels

NAN = float("nan")


def test_naive_forecasts():
    past = np.arange(6, dtype="float32")[None, :, None]
    assert seasonal_naive(past, 5, 3)[0, :, 0].tolist() == [3, 4, 5, 3, 4]
    assert seasonal_naive(past, 2, 12)[0, :, 0].tolist() == [5, 5]


def test_seasonal_differences_stay_within_a_series():
    values = np.array([[1.0], [2], [4], [100], [103], [NAN], [109]])
    assert seasonal_differences(values, [0, 3], 1).tolist() == pytest.approx([(1 + 2 + 3) / 3])
    assert seasonal_differences(values, [0, 3], 50).tolist() == [1]


def test_scores_of_points_by_hand_leave_out_what_is_missing():
    truth = np.array([[[1.0], [NAN], [4.0]]])
    scores = point_scores(truth, np.array([[[2.0], [9.0], [4.0]]]), np.array([0.5]))
    assert scores == pytest.approx(
        {"mse": 0.5, "mae": 0.5, "rmse": 0.5**0.5, "smape": (2 * 1 / 3 + 0) / 2, "mase": 1.0}
    )
    assert point_scores(np.full((1, 1, 1), NAN), np.zeros((1, 1, 1)), np.ones(1)) == {}


def test_scores_of_quantiles_by_hand():
    truth = np.array([[[1.0], [2.0], [3.0], [NAN]]])
    quantiles = np.array([[[[0, 1, 2]], [[0, 1, 1.5]], [[0, 4, 5]], [[0, 0, 0]]]], "float64")
    scores, below = quantile_scores(truth, quantiles, [0.1, 0.5, 0.9])
    pinball = [0.1 * 1 + 0 + 0.1 * 1, 0.1 * 2 + 0.5 * 1 + 0.9 * 0.5, 0.1 * 3 + 0.5 * 1 + 0.1 * 2]
    assert scores == pytest.approx({"wql": 2 * sum(pinball) / 3 / 6, "coverage": 2 / 3})
    assert below == pytest.approx({"0.1": 0, "0.5": 2 / 3, "0.9": 2 / 3})


def test_the_loss_is_the_pinball_loss_of_values_that_are_there():
    targets = tf.constant([[[[2.0]], [[NAN]]]])
    quantiles = tf.constant([[[[1.0, 3.0]], [[7.0, 7.0]]]])
    assert float(PinballLoss([0.1, 0.5])(targets, quantiles)) == pytest.approx((0.1 * 1 + 0.5 * 1) / 2)
    assert float(PinballLoss([0.5])(tf.fill([1, 2, 1, 1], NAN), tf.zeros([1, 2, 1, 1]))) == 0


def test_the_linear_forecast_is_scikit_learns_ridge():
    draw = np.random.default_rng(0)
    past, future = draw.normal(size=(12, 6, 1)).astype("float32"), draw.normal(size=(12, 3, 1, 1)).astype("float32")
    linear = LinearForecast.fit([(past[:5], future[:5]), (past[5:], future[5:])], 3, False, 12)
    expected_forecast = Ridge().fit(past[..., 0], future[..., 0, 0]).predict(past[..., 0])
    np.testing.assert_allclose(linear(past, 3, False)[..., 0], expected_forecast, atol=1e-5)


@pytest.mark.parametrize(("noise", "strength"), [(0.0, 0.001), (30.0, 1000.0)])
def test_the_strength_of_the_linear_forecast_is_chosen_on_later_rows(noise, strength):
    draw = np.random.default_rng(0)
    past = draw.normal(size=(90, 6, 1)).astype("float32")
    future = (past[:, -3:] + noise * draw.normal(size=(90, 3, 1))).astype("float32")[..., None]
    linear = LinearForecast.fit([(past, future)], 3, False, 90)
    expected_forecast = Ridge(strength).fit(past[..., 0], future[..., 0, 0]).predict(past[..., 0])
    np.testing.assert_allclose(linear(past, 3, False)[..., 0], expected_forecast, atol=1e-4)


def test_the_linear_forecast_reads_what_was_known_of_the_past():
    draw = np.random.default_rng(0)
    known, past = draw.normal(size=(90, 6, 1)).astype("float32"), np.zeros((90, 4, 1), "float32")
    future = (known[:, [1, 3]] - known[:, [4, 5]])[..., None]
    inputs = {"series": past, "covariates": np.concatenate([known, np.ones((90, 6, 1), "float32")], axis=-1)}
    linear = LinearForecast.fit([(inputs, future)], 2, False, 90, known=1)
    np.testing.assert_allclose(linear(inputs, 2, False), future[..., 0], atol=1e-3)


def test_quantiles_are_spread_until_they_cover_what_they_should():
    truth = np.arange(-50, 51, dtype="float32")[:, None, None]
    quantiles = np.broadcast_to(np.array([-20.0, 0.0, 10.0]), (101, 1, 1, 3))
    spread = spread_of(truth, quantiles, [0.1, 0.5, 0.9])
    covered = (truth >= -20 * spread) & (truth <= 10 * spread)
    assert 0.78 < covered.mean() < 0.84
    wide = np.broadcast_to(np.array([-90.0, 0.0, 90.0]), (101, 1, 1, 3))
    assert spread_of(truth, wide, [0.1, 0.5, 0.9]) == 1
    assert spread_of(truth, quantiles[..., 1:], [0.5, 0.9]) == pytest.approx(4.0)  # 80% of 1 to 50 are up to 40.
    assert spread_of(np.full((2, 1, 1), NAN), quantiles[:2], [0.1, 0.5, 0.9]) == 1


def test_the_median_stays_where_quantiles_are_spread():
    task = make_task(TaskConfig("forecasting", "window", {}, {}))
    task.calibrate([(tf.constant([[[[30.0]]], [[[2.0]]]]), tf.constant([[[[1.0, 2.0, 3.0]]]] * 2))])
    assert task.spread == 4  # The largest that is used.
    found = task.decode(tf.constant([[[[3.0, 1.0, 2.0]]]]), None)
    assert found["quantiles"].numpy().tolist() == [[[[-2, 2, 6]]]]
    assert found["forecast"].numpy().tolist() == [[[2]]]


@pytest.mark.parametrize(
    ("errors", "warned"), [((0.5, 1, 0.7), ""), ((0.8, 1, 0.7), "the linear"), ((2, 1, 3), "seasonal naive")]
)
def test_a_network_that_is_beaten_says_so(caplog, errors, warned):
    with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
        log_comparison(dict(zip(("forecast", "seasonal_naive", "linear"), errors, strict=True)))
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert bool(warnings) == bool(warned)
    assert not warned or warned in warnings[0]


def test_levels_are_sorted_and_hold_the_median():
    assert parse_levels("0.9,0.1") == [0.1, 0.5, 0.9]
    assert parse_levels("") == [0.5]
    for text in ("0,0.5", "a", "0.1;0.9", "1.5", "nan"):
        with pytest.raises(OptionError, match="quantiles"):
            parse_levels(text)


def test_quantiles_that_cross_are_put_in_order():
    task = make_task(TaskConfig("forecasting", "window", {}, {}))
    found = task.decode(tf.constant([[[[3.0, 1.0, 2.0]]]]), None)
    assert found["quantiles"].numpy().tolist() == [[[[1, 2, 3]]]]
    assert found["forecast"].numpy().tolist() == [[[2]]]


def test_training_begins_with_the_linear_forecast_and_its_errors():
    draw = np.random.default_rng(0)
    known = draw.normal(size=(60, 7, 1)).astype("float32")
    rows = [
        (
            {"series": draw.normal(size=(4, 2)).astype("float32"), "time": np.arange(7) * 9, "known": known[number]},
            draw.normal(size=(3, 2)).astype("float32"),
        )
        for number in range(60)
    ]
    specs = tf.nest.map_structure(lambda value: tf.TensorSpec(np.shape(value), np.asarray(value).dtype), rows[0])
    task = make_task(TaskConfig("forecasting", "window", {}, {}))
    task.fit(tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=specs))
    for independent in (True, False):
        model = zoo.build("many_to_one", units=4, channel_independent=independent, **task.model_options())
        before = model.get_layer("autoregression").get_weights()
        task.prepare_model(model)
        assert not any(weights.any() for weights in before)
        inputs = task.preprocess(*task.to_batch([raw for raw, _ in rows[:5]]))
        numbers = tf.nest.map_structure(np.asarray, inputs)
        quantiles = np.asarray(model(inputs))
        linear = task.linear(numbers, 3, True)
        spread = task.linear.residuals(task.levels)
        np.testing.assert_allclose(quantiles, linear[..., None] + spread[None, :, None], atol=1e-4)
        assert (np.diff(quantiles, axis=-1) >= 0).all()
