"""Times in files, the steps between them, and how both are written again."""

import numpy as np
import pytest

from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.user_data.frequency import Frequency, find_frequency
from keras_rnn_zoo.user_data.timestamps import DAY, Clock, TimeFault

NOTATIONS = [
    (["2020-01", "2020-02", "2020-04"], "1 month", 12, ["2020-05", "2020-06"]),
    (["2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30"], "1 month", 12, ["2020-05-31", "2020-06-30"]),
    (["2020-07-31", "2020-08-31"], "1 month", 12, ["2020-09-30", "2020-10-31"]),
    (["2020-01-15", "2020-02-15", "2020-03-15"], "1 month", 12, ["2020-04-15", "2020-05-15"]),
    (["2020-Q1", "2020-Q2", "2020-Q4"], "3 months", 4, ["2021-Q1", "2021-Q2"]),
    (["1990", "1991", "1993"], "12 months", 1, ["1994", "1995"]),
    (["2024-05-31", "2024-06-03", "2024-06-04", "2024-06-05"], "1 business day", 5, ["2024-06-06", "2024-06-07"]),
    (["2024-05-31 00:00", "2024-05-31 00:15"], "15 minutes", 96, ["2024-05-31 00:30", "2024-05-31 00:45"]),
    (["2024-05-31T00:00:00Z", "2024-06-07T00:00:00Z"], "7 days", 52, ["2024-06-14T00:00:00Z", "2024-06-21T00:00:00Z"]),
    (
        ["2024-05-31T00:00:00+02:00", "2024-05-31T01:00:00+02:00"],
        "1 hour",
        24,
        ["2024-05-31T02:00:00+02:00", "2024-05-31T03:00:00+02:00"],
    ),
    (["20240531", "20240601"], "1 day", 7, ["20240602", "20240603"]),
    (["1700000000", "1700000060"], "1 minute", 1440, ["1700000120", "1700000180"]),
    (["1700000000000", "1700000000500"], "500 milliseconds", 1, ["1700000001000", "1700000001500"]),
    (["7", "8", "10"], "1 second", 1, ["11", "12"]),
    (["20240531T1800", "20240531T1900"], "1 hour", 24, ["2024-05-31T20:00", "2024-05-31T21:00"]),
    (["1749/01/01", "1749/01/02"], "1 day", 7, ["1749-01-03", "1749-01-04"]),
]


@pytest.mark.parametrize(("texts", "step", "season", "following"), NOTATIONS, ids=lambda value: str(value)[:25])
def test_a_notation_is_recognized_and_continued(texts, step, season, following):
    clock = Clock()
    times = np.array([clock.read(text) for text in texts])
    frequency = find_frequency([times])
    assert (str(frequency), frequency.season) == (step, season)
    index, fits, phase = frequency.index(times)
    assert fits.all()
    assert frequency.time_of(index, phase).tolist() == times.tolist()
    assert [clock.write(int(time)) for time in frequency.time_of(index[-1] + np.array([1, 2]), phase)] == following
    assert Frequency.parse(frequency.code) == frequency


def test_the_calendar_does_not_depend_on_the_offset_of_the_last_row():
    winter, summer = Clock(), Clock()
    times = [clock.read(text) for clock in (winter, summer) for text in ("2024-03-30T12:00+01:00",)]
    summer.read("2024-04-01T12:00+02:00")
    assert winter.wall(np.array(times)).tolist() == summer.wall(np.array(times)).tolist()


def test_a_named_notation_is_read_and_written():
    clock = Clock("%d.%m.%Y")
    assert clock.write(clock.read("31.05.2024") + DAY) == "01.06.2024"
    with pytest.raises(TimeFault, match="in the format"):
        clock.read("2024-05-31")


def test_the_hour_that_occurs_twice_is_read_in_order_and_written_on_the_wall_clock():
    clock = Clock(zone="Europe/Berlin")
    times = []
    for text in ("2024-10-27 01:00", "2024-10-27 02:00", "2024-10-27 02:00", "2024-10-27 03:00"):
        times.append(clock.read(text, times))
    assert np.diff(times).tolist() == [DAY // 24] * 3
    assert [clock.write(time) for time in times[1:3]] == ["2024-10-27 02:00"] * 2
    assert np.diff(clock.wall(np.array(times))).tolist() == [DAY // 24, 0, DAY // 24]


def test_the_hour_that_the_clock_skips_does_not_exist():
    with pytest.raises(TimeFault, match="does not exist in Europe/Berlin"):
        Clock(zone="Europe/Berlin").read("2024-03-31 02:30")


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01", "05/31/2024", "12345", "99999999"])
def test_anything_but_a_time_is_a_fault(text):
    with pytest.raises(TimeFault):
        Clock().read(text)


def test_a_second_notation_is_a_fault():
    clock = Clock()
    clock.read("2024-05-31T00:00")
    with pytest.raises(TimeFault, match="not written like the first one, '2024-05-31T00:00'"):
        clock.read("2024-05-31T01:00Z")


@pytest.mark.parametrize("name", ["Europe/Berlln", "../etc/passwd", "/etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(name):
    with pytest.raises(OptionError, match="time_zone"):
        Clock(zone=name)


def test_times_off_the_grid_are_found():
    hour = DAY // 24
    times = np.array([0, hour, 2 * hour, 2 * hour + 7, 4 * hour])
    _, fits, _ = Frequency("us", hour).index(times)
    assert fits.tolist() == [True, True, True, False, True]
    month = np.array([np.datetime64(text, "us").astype("int64") for text in ("2020-01-01", "2020-02-01", "2020-03-02")])
    assert Frequency("month", 1).index(month)[1].tolist() == [True, True, False]


def test_there_is_no_step_without_two_times():
    assert find_frequency([np.array([5])]) is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:00-05:00"])
def test_times_out_of_range_are_refused(text):
    with pytest.raises(TimeFault, match="between the years 1 and 9999"):
        Clock().read(text)
    with pytest.raises(TimeFault):
        Clock(counts=True).read("9" * 25)


def test_times_beyond_the_last_year_are_not_written():
    clock = Clock()
    last = clock.read("9999-12-31")
    with pytest.raises(OverflowError):
        clock.write(last + DAY)


@pytest.mark.parametrize("format", ["%Y-%Y", "%", "%Q"])
def test_a_format_that_no_text_can_have_is_refused(format):
    with pytest.raises(OptionError, match=r"Option 'time_format' expects .* each of them once"):
        Clock(format)
