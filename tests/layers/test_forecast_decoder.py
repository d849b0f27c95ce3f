"""The decoder of forecasts, which reads its own last output, and a run with it."""

import keras
import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.layers.forecast_decoder import FeedbackCell

SIZES = {"input": "window", "past_steps": 10, "future_steps": 5, "targets": 3, "levels": 2, "covariates": 2}


def build(**options):
    """Returns a model whose weights are all random, zeros among them, so that all of the window counts."""
    model = zoo.build("many_to_many", units=6, **{**SIZES, **options})
    draw = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(draw.normal(0, 0.3, weight.shape))
    return model


def inputs(covariates=2):
    draw = np.random.default_rng(0)
    series = draw.normal(size=(4, 10, 3)).astype("float32")
    if not covariates:
        return series
    return {"series": series, "covariates": draw.normal(size=(4, 15, covariates)).astype("float32")}


def answers(model, data):
    return np.asarray(model(data))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"segment_length": 4},
        {"segment_length": 12},
        {"channel_independent": True},
        {"covariates": 0, "autoregression": False, "last_value": False},
        {"cell": "mingru", "num_layers": 2, "bidirectional": False},
    ],
    ids=str,
)
def test_every_step_and_target_gets_its_quantiles(options):
    found = answers(build(**options), inputs(options.get("covariates", 2)))
    assert found.shape == (4, 5, 3, 2)
    assert found.dtype == "float32"
    assert len(np.unique(found.round(5))) == found.size


@pytest.mark.parametrize("independent", [True, False])
def test_targets_are_mixed_unless_they_are_independent(independent):
    model, data = build(channel_independent=independent), inputs()
    before = answers(model, data)
    data["series"][:, :, 1] += 1.5 * np.arange(10)
    others = np.abs(answers(model, data) - before)[:, :, [0, 2]].max()
    assert (others < 1e-6) == independent


def test_a_forecast_from_the_last_value_moves_with_the_level():
    model, data = build(), inputs()
    before = answers(model, data)
    data["series"] += 100
    np.testing.assert_allclose(answers(model, data), before + 100, atol=1e-3)


def test_what_is_known_of_a_step_changes_its_segment_and_those_after_it():
    model, data = build(segment_length=2, autoregression=False), inputs()
    before = answers(model, data)
    data["covariates"][:, 10 + 2] += 1  # The third of five future steps: the second segment.
    changed = np.abs(answers(model, data) - before).max(axis=(0, 2, 3)) > 1e-6
    assert changed.tolist() == [False, False, True, True, True]


def test_an_output_is_an_input_of_the_next_step():
    cell = FeedbackCell("gru", 4, 1, 3, has_base=True)
    base = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    states = [np.ones((2, size), "float32") for size in cell.state_size]
    known = np.concatenate([np.zeros((2, 1), "float32"), base], axis=1)
    cell.build(known.shape)
    output, after = cell(known, states)
    np.testing.assert_allclose(output, base)  # Its layer of quantiles is zero at first.
    np.testing.assert_allclose(after[0], output)
    _, with_other_output = cell(known, [0 * states[0], *states[1:]])
    assert np.abs(np.asarray(with_other_output[1]) - np.asarray(after[1])).max() > 1e-3


def test_training_begins_with_the_base_and_reads_no_target():
    model = zoo.build("many_to_many", units=6, **SIZES)
    assert set(model.input) == {"series", "covariates"}
    data = inputs()
    found = answers(model, data)  # The linear part is zero, too.
    np.testing.assert_allclose(found, np.broadcast_to(data["series"][:, -1:, :, None], found.shape), atol=1e-6)


def test_a_cell_comes_back_from_its_config():
    cell = FeedbackCell("lstm", 4, 2, 3)
    again = FeedbackCell.from_config(cell.get_config())
    assert again.state_size == cell.state_size == [3, 4, 4, 4, 4]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on the synthetic sales, briefly trained."""
    models = tmp_path_factory.mktemp("models")
    options = {"units": 8, "stride": 5, "epochs": 2, "segment_length": 2, "bidirectional": True}
    return zoo.train("many_to_many", dataset="toy_sales", models_dir=str(models), verbose=0, **options)


def test_a_run_forecasts_better_than_the_last_season(run):
    assert run.metrics["mase"] < run.measured["baselines"]["seasonal_naive"]["mase"]
    assert zoo.evaluate(run).metrics == pytest.approx(run.metrics, rel=1e-5)
    model = keras.saving.load_model(run.path / "model.keras")
    assert [weight.shape for weight in model.weights] == [weight.shape for weight in run.model.weights]


@pytest.mark.parametrize("format", ["saved_model", "tflite", "onnx"])
def test_every_export_gives_the_forecasts_of_the_run(run, format):
    package = {"tflite": "ai_edge_litert", "onnx": "onnxruntime"}.get(format)
    if package:
        pytest.importorskip(package, reason=f"the extra `{format}` is not installed")
    path = zoo.export(run, format=format)
    if format == "saved_model":
        windows = [run.task.reader.dummy_input(number) for number in range(3)]
        for mine, exported in zip(run.predict(windows), zoo.predict(str(path), windows), strict=True):
            np.testing.assert_allclose(exported["quantiles"], mine["quantiles"], rtol=1e-5)
