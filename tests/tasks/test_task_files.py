"""What tasks and readers learn is checked when it is read: digests do not tell who wrote a file."""

import json
import shutil
from pathlib import Path

import pytest

from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.inference.rebuild import load_task
from keras_rnn_zoo.readers.series import SeriesReader
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.tasks.regression import Regression
from keras_rnn_zoo.user_data.forecast_inputs import open_table
from keras_rnn_zoo.user_data.formats.csv import CsvTable
from keras_rnn_zoo.user_data.prediction_inputs import TrainedOn

RUN = Run(Path(__file__).parents[2] / "saved_models" / "toy_sales")
WRONG = [None, "x", "0.1", [], [[]], {}, {"a": 1}, -1, [None], ["1"], [1e39], [True]]


def changed(folder, name, **values):
    """Returns a copy of the files that a forecast learned, with other values in one of them."""
    copy = shutil.copytree(RUN.task_path, folder / "task", dirs_exist_ok=True)
    document = json.loads((copy / name).read_text())
    (copy / name).write_text(json.dumps({**document, **values}))
    return copy


def test_a_forecast_reads_what_it_learned(tmp_path):
    task = load_task(RUN.config.task, Path("config.json"), changed(tmp_path, "forecast.json"))
    assert task.linear.weights.shape[1] == task.reader.horizon
    old = changed(tmp_path, "forecast.json", spread=None)
    assert load_task(RUN.config.task, Path("config.json"), old).spread == 1.0


@pytest.mark.parametrize(
    ("name", "key", "values"),
    [
        ("window.json", "mean", WRONG),
        ("window.json", "deviation", [*WRONG, [0], [0.0], [-1]]),
        ("window.json", "known_mean", [one for one in WRONG if one != []]),
        ("window.json", "cycles", [*(one for one in WRONG if one != []), [0], [5]]),
        ("window.json", "history", [*WRONG, 0, 2.5, True, 27]),
        ("window.json", "horizon", [*WRONG, 0, 13]),
        ("forecast.json", "season", [*WRONG, 0, 7.5]),
        ("forecast.json", "scale", [*(one for one in WRONG if one != [1e39]), [1, 2]]),
        ("forecast.json", "spread", [one for one in WRONG if one is not None]),
        ("forecast.json", "linear", [*WRONG, {"weights": [[1]], "intercept": [1]}, {"weights": [[1], [1, 2]]}]),
    ],
)
def test_what_a_forecast_cannot_have_learned_is_refused(name, key, values, tmp_path):
    for value in values:
        with pytest.raises(RunError, match="damaged"):
            load_task(RUN.config.task, Path("config.json"), changed(tmp_path, name, **{key: value}))


@pytest.mark.parametrize(
    "text", ['{"mean": [1]}', '{"mean": [1], "deviation": [0]}', '{"mean": [1, 2], "deviation": [1]}']
)
def test_scales_that_do_not_fit_are_refused(text, tmp_path):
    (tmp_path / SeriesReader.FILE).write_text(text)
    with pytest.raises(RunError, match="has no valid 'deviation'"):
        SeriesReader().load(tmp_path)
    (tmp_path / SeriesReader.FILE).write_text('{"mean": [1], "deviation": [1]}')
    (tmp_path / Regression.FILE).write_text(text)
    with pytest.raises(RunError, match="has no valid 'deviation'"):
        Regression(SeriesReader(), ()).load(tmp_path)


@pytest.mark.parametrize("horizon", [None, "7", True, 0, 10**9])
def test_a_horizon_of_any_size_is_not_forecast(horizon, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,y\n2024-01-01,1\n2024-01-02,2\n")
    trained = TrainedOn(
        "forecasting", "window", "csv", columns={}, options={"history": 2, "horizon": horizon}, frequency=""
    )
    with pytest.raises(RunError, match="no valid history and horizon"):
        open_table(CsvTable, str(path), trained, {"encoding": "", "separator": ""})
