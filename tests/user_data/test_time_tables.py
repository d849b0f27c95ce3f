"""Tables over time: how rows become series, windows and splits, and that the future stays out of the past."""

import logging

import numpy as np
import pytest
from time_tables import SMALL, days, fitted, opened, read, source_of, table

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.user_data.frequency import COUNT, Frequency
from keras_rnn_zoo.user_data.time_table import read_time_table
from keras_rnn_zoo.user_data.timestamps import SECOND, Clock


def read_again(tmp_path, text, clock, frequency):
    """Reads a table for a run that was trained on series with a step."""
    path = tmp_path / "data.csv"
    path.write_text(text)
    return read_time_table(*source_of(path, {"time": "day", "target": "y"}), clock, frequency)


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
        "1 row repeats another one and is dropped",
        "1 gap with 1 step without a row",
        "1 series is shorter than a window of 6 steps and not used: 'b' (3)",
        "known column 'holiday' is constant",
        "rows are sorted by time",
    ):
        assert wanted in caplog.text, wanted


def test_a_missing_column_is_reported_with_the_nearest_name(tmp_path):
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
