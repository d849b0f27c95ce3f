"""Tables over time: how rows become series, windows and splits, and that the future stays out of the past."""

import logging

import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import TaskConfig
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.inference.rebuild import make_task
from keras_rnn_zoo.readers._training_rows import TrainingRows
from keras_rnn_zoo.user_data.formats.csv import CsvTable
from keras_rnn_zoo.user_data.frequency import COUNT, Frequency
from keras_rnn_zoo.user_data.time_source import open_time_source
from keras_rnn_zoo.user_data.time_table import read_time_table
from keras_rnn_zoo.user_data.timestamps import SECOND, Clock
from keras_rnn_zoo.user_data.windows import parse_splits

SMALL = {"columns": "time=day,target=y", "history": 4, "horizon": 2}


def days(count, first="2024-01-01"):
    return np.arange(np.datetime64(first), np.datetime64(first) + count).astype(str).tolist()


def table(rows, header="day,y"):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def read(tmp_path, text, clock=None, **given):
    path = tmp_path / "data.csv"
    path.write_text(text)
    return read_time_table(*source_of(path, given or {"time": "day", "target": "y"}), clock or Clock())


def source_of(path, columns):
    """Returns the source of a CSV file, and its columns."""
    return open_time_source(CsvTable, False, str(path), columns, encoding="")


def read_again(tmp_path, text, clock, frequency):
    """Reads a table for a run that was trained on series with a step."""
    path = tmp_path / "data.csv"
    path.write_text(text)
    return read_time_table(*source_of(path, {"time": "day", "target": "y"}), clock, frequency)


def opened(tmp_path, text, **options):
    path = tmp_path / "data.csv"
    path.write_text(text)
    options = {**SMALL, **options}
    return registry.find_dataset(f"csv:{path}", ("forecasting",), options).open(None, 0, options)


def fitted(examples):
    task = make_task(TaskConfig("forecasting", "window", {}, {}))
    return task, task.fit(examples.split("train"))


def test_rows_in_any_order_with_gaps_and_repeats_become_a_grid(tmp_path):
    rows = [("2024-01-04", 4), ("2024-01-01", 1), ("2024-01-02", 2), ("2024-01-02", 2), ("2024-01-07", "")]
    found = read(tmp_path, table([*rows, ("2024-01-08", "NaN"), ("2024-01-09", 9)]))
    (one,) = found.series
    np.testing.assert_array_equal(one.values[:, 0], [1, 2, np.nan, 4, np.nan, np.nan, np.nan, np.nan, 9])
    assert (found.rows, found.unsorted, found.repeated, found.gaps) == (6, 1, 1, (2, 3))
    assert not found.report.bad_rows


def test_series_with_names_have_grids_of_their_own(tmp_path):
    rows = [(day, name, number) for number, day in enumerate(days(3)) for name in ("b", "a")] + [("2024-01-05", "a", 7)]
    found = read(tmp_path, table(rows, "day,shop,y"), time="day", target="y", id="shop")
    assert [(one.name, len(one)) for one in found.series] == [("b", 3), ("a", 5)]


def test_several_targets_and_known_columns_are_joined_by_plus_signs(tmp_path):
    rows = [(day, number, 2 * number, "true", number) for number, day in enumerate(days(3))]
    text = table(rows, "day,a,b+c,holiday,d")
    found = read(tmp_path, text, time="day", target="a+b+c", known="holiday+d")
    assert found.columns.targets == ("a", "b+c")
    assert found.series[0].values.tolist() == [[0, 0], [1, 2], [2, 4]]
    assert found.series[0].known.tolist() == [[1, 0], [1, 1], [1, 2]]


def test_the_clock_set_back_is_no_repeat_with_a_zone(tmp_path):
    hours = [f"2024-10-27 {hour:02}:00" for hour in (0, 1, 2, 2, 3, 4)]
    text = table(list(zip(hours, range(6), strict=True)))
    (one,) = read(tmp_path, text, Clock(zone="Europe/Berlin")).series
    assert one.values[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert (np.diff(one.seconds) // 3600).tolist() == [1, 1, 0, 1, 1]
    without = read(tmp_path, text)
    assert "time_zone" in without.report.bad[0].fault


@pytest.mark.parametrize("minutes", [60, 30])
def test_the_repeated_hour_is_in_order_if_the_latest_row_comes_first(tmp_path, minutes):
    utc = np.arange("2024-10-26T21:00", "2024-10-27T04:00", np.timedelta64(minutes, "m"), "datetime64[m]")
    change = np.datetime64("2024-10-27T01:00")
    local = [time + np.timedelta64(2 if time < change else 1, "h") for time in utc]
    rows = list(zip(local, range(len(local)), strict=True))
    (one,) = read(tmp_path, table(rows[::-1]), Clock(zone="Europe/Berlin")).series
    assert one.values[:, 0].tolist() == list(range(len(rows)))
    with pytest.raises(DataError, match=r"two rows have the time .* an hour that occurs twice"):
        read(
            tmp_path,
            table([row for pair in zip(rows[::2], rows[1::2], strict=False) for row in pair[::-1]]),
            Clock(zone="Europe/Berlin"),
        )


def test_months_with_a_zone_continue_those_of_training(tmp_path):
    text = table([(f"{year}-{month:02}-01 00:00", month) for year in (2023, 2024) for month in range(1, 13)])
    found = read_again(tmp_path, text, Clock(zone="Europe/Berlin"), Frequency("month", 1))
    assert len(found.series[0]) == 24
    assert found.clock.write(int(found.series[0].times[1])) == "2023-02-01 00:00"
    with pytest.raises(DataError, match="mostly 1 month apart, but the run was trained on steps of 1 day"):
        read_again(tmp_path, text, Clock(zone="Europe/Berlin"), Frequency("us", SECOND * 86_400))


def test_dates_with_a_zone_are_written_as_dates(tmp_path):
    found = read(tmp_path, table([(day, 1) for day in days(5)]), Clock(zone="Europe/Berlin"))
    assert found.clock.write(int(found.series[0].times[1])) == "2024-01-02"


def test_a_count_of_the_training_is_continued_where_it_looks_like_years(tmp_path):
    examples = opened(tmp_path, table([(number, number % 5) for number in range(1, 1301)]))
    step = examples.recorded.frequency
    text = table([(number, number % 5) for number in range(1201, 1301)])
    found = read_again(tmp_path, text, Clock(counts=step.endswith(COUNT)), Frequency.parse(step))
    assert (len(found.series[0]), found.clock.write(int(found.series[0].times[-1]))) == (100, "1300")
    with pytest.raises(DataError, match="not written like those in training, a count"):
        read_again(tmp_path, table([(day, 1) for day in days(9)]), Clock(counts=True), Frequency.parse(step))


def test_midnights_of_a_zone_are_days(tmp_path):
    text = table([("2024-03-30 00:00", 1), ("2024-03-31 00:00", 2), ("2024-04-01 00:00", 3)])
    found = read(tmp_path, text, Clock(zone="Europe/Berlin"))
    assert str(found.frequency) == "1 day"
    assert found.series[0].values[:, 0].tolist() == [1, 2, 3]


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


def test_the_survey_states_what_was_repaired_and_what_is_unusual(tmp_path, caplog):
    rows = [(day, "a", number % 7, 1) for number, day in enumerate(days(60)) if number != 12]
    rows += [(day, "b", number, 1) for number, day in enumerate(days(3))]
    rows[5], rows[6] = rows[6], rows[5]
    rows.append(rows[20])
    examples = opened(tmp_path, table(rows, "day,shop,y,holiday"), columns="time=day,target=y,id=shop,known=holiday")
    with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
        examples.report(fitted(examples)[0])
    for wanted in (
        "data.csv: 2 series of 3 to 60 steps of 1 day, from 2024-01-01 to 2024-02-29",
        "Windows of 4 steps and the next 2: 37 for training, 5 for validation from 2024-02-12, 11 for the test from",
        "1 rows repeat another row",
        "1 gaps with 1 steps",
        "1 series are shorter than a window of 6 steps and are not used: 'b' (3)",
        "known column 'holiday' is constant",
        "rows are sorted by time",
    ):
        assert wanted in caplog.text, wanted


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path):
    text = table([(day, number) for number, day in enumerate(days(40))])
    with pytest.raises(DataError, match=r"no column 'dya'.*'day'"):
        opened(tmp_path, text, columns="time=dya,target=y")
    with pytest.raises(OptionError, match="the column 'y' twice"):
        opened(tmp_path, text, columns="time=day,target=y,known=y")


def test_a_table_with_several_other_columns_needs_a_target(tmp_path):
    text = table([(day, 1, 2) for day in days(40)], "date,a,b")
    with pytest.raises(DataError, match=r"usual name for 'target'.*target=A\+B"):
        opened(tmp_path, text, columns="")


def test_tables_in_other_formats_give_the_same_windows(tmp_path):
    (tmp_path / "data.tsv").write_text("day\ty\n" + "".join(f"{day}\t{n}\n" for n, day in enumerate(days(40))))
    lines = "".join(f'{{"day": "{day}", "y": {n}}}\n' for n, day in enumerate(days(40)))
    (tmp_path / "data.jsonl").write_text(lines)
    expected = opened(tmp_path, table([(day, number) for number, day in enumerate(days(40))]))
    for ending in ("tsv", "jsonl"):
        entry = registry.find_dataset(f"{ending}:{tmp_path}/data.{ending}", ("forecasting",), SMALL)
        found = entry.open(None, 0, SMALL)
        for name in found.splits:
            for (raw, target), (other, other_target) in zip(
                found.split(name).as_numpy_iterator(), expected.split(name).as_numpy_iterator(), strict=True
            ):
                np.testing.assert_array_equal(raw["series"], other["series"])
                np.testing.assert_array_equal(target, other_target)


def test_other_tables_stay_what_they_were(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label,date\na,x,2024-01-01\n")
    tasks = registry.architectures.get("many_to_one").tasks
    assert registry.find_dataset(f"csv:{path}", tasks, {}).task == "classification"
    path.write_text("source,target\na,x\n")
    columns = {"columns": "source=source,target=target"}
    assert registry.find_dataset(f"csv:{path}", ("translation", "forecasting"), columns).task == "translation"
    path.write_text("date,y\n2024-01-01,1\n")
    assert registry.find_dataset(f"csv:{path}", tasks, {"columns": "target=y"}).task == "forecasting"
    assert "forecasting" in zoo.registry.tasks.names()
