"""How tables over time are split and cut into windows, without a look ahead."""

import numpy as np
import pytest
from time_tables import days, fitted, opened, read, table

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.readers._training_rows import TrainingRows
from keras_rnn_zoo.user_data.windows import parse_splits


def test_splits_follow_one_another_and_targets_stay_within_them(tmp_path):
    examples = opened(tmp_path, table([(day, number) for number, day in enumerate(days(40))]))
    targets = {
        name: [target[:, 0] for _, target in examples.split(name).as_numpy_iterator()] for name in examples.splits
    }
    ranges = {name: (min(map(min, rows)), max(map(max, rows))) for name, rows in targets.items()}
    assert ranges == {"train": (4, 27), "validation": (28, 31), "test": (32, 39)}
    assert {name: len(rows) for name, rows in targets.items()} == {"train": 23, "validation": 3, "test": 7}
    raw, target = next(examples.split("test").as_numpy_iterator())
    assert raw["series"][:, 0].tolist() == [28, 29, 30, 31]
    assert target[:, 0].tolist() == [32, 33]
    assert len(raw["time"]) == 6
    assert set(raw) == {"series", "time", "known"}


def test_all_series_are_split_at_the_same_times(tmp_path):
    rows = [(day, "long", 1 + number) for number, day in enumerate(days(40))]
    rows += [(day, "late", 101 + number) for number, day in enumerate(days(20, "2024-01-21"))]
    examples = opened(tmp_path, table(rows, "day,shop,y"), columns="time=day,target=y,id=shop")
    last_trained = [target.max() for _, target in examples.split("train").as_numpy_iterator()]
    assert max(value for value in last_trained if value < 100) == 28
    assert max(value for value in last_trained if value > 100) == 108


def test_numbers_of_steps_and_a_stride(tmp_path):
    text = table([(day, number) for number, day in enumerate(days(150))])
    examples = opened(tmp_path, text, splits="80/20/20", stride=3)
    starts = [int(target[0, 0]) for _, target in examples.split("test").as_numpy_iterator()]
    assert starts == list(range(100, 119, 3))
    assert examples.recorded.rows == {"train": 25, "validation": 7, "test": 7}


@pytest.mark.parametrize("text", ["70/30", "a/b/c", "50/10/10", "0/50/50", "8640/28.5/2880", "nan/1/1", ""])
def test_sizes_of_splits_that_make_no_sense_are_refused(text):
    with pytest.raises(OptionError, match="70/10/20"):
        parse_splits(text)


def test_nothing_learned_and_no_training_window_depends_on_the_future(tmp_path):
    draw = np.random.default_rng(0)
    rows = [(day, f"{value:.3f}") for day, value in zip(days(60), draw.normal(size=60), strict=True)]
    changed = [*rows[:42], *((day, 1e6 * (number + 1)) for number, (day, _) in enumerate(rows[42:]))]
    learned = []
    for text in (table(rows), table(changed)):
        examples = opened(tmp_path, text)
        task, _ = fitted(examples)
        windows = [
            np.concatenate([raw["series"].ravel(), target.ravel()])
            for raw, target in examples.split("train").as_numpy_iterator()
        ]
        learned.append((task, np.stack(windows)))
    (task, windows), (other, other_windows) = learned
    np.testing.assert_array_equal(windows, other_windows)
    for name in ("mean", "deviation", "cycles", "known_mean"):
        assert getattr(task.reader, name) == getattr(other.reader, name)
    assert (task.scale, task.season) == (other.scale, other.season)
    np.testing.assert_array_equal(task.linear.weights, other.linear.weights)


def test_scales_are_those_of_the_training_rows(tmp_path):
    values = np.random.default_rng(1).normal(5, 3, 50)
    for stride in (1, 3):
        examples = opened(tmp_path, table(list(zip(days(50), values, strict=True))), stride=stride)
        task, _ = fitted(examples)
        used = values[: 35 if stride == 1 else 33]  # The last window of the latter begins at 27.
        assert task.reader.mean[0] == pytest.approx(used.mean(), rel=1e-5)
        assert task.reader.deviation[0] == pytest.approx(used.std(), rel=1e-5)
        assert task.scale[0] == pytest.approx(np.abs(used[7:] - used[:-7]).mean(), rel=1e-5)


def test_a_series_that_begins_within_the_last_window_of_another_has_all_of_its_rows(tmp_path):
    rows = [(time, "a", time % 2) for time in range(1, 101)]
    rows += [(time, "b", 1000 + time % 2) for time in range(90, 301)]
    options = {"columns": "time=day,target=y,id=shop", "history": 20, "horizon": 5, "splits": "90/5/5"}
    examples = opened(tmp_path, table(rows, "day,shop,y"), **options)
    learned = TrainingRows(examples.split("train"))
    assert learned.starts == [0, 100]
    assert learned.values[100:102, 0].tolist() == [1000, 1001]
    task, _ = fitted(examples)
    assert task.scale == [1.0]


@pytest.mark.parametrize(("step", "season"), [(np.timedelta64(1, "D"), 7), (np.timedelta64(7, "D"), 52)])
def test_the_usual_season_is_that_of_each_series(tmp_path, step, season):
    starts = {"a": np.datetime64("2024-01-01T00:00"), "b": np.datetime64("2024-01-02T12:00")}
    rows = [(start + number * step, name, number) for name, start in starts.items() for number in range(60)]
    task, _ = fitted(opened(tmp_path, table(rows, "day,shop,y"), columns="time=day,target=y,id=shop"))
    assert task.season == season


def test_windows_are_views_of_the_series(tmp_path):
    found = read(tmp_path, table([(day, number) for number, day in enumerate(days(40))]))
    from keras_rnn_zoo.user_data.windows import cut_windows, split_bounds

    bounds = split_bounds(found.series, parse_splits("70/10/20"))
    windows = cut_windows(found.series, bounds, 4, 2, 1)["train"]
    raw, target = windows.cut(5)
    assert np.shares_memory(raw["series"], found.series[0].values)
    assert np.shares_memory(target, found.series[0].values)


def test_windows_without_a_value_are_left_out(tmp_path):
    rows = [(day, "" if 10 <= number < 20 else number) for number, day in enumerate(days(60))]
    examples = opened(tmp_path, table(rows))
    for raw, target in examples.split("train").as_numpy_iterator():
        assert np.isfinite(raw["series"]).any()
        assert np.isfinite(target).any()


def test_the_default_window_follows_from_the_step(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(table([(f"2024-01-{day:02} {hour:02}:00", 1) for day in (1, 2) for hour in range(24)]))
    entry = registry.find_dataset(f"csv:{path}", ("classification", "forecasting"), {"columns": "time=day,target=y"})
    assert entry.task == "forecasting"
    assert (entry.defaults["history"], entry.defaults["horizon"]) == (168, 24)
