"""Whatever its parts, a stream forecasts what the run forecasts from all that has come so far."""

import json

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from streaming_models import untrained

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.exporting.stream_file import compare_stream
from keras_rnn_zoo.streaming.program import PREFIX
from keras_rnn_zoo.streaming.stream import functions, stream
from keras_rnn_zoo.streaming.windows import program_of
from keras_rnn_zoo.user_data.forecast_parts import ComingRows
from keras_rnn_zoo.user_data.prediction_inputs import TrainedOn

HISTORY, HORIZON, TARGETS = 7, 3, 2
DAY = 86_400
PARTS = (0, 1, 1, 3, 0, 9, 1, 5)
"""Numbers of rows in the parts of a stream, one of them longer than a window."""


def forecaster(architecture="many_to_one", known=0, cycles=(), **options):
    """Returns an untrained model that forecasts two targets."""
    task = registry.tasks.get("forecasting").make(registry.readers.get("window").make(), ())
    reader = task.reader
    reader.history, reader.horizon = HISTORY, HORIZON
    reader.mean, reader.deviation = [1.0, -2.0], [2.0, 0.5]
    reader.known_mean, reader.known_deviation, reader.cycles = [0.5] * known, [2.0] * known, list(cycles)
    return untrained(architecture, task, units=4, **options)


def rows(known=0, seed=0, steps=20):
    """Returns rows of a series, some of whose values are missing."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(steps, TARGETS)).astype("float32")
    values[draw.random(values.shape) < 0.2] = np.nan
    ahead = draw.normal(size=(steps + HORIZON, known)).astype("float32")
    return {"series": values, "time": 3600 * np.arange(steps + HORIZON) + 5, "known": ahead}


KINDS = [
    ("many_to_one", 0, (), {"segment_length": 2}),
    ("many_to_one", 2, (DAY,), {"segment_length": 2, "bidirectional": True}),
    ("many_to_one", 1, (), {"channel_independent": True}),
    ("many_to_many", 0, (DAY,), {"segment_length": 2}),
]


@pytest.mark.parametrize(("architecture", "known", "cycles", "options"), KINDS)
def test_a_forecast_from_what_has_come_so_far(architecture, known, cycles, options):
    run = forecaster(architecture, known, cycles, **options)
    opened, whole, cut = stream(run), rows(known), run.task.reader.cut
    for _ in range(2):
        seen, forecasts = 0, []
        for count in PARTS:
            answer = opened.feed(cut(whole, seen, seen + count))
            seen += count
            if seen:
                (expected,) = run.predict([cut(whole, 0, seen)])
                for name, value in expected.items():
                    np.testing.assert_allclose(answer[name], value, atol=1e-5)
                forecasts.append(answer["forecast"])
        assert len({str(one) for one in forecasts}) == len(PARTS) - 2  # An empty part changes nothing.
        assert opened.finish()["forecast"] == forecasts[-1]


@pytest.mark.parametrize(("format", "kind"), [("tflite", KINDS[1]), ("onnx", KINDS[3])])
def test_a_file_forecasts_from_what_has_come_so_far(format, kind, tmp_path):
    architecture, known, cycles, options = kind
    entry = registry.export_formats.get(format)
    for name in entry.needs:
        pytest.importorskip(name, reason=f"the extra `{format}` is not installed")
    run, exporter = forecaster(architecture, known, cycles, **options), entry.make(entry)
    endpoints = program_of(run.task, run.model).logits_endpoints(exporter.stream_rows)
    exporter.write_stream_model(run.model, endpoints, tmp_path)
    inputs = [run.task.reader.cut(rows(known), 0, count) for count in (20, 3, 1, 9)]
    sizes = [size for size in exporter.batch_sizes if size < 10]
    assert compare_stream(run, *exporter.open_stream(tmp_path), inputs, "here", sizes).difference < 1e-5


def test_a_batch_holds_forecasts_at_different_points():
    run = forecaster(known=1, cycles=(DAY,))
    reader, (start, step) = run.task.reader, functions(run)
    names = [spec.name for spec in reader.part_signature()]
    assert names == ["series", "time", "known", "lengths"]
    wholes, counts = [rows(1, seed) for seed in range(3)], [(2, 0), (0, 1), (9, 4)]
    states = start(rows=tf.constant(3))
    for second in (0, 1):
        begins = [sum(one[:second]) for one in counts]
        parts = [reader.cut(w, b, b + one[second]) for w, b, one in zip(wholes, begins, counts, strict=True)]
        outputs = step(**states, **dict(zip(names, reader.to_parts(parts), strict=True)))
        states = {name: value for name, value in outputs.items() if name.startswith(PREFIX)}
    expected = run.predict([reader.cut(whole, 0, sum(one)) for whole, one in zip(wholes, counts, strict=True)])
    for row, one in zip(outputs["quantiles"].numpy(), expected, strict=True):
        np.testing.assert_allclose(row, one["quantiles"], atol=1e-5)
    none = step(**start(rows=tf.constant(0)), **dict(zip(names, reader.to_parts([]), strict=True)))
    assert all(len(value) == 0 for value in none.values())


def test_states_do_not_grow():
    opened, whole = stream(forecaster(known=1, cycles=(DAY,))), rows(1)
    sizes = {name: value.shape for name, value in opened.states.items()}
    assert sizes == {
        "state_reader_series": (1, HISTORY, TARGETS),
        "state_reader_time": (1, HISTORY + HORIZON),
        "state_reader_known": (1, HISTORY + HORIZON, 1),
    }
    opened.feed(whole)
    assert {name: value.shape for name, value in opened.states.items()} == sizes


def test_numbers_alone_are_rows_if_a_run_reads_nothing_else():
    run = forecaster()
    opened = stream(run)
    for part in (
        [[1, 2], [3, np.nan]],
        [5, 6],
        "7, 8",
        b"NA 9",
        "[[10, 11]]",
        '{"series": [[12, 13]]}',
        np.ones((2, 2)),
    ):
        answer = opened.feed(part)
    values = [[1, 2], [3, np.nan], [5, 6], [7, 8], [np.nan, 9], [10, 11], [12, 13], [1, 1], [1, 1]]
    np.testing.assert_allclose(answer["forecast"], run.predict([values])[0]["forecast"], atol=1e-5)
    for part in ([1, 2, 3], "1,2,3", {"series": [[1, 2, 3]]}, "{}", [["a", "b"]]):
        with pytest.raises(DataError):
            opened.feed(part)
    with pytest.raises(DataError, match="'time' with the seconds since 1970 of the past and future steps"):
        stream(forecaster(cycles=(DAY,))).feed([[1, 2]])


def test_a_graph_names_times_that_are_missing():
    run = forecaster(cycles=(DAY,))
    start, step = functions(run)
    with pytest.raises(tf.errors.InvalidArgumentError, match="value for each step of the series and of the horizon"):
        step(**start(rows=tf.constant(1)), series=tf.zeros([1, 2, 2]), time=tf.zeros([1, 2], tf.int64), lengths=[2])


COLUMNS = {"time": "day", "target": "a+b", "id": "shop"}
TRAINED = TrainedOn("forecasting", "window", "csv", COLUMNS, {"history": 4, "horizon": 2}, frequency="86400000000 us")


def table(*days, **columns):
    """Returns rows of a table whose values are the days of the month."""
    return pd.DataFrame({"day": [f"2024-05-{day:02}" for day in days], "a": days, "b": [0] * len(days), **columns})


def test_rows_of_a_table_become_the_next_steps_of_a_window():
    coming = ComingRows(TRAINED, plain=False)
    first = coming.window(table(2, 1, 3))
    assert first["series"][:, 0].tolist() == [1, 2, 3]
    seconds = np.arange("2024-05-01", "2024-05-06", dtype="datetime64[D]").astype("int64") * DAY
    assert first["time"].tolist() == seconds.tolist()
    window = coming.window([{"day": "2024-05-06", "a": "6", "b": ""}])
    np.testing.assert_array_equal(window["series"], [[np.nan, np.nan], [np.nan, np.nan], [6, np.nan]])
    assert window["time"].tolist() == (seconds[3] + DAY * np.arange(5)).tolist()
    assert len(coming.window("2024-06-30,1,2\n")["series"]) == 5  # No more steps than a window has are left out.
    coming.reset()
    assert coming.window({"day": ["2024-05-01"], "a": [1], "b": [2]})["series"].tolist() == [[1, 2]]


def test_what_is_known_in_advance_comes_in_rows_without_values():
    trained = TRAINED._replace(columns={"time": "day", "target": "a", "known": "b"})
    coming = ComingRows(trained, plain=False)
    first = coming.window(table(1, 2, 3).assign(a=[5, None, None], b=[7, 8, 9]))
    assert first["series"].tolist() == [[5]] and first["known"].tolist() == [[7], [8], [9]]
    second = json.dumps([{"day": f"2024-05-0{day}", "a": [6, None, None][day - 2], "b": day} for day in (2, 3, 4)])
    assert coming.window(second)["known"].tolist() == [[2], [3], [4]]
    with pytest.raises(DataError, match="forecasting needs 'b' of the next 2 steps"):
        coming.window("2024-05-03,1,2")
    with pytest.raises(DataError, match="no row has a value of 'a'"):
        coming.window("2024-05-03,,2")


def test_the_first_line_may_name_the_columns():
    coming = ComingRows(TRAINED, plain=True)
    assert not coming.read_header("1, 2")
    assert coming.window("1, 2") == "1, 2"  # Numbers alone.
    assert coming.read_header("b,note,day,a")
    assert coming.window("1,x,2024-05-01,2")["series"].tolist() == [[2, 1]]


HOURS = ("00:00", "01:00", "02:00", "02:00", "03:00", "04:00")
"""The hours of a night in which the clock is set back."""


@pytest.mark.parametrize("sizes", [(1,) * 6, (2, 1, 1, 2), (3, 3), (4, 2), (0, 6)])
def test_the_hour_that_occurs_twice_is_two_steps_of_a_stream(sizes):
    options = {"history": 8, "horizon": 2, "time_zone": "Europe/Berlin"}
    trained = TRAINED._replace(columns={"time": "t", "target": "a"}, options=options, frequency="3600000000 us")
    night = pd.DataFrame({"t": [f"2024-10-27 {hour}" for hour in HOURS], "a": range(6)})
    whole = ComingRows(trained, plain=False).window(night)
    coming, seen, values = ComingRows(trained, plain=False), 0, []
    for size in sizes:
        if size:
            window = coming.window(night[seen : seen + size])
            values += window["series"][:, 0].tolist()
            assert window["time"].tolist() == whole["time"][seen : seen + size + 2].tolist()
        seen += size
    assert values == [0, 1, 2, 3, 4, 5]  # No step is left out, and none repeated.
    with pytest.raises(DataError, match="04:00 is not after 2024-10-27 04:00"):
        coming.window([{"t": "2024-10-27 04:00", "a": 7}])


def test_the_second_of_two_hours_is_known_by_its_place_though_the_first_is_missing():
    options = {"history": 8, "horizon": 1, "time_zone": "Europe/Berlin"}
    trained = TRAINED._replace(columns={"time": "t", "target": "a"}, options=options, frequency="1800000000 us")
    coming = ComingRows(trained, plain=False)
    parts = [coming.window([{"t": f"2024-10-27 {time}", "a": 1}]) for time in ("02:30", "02:00", "02:30", "03:00")]
    assert [len(part["series"]) for part in parts] == [1, 1, 1, 1]
    with pytest.raises(DataError, match="is not after"):
        coming.window([{"t": "2024-10-27 02:30", "a": 1}])


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (lambda: table(3), "2024-05-03 is not after 2024-05-03, the last one so far"),
        (lambda: table(4, shop=["south"]), "a single series; received rows of 'north' and 'south'"),
        (lambda: "2024-05-04T06:00,1,2", "not on the grid of 1 day"),
        (lambda: "soon,1,2", r"column 'day': .*\('soon'\)"),
        (lambda: "2024-05-04,1", "A row is expected with day, a, b, separated by commas"),
        (lambda: "[{", "Rows are expected as JSON"),
        (lambda: "9999-12-31,1,2", "end after the year 9999"),
    ],
    ids=["order", "series", "grid", "time", "cells", "JSON", "year"],
)
def test_rows_that_do_not_continue_a_stream_are_named(part, message):
    coming = ComingRows(TRAINED, plain=False)
    coming.window(table(1, 2, 3, shop=["north"] * 3))
    with pytest.raises(DataError, match=message):
        coming.window(part())
    assert coming.window(table(4, shop=["north"]))["series"].tolist() == [[4, 0]]  # The part is left out.


def test_the_step_of_a_series_must_be_known():
    coming = ComingRows(TRAINED._replace(frequency=""), plain=False)
    with pytest.raises(DataError, match="Begin with several rows"):
        coming.window(table(1))
    coming.window(table(1, 3))
    assert coming.window(table(5))["time"].tolist()[1] - coming._times[-1] // 10**6 == 2 * DAY
