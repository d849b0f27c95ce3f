"""Forecasting: what it learns, its scores, and a run from a file to a file."""

import csv
import json
import logging

import keras
import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError, OptionError, TrainingInterrupted

SHOPS, DAYS = ("north", "south"), 90


def series(days=DAYS, future=0):
    """Returns the rows of two shops with a week, promotions and noise; those of the future have no sales."""
    draw = np.random.default_rng(3)
    rows = [["day", "shop", "sales", "promotion"]]
    for number, shop in enumerate(SHOPS):
        for day in range(days + future):
            promotion = int(draw.random() < 0.2)
            value = 50 * (1 + number) + 5 * (day % 7) + 20 * promotion + draw.normal()
            date = np.datetime64("2024-01-01") + day
            rows.append([str(date), shop, f"{value:.2f}" if day < days else "", promotion])
    return rows


def write(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on the sales of two shops, and its folder."""
    folder = tmp_path_factory.mktemp("forecasting")
    path = write(folder / "sales.csv", series())
    run = zoo.train(
        "many_to_one",
        dataset=f"csv:{path}",
        run="sales",
        columns="time=day,target=sales,id=shop,known=promotion",
        history=14,
        horizon=7,
        units=8,
        epochs=3,
        models_dir=str(folder / "models"),
        verbose=0,
    )
    return run, folder


@pytest.fixture(scope="module")
def loaded(trained):
    return zoo.load(trained[0])


def test_a_run_states_what_it_must_beat(trained):
    run, _ = trained
    assert set(run.metrics) == {"loss", *"mse mae rmse smape mase wql coverage".split()}
    assert set(run.measured["baselines"]) == {"seasonal_naive", "linear"}
    assert all(set(one) == set("mse mae rmse smape mase".split()) for one in run.measured["baselines"].values())
    steps = run.measured["per_step"]
    assert set(steps) == set(run.metrics) - {"loss"}
    assert all(len(values) == 7 for values in steps.values())
    for name in ("mae", "coverage"):
        assert np.mean(steps[name]) == pytest.approx(run.metrics[name])
    assert set(run.measured["below_quantile"]) == {"0.1", "0.5", "0.9"}
    assert run.measured["baselines"]["linear"]["mase"] < run.measured["baselines"]["seasonal_naive"]["mase"]


def test_evaluation_repeats_the_metrics(trained, caplog):
    run, _ = trained
    with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
        scorecard = zoo.evaluate(run)
    assert scorecard.metrics == pytest.approx(run.metrics, rel=1e-5)
    assert scorecard.report["baselines"]["linear"] == pytest.approx(run.measured["baselines"]["linear"], rel=1e-4)
    assert "on the same windows, of the seasonal naive forecast" in caplog.text


def test_the_naive_forecast_is_computed_from_the_file(trained):
    """The MASE of the seasonal naive forecast, computed anew from the rows."""
    run, _ = trained
    rows = series()[1:]
    scale, errors = [], []
    for shop in SHOPS:
        values = np.array([float(row[2]) for row in rows if row[1] == shop])
        first = round(0.8 * DAYS)
        scale.append(np.abs(values[7 : round(0.7 * DAYS)] - values[: round(0.7 * DAYS) - 7]))
        starts = range(first, DAYS - 6)
        errors += [np.abs(values[start : start + 7] - values[start - 7 : start]).mean() for start in starts]
    expected_mase = np.mean(errors) / np.concatenate(scale).mean()
    assert run.measured["baselines"]["seasonal_naive"]["mase"] == pytest.approx(expected_mase, rel=1e-3)


def test_each_series_of_a_file_is_continued(trained, loaded, tmp_path):
    output = tmp_path / "forecast.csv"
    history = write(tmp_path / "history.csv", series(40, future=7))
    counts = zoo.predict_file(loaded, str(history), str(output))
    assert list(counts.values()) == [2, 0]
    rows = read(output)
    assert list(rows[0]) == [
        "shop",
        "day",
        "predicted_sales",
        "predicted_sales_0.1",
        "predicted_sales_0.5",
        "predicted_sales_0.9",
    ]
    days = [str(np.datetime64("2024-02-10") + day) for day in range(7)]
    assert [(row["shop"], row["day"]) for row in rows] == [(shop, day) for shop in SHOPS for day in days]
    for row in rows:
        low, middle, high = (float(row[f"predicted_sales_{level}"]) for level in ("0.1", "0.5", "0.9"))
        assert low <= middle <= high
        assert middle == float(row["predicted_sales"])
    values = [float(row[2]) for row in series(40)[1:41]][-14:]
    promotions = [row[3] for row in series(40, future=7)[1:48]][-21:]
    times = np.arange("2024-01-27", "2024-02-17", dtype="datetime64[D]").astype("int64") * 86_400
    (alone,) = zoo.predict(loaded, [{"series": values, "time": times, "known": promotions}])
    written = [float(row["predicted_sales"]) for row in rows[:7]]
    np.testing.assert_allclose(written, np.ravel(alone["forecast"]), rtol=1e-5)


def test_objects_are_continued_as_objects(loaded, tmp_path):
    header, *rows = series(40, future=7)
    lines = [json.dumps(dict(zip(header, row, strict=True))) for row in rows]
    (tmp_path / "history.jsonl").write_text("\n".join(lines))
    zoo.predict_file(loaded, str(tmp_path / "history.jsonl"), str(tmp_path / "forecast.jsonl"))
    found = [json.loads(line) for line in (tmp_path / "forecast.jsonl").read_text().splitlines()]
    assert len(found) == 14
    assert set(found[0]) == {"shop", "day", "predicted_sales", *(f"predicted_sales_{one}" for one in (0.1, 0.5, 0.9))}


@pytest.mark.parametrize("ending", ["tsv", "jsonl", "parquet", "xlsx"])
def test_forecasts_are_the_same_table_in_other_formats(loaded, tmp_path, ending):
    history = str(write(tmp_path / "history.csv", series(40, future=7)))
    zoo.predict_file(loaded, history, str(tmp_path / "forecast.csv"))
    zoo.predict_file(loaded, history, str(tmp_path / f"forecast.{ending}"))
    expected_table = read(tmp_path / "forecast.csv")
    found = TABLES[ending](tmp_path / f"forecast.{ending}")
    assert list(found[0]) == list(expected_table[0])
    assert [(row["shop"], row["day"]) for row in found] == [(row["shop"], row["day"]) for row in expected_table]
    for name in list(expected_table[0])[2:]:
        np.testing.assert_allclose(
            [float(row[name]) for row in found], [float(row[name]) for row in expected_table], rtol=1e-6
        )


def read_tsv(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def read_parquet(path):
    return pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()


def read_excel(path):
    header, *rows = pytest.importorskip("openpyxl").load_workbook(path).active.values
    return [dict(zip(header, row, strict=True)) for row in rows]


TABLES = {
    "tsv": read_tsv,
    "jsonl": lambda path: [json.loads(line) for line in path.read_text().splitlines()],
    "parquet": read_parquet,
    "xlsx": read_excel,
}


def test_all_windows_of_other_data_are_scored(loaded, tmp_path):
    path = write(tmp_path / "other.csv", series(25))
    scorecard = zoo.evaluate(loaded, dataset=f"csv:{path}")
    assert (scorecard.split, scorecard.examples) == ("all", 2 * (25 - 14 - 7 + 1))
    with pytest.raises(DataError, match="no split 'test'"):
        zoo.evaluate(loaded, dataset=f"csv:{path}", split="test")


def test_other_data_with_another_step_is_not_scored(loaded, tmp_path):
    header, *rows = series(60)
    weekly = [[str(np.datetime64("2020-01-06") + 7 * (number % 60)), *row[1:]] for number, row in enumerate(rows)]
    path = write(tmp_path / "weekly.csv", [header, *weekly])
    with pytest.raises(DataError, match="mostly 7 days apart, but the run was trained on steps of 1 day"):
        zoo.evaluate(loaded, dataset=f"csv:{path}", split="test")


def test_columns_named_for_an_evaluation_are_read(trained, loaded):
    _, folder = trained
    address = f"csv:{folder}/sales.csv"
    with pytest.raises(OptionError, match="'promotion' twice"):
        zoo.evaluate(loaded, dataset=address, columns="time=day,target=promotion,id=shop")
    with pytest.raises(DataError, match="no column 'sale'"):
        zoo.evaluate(loaded, dataset=address, columns="target=sale")


@pytest.mark.parametrize(("days", "warned"), [(6, "Most of the 14 steps"), (7, "")])
def test_a_forecast_from_a_short_past_says_so(loaded, tmp_path, caplog, days, warned):
    history = write(tmp_path / "history.csv", series(days, future=7))
    with caplog.at_level(logging.WARNING, "keras_rnn_zoo"):
        zoo.predict_file(loaded, str(history), str(tmp_path / "forecast.csv"))
    assert warned in caplog.text
    assert ("2 series: 'north' (6), 'south' (6)" in caplog.text) == bool(warned)


def test_what_is_known_in_advance_must_be_there(loaded, tmp_path):
    with pytest.raises(DataError, match=r"'north' ends at 2024-02-09, and forecasting needs 'promotion'"):
        zoo.predict_file(loaded, str(write(tmp_path / "history.csv", series(40))), str(tmp_path / "out.csv"))
    assert not (tmp_path / "out.csv").exists()


def test_rows_that_are_another_step_apart_are_refused(loaded, tmp_path):
    rows = [["day", "shop", "sales", "promotion"]]
    rows += [[f"2024-01-01 {hour:02}:00", "a", hour, 0] for hour in range(24)]
    with pytest.raises(DataError, match="mostly 1 hour apart, but the run was trained on steps of 1 day"):
        zoo.predict_file(loaded, str(write(tmp_path / "history.csv", rows)), str(tmp_path / "out.csv"))


def test_a_shorter_past_and_missing_values_get_the_same_forecast_in_any_company(loaded):
    draw = np.random.default_rng(5)

    def window(steps):
        values = draw.normal(60, 5, (steps, 1)).astype("float32")
        values[steps // 2] = np.nan
        return {"series": values, "time": 86_400 * np.arange(steps + 7), "known": np.ones((steps + 7, 1), "float32")}

    windows = [window(steps) for steps in (14, 3, 20, 9)]
    together = zoo.predict(loaded, windows)
    for one, answer in zip(windows, together, strict=True):
        (alone,) = zoo.predict(loaded, [one])
        np.testing.assert_allclose(answer["quantiles"], alone["quantiles"], atol=1e-4)
        assert np.isfinite(answer["forecast"]).all()
    longest = {name: values[6:] for name, values in windows[2].items()}
    np.testing.assert_allclose(zoo.predict(loaded, [longest])[0]["forecast"], together[2]["forecast"], atol=1e-4)


def test_the_export_takes_and_returns_raw_values(loaded, tmp_path):
    export = zoo.load(zoo.export(loaded))
    window = loaded.task.reader.dummy_input(0)
    (mine,), (exported,) = zoo.predict(loaded, [window]), zoo.predict(export, [window])
    np.testing.assert_allclose(exported["quantiles"], mine["quantiles"], rtol=1e-5)


@pytest.mark.parametrize(
    "window",
    [
        [[1.0, 2.0]],
        "no JSON",
        {"series": [[1.0]] * 14},
        {"series": [], "time": [], "known": []},
        {"serie": [1.0]},
        {"series": [[1.0]] * 14, "time": [0] * 20, "known": [[0]] * 21},
        {"series": [["a"]] * 14, "time": [0] * 21, "known": [[0]] * 21},
    ],
    ids=["numbers-alone", "no-json", "nothing-known", "empty", "unknown-key", "too-few-times", "no-numbers"],
)
def test_what_is_no_window_is_refused(loaded, window):
    with pytest.raises(DataError, match="expected"):
        zoo.predict(loaded, [window])


def test_a_window_with_other_numbers_of_columns_is_refused(loaded):
    window = {**loaded.task.reader.dummy_input(0), "series": np.zeros((14, 2), "float32")}
    with pytest.raises(DataError, match="2 columns for 'target', but the run was trained on 1"):
        loaded.task.read(window)


def test_a_prediction_is_described_by_steps(loaded):
    text = loaded.task.describe(zoo.predict(loaded, [loaded.task.reader.dummy_input(1)])[0])
    assert text.startswith("+1: ") and text.count("+7: ") == 1


def test_training_leaves_the_linear_part_as_it_is_and_keeps_the_spread(trained, loaded):
    kernel, _ = loaded.model.get_layer("autoregression").get_weights()
    np.testing.assert_allclose(kernel[:, ::3], loaded.task.linear.weights, rtol=1e-5, atol=1e-7)
    learned = json.loads((trained[0].task_path / "forecast.json").read_text())
    assert learned["spread"] == loaded.task.spread >= 1


def test_an_interrupted_training_of_forecasts_is_resumed(tmp_path):
    class Interruption(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1 and not resumed:
                raise KeyboardInterrupt

    resumed, folder = [], {"run": "stopped", "models_dir": str(tmp_path), "verbose": 0, "callbacks": [Interruption()]}
    settings = {"dataset": "mauna_loa_co2", "units": 2, "history": 12, "horizon": 2, "stride": 8, "epochs": 2}
    with pytest.raises(TrainingInterrupted):
        zoo.train("many_to_one", **settings, **folder)
    resumed.append(True)
    again = zoo.train("many_to_one", resume=True, **folder)
    assert again.config.finished and again.config.epochs_trained == 2
