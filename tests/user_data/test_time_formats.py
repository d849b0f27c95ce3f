"""Tables over time in every format, and in memory: the same series, metrics and forecasts as from CSV."""

import contextlib
import csv
import json
import sqlite3

import numpy as np
import pytest
from pages import programs_of, text_of

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, OptionError, RunError
from keras_rnn_zoo.user_data.forecast_inputs import forecast_inputs
from keras_rnn_zoo.user_data.formats.csv import CsvTable
from keras_rnn_zoo.user_data.prediction_inputs import trained_on

COLUMNS = "time=day,target=sales,id=shop,known=promotion"
OPTIONS = {"columns": COLUMNS, "history": 14, "horizon": 7}
TRAINING = {"run": "sales", "units": 4, "epochs": 1, "verbose": 0}
DAYS, FUTURE = 70, 7
(PROGRAM,) = [program for program in programs_of(text_of("data.md")) if "sales = pd.read_csv" in program]
RUNS = {"data.md": [PROGRAM]}

pd = pytest.importorskip("pandas")


def frame(days=DAYS, future=0):
    """Returns the sales of two shops as a DataFrame with dates, of which one is missing and one empty."""
    draw = np.random.default_rng(3)
    parts = []
    for number, shop in enumerate(("north", "south")):
        dates = pd.date_range("2024-01-01", periods=days + future)
        promotion = draw.random(days + future) < 0.2
        sales = 50.0 * (1 + number) + 5 * (np.arange(days + future) % 7) + 20 * promotion + draw.normal(size=len(dates))
        sales[days:] = np.nan
        sales[11] = np.nan
        table = pd.DataFrame({"day": dates, "shop": shop, "sales": sales, "promotion": promotion, "note": "x"})
        parts.append(table.drop(index=23))
    return pd.concat(parts, ignore_index=True)


def write_csv(table, path):
    table.to_csv(path, index=False)


def write_parquet(table, path):
    pytest.importorskip("pyarrow")
    table.to_parquet(path, row_group_size=32)


def write_arrow(table, path):
    pytest.importorskip("pyarrow")
    table.to_feather(path)


def write_excel(table, path):
    pytest.importorskip("openpyxl")
    table.to_excel(path, index=False)


def write_json(table, path):
    rows = [dict(zip(table.columns, row, strict=True)) for row in text_rows(table)]
    path.write_text(json.dumps(rows))


def write_sqlite(table, path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE sales (day TEXT, shop TEXT, sales REAL, promotion INTEGER, note TEXT)")
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?)", text_rows(table))
        connection.commit()


def text_rows(table):
    """Returns the rows as plain values, with dates as texts and missing numbers as `None`."""
    return [
        (str(day.date()), shop, None if sales != sales else sales, bool(promotion), note)
        for day, shop, sales, promotion, note in table.itertuples(index=False)
    ]


WRITERS = {
    "csv": write_csv,
    "parquet": write_parquet,
    "arrow": write_arrow,
    "xlsx": write_excel,
    "json": write_json,
    "db": write_sqlite,
}


def windows(data, **options):
    """Returns the checksum, the recorded facts and all numbers of the windows of each split."""
    options = {**OPTIONS, **options}
    examples = registry.find_dataset(data, ("forecasting",), options).open(None, 0, options)
    numbers = {
        split: [[*(raw[name] for name in ("series", "time", "known")), target] for raw, target in rows]
        for split, rows in ((name, examples.split(name).as_numpy_iterator()) for name in examples.splits)
    }
    return examples, numbers


def assert_same(found, expected):
    assert found[0].recorded == expected[0].recorded
    for split, rows in expected[1].items():
        assert len(found[1][split]) == len(rows)
        for row, other in zip(found[1][split], rows, strict=True):
            for array, wanted in zip(row, other, strict=True):
                np.testing.assert_array_equal(array, wanted)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    path = tmp_path_factory.mktemp("expected") / "sales.csv"
    write_csv(frame(), path)
    return windows(str(path))


@pytest.mark.parametrize("ending", list(WRITERS)[1:])
def test_every_format_gives_the_windows_of_the_csv_file(tmp_path, expected, ending):
    path = tmp_path / f"sales.{ending}"
    WRITERS[ending](frame(), path)
    assert_same(windows(f"json:{path}" if ending == "json" else str(path)), expected)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "dict", "list of dicts", "texts"])
def test_every_table_in_memory_gives_the_windows_of_the_csv_file(expected, kind):
    table = frame()
    data = {
        "pandas": lambda: table,
        "polars": lambda: pytest.importorskip("polars").from_pandas(table),
        "pyarrow": lambda: pytest.importorskip("pyarrow").Table.from_pandas(table),
        "dict": lambda: {name: table[name].to_numpy() for name in table},
        "list of dicts": lambda: table.to_dict("records"),
        "texts": lambda: {"day": table["day"].astype(str).tolist(), **table.drop(columns="day").to_dict("list")},
    }[kind]()
    found = windows(data)
    assert_same(found, expected)
    assert found[0].checksum == windows(table)[0].checksum


def test_the_checksum_of_a_table_in_memory_is_that_of_what_is_read():
    table = frame()
    checksum = windows(table)[0].checksum
    assert windows(table.assign(note="y"))[0].checksum == checksum
    assert windows(table.assign(sales=table["sales"] + 1))[0].checksum != checksum
    assert windows(table.assign(promotion=0))[0].checksum != checksum


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_series_goes_on_in_the_next_file_of_a_pattern(tmp_path, expected, ending):
    table = frame()
    for number, rows in enumerate(np.array_split(np.arange(len(table)), 3)):
        WRITERS[ending](table.iloc[rows], tmp_path / f"part-{number}.{ending}")
    assert_same(windows(f"{tmp_path}/part-*.{ending}"), expected)


@pytest.mark.parametrize(
    ("ending", "place"),
    [("csv", "part-1.csv line 5"), ("parquet", "part-1.parquet row 4"), ("xlsx", "part-1.xlsx row 5")],
)
def test_a_bad_row_of_a_pattern_is_named_by_its_file(tmp_path, ending, place):
    table = frame().astype({"sales": object})
    table.loc[23, "sales"] = "lots"
    if ending == "parquet":
        table["sales"] = table["sales"].astype(str)
    WRITERS[ending](table.iloc[:20], tmp_path / f"part-0.{ending}")
    WRITERS[ending](table.iloc[20:], tmp_path / f"part-1.{ending}")
    with pytest.raises(DataError, match=rf"{place}, column 'sales': .*\('lots'\)"):
        windows(f"{tmp_path}/part-*.{ending}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.set_index("day"), r"pass data\.reset_index\(\)"),
        (
            lambda table: table.assign(day=table["day"].astype(str).where(table.index != 5, "soon")),
            "row 5, column 'day'",
        ),
        (lambda table: table.assign(sales=[[1]] * len(table)), "row 0, column 'sales': .*received the type list"),
        (lambda table: {"train": table, "test": table}, "split by time, with the option splits"),
        (lambda table: table[:20], "Make the window shorter: history=N horizon=N"),
    ],
    ids=["index", "time", "list", "splits", "short"],
)
def test_faults_of_tables_in_memory_are_named(change, message):
    with pytest.raises(DataError, match=message):
        windows(change(frame()))


def test_splits_of_other_data_are_refused_for_a_table_in_memory():
    with pytest.raises((DataError, OptionError), match="split"):
        zoo.train("many_to_one", dataset=frame(), validation=frame(), **OPTIONS, **TRAINING)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs: on a CSV file, and on the DataFrame with the same rows."""
    folder = tmp_path_factory.mktemp("runs")
    write_csv(frame(), folder / "sales.csv")
    data = {"csv": str(folder / "sales.csv"), "memory": frame()}
    return {
        name: zoo.train("many_to_one", dataset=one, models_dir=str(folder / name), **OPTIONS, **TRAINING)
        for name, one in data.items()
    }, folder


@pytest.mark.slow
def test_a_dataframe_gives_the_metrics_of_the_csv_file_to_the_last_digit(runs):
    trained, folder = runs
    assert trained["memory"].metrics == trained["csv"].metrics
    assert trained["memory"].config.dataset.name == "memory:pandas.DataFrame"
    again = zoo.evaluate(trained["memory"], dataset=frame())
    assert again.split == "test"
    assert again.metrics == zoo.evaluate(trained["csv"]).metrics
    assert again.metrics == zoo.evaluate(trained["csv"], dataset=f"csv:{folder}/sales.csv").metrics
    assert zoo.evaluate(trained["csv"], dataset=frame(40)).split == "all"


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_a_dataframe_is_continued_like_a_file(runs, tmp_path, kind):
    trained, _ = runs
    history = frame(40, FUTURE)
    write_csv(history, tmp_path / "history.csv")
    zoo.predict_file(zoo.load(trained["csv"]), str(tmp_path / "history.csv"), str(tmp_path / "forecast.csv"))
    data = history if kind == "pandas" else pytest.importorskip("polars").from_pandas(history)
    rows = trained["memory"].predict(data)
    assert rows == zoo.predict(trained["memory"], data, columns=COLUMNS)
    with open(tmp_path / "forecast.csv", newline="") as file:
        written = list(csv.DictReader(file))
    assert [list(row) for row in rows] == [list(row) for row in written]
    assert [{name: str(value) for name, value in row.items()} for row in rows] == written
    assert len(pd.DataFrame(rows)) == 2 * OPTIONS["horizon"]
    assert trained["memory"].predict(history.to_dict("records")) == rows


def test_what_a_dataframe_lacks_is_said_in_python(runs):
    trained, _ = runs
    with pytest.raises(DataError, match="'north' ends at 2024-02-09, and forecasting needs 'promotion'"):
        trained["memory"].predict(frame(40))
    with pytest.raises(DataError, match="no column 'day'"):
        trained["memory"].predict(frame(40).rename(columns={"day": "when"}))


@pytest.mark.parametrize("option", [{}, {"history": "x", "horizon": 2}, {"history": 3}])
def test_a_run_without_its_window_is_refused(runs, tmp_path, option):
    write_csv(frame(40, FUTURE), tmp_path / "a.csv")
    trained = trained_on(runs[0]["csv"].config)._replace(options=option)
    with pytest.raises(RunError, match="no valid history and horizon"):
        forecast_inputs(CsvTable, str(tmp_path / "a.csv"), trained, {"encoding": ""})


@pytest.mark.parametrize("ending", ["parquet", "xlsx", "json", "db"])
def test_the_series_of_every_format_are_continued(runs, tmp_path, ending):
    trained, _ = runs
    path = tmp_path / f"history.{ending}"
    WRITERS[ending](frame(40, FUTURE), path)
    address = f"json:{path}" if ending == "json" else str(path)
    zoo.predict_file(zoo.load(trained["csv"]), address, str(tmp_path / "forecast.csv"))
    with open(tmp_path / "forecast.csv", newline="") as file:
        written = list(csv.DictReader(file))
    rows = trained["csv"].predict(frame(40, FUTURE))
    assert written == [{name: str(value) for name, value in row.items()} for row in rows]


def test_the_series_of_a_pattern_are_continued_over_its_files(runs, tmp_path):
    trained, _ = runs
    table = frame(40, FUTURE)
    for number, rows in enumerate(np.array_split(np.arange(len(table)), 4)):
        write_csv(table.iloc[rows], tmp_path / f"part-{number}.csv")
    zoo.predict_file(zoo.load(trained["csv"]), f"{tmp_path}/part-*.csv", str(tmp_path / "forecast.jsonl"))
    found = [json.loads(line) for line in (tmp_path / "forecast.jsonl").read_text().splitlines()]
    assert found == trained["csv"].predict(table)


def test_the_rows_of_a_query_are_read(runs, tmp_path, expected):
    trained, _ = runs
    write_sqlite(frame(), tmp_path / "sales.db")
    query = f"sqlite:{tmp_path}/sales.db?SELECT * FROM sales"
    assert_same(windows(query), expected)
    with pytest.raises(DataError, match="forecasting needs 'promotion'"):
        zoo.predict_file(zoo.load(trained["csv"]), query, str(tmp_path / "forecast.csv"))


def test_the_program_in_the_documentation_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_csv(frame(150), tmp_path / "sales.csv")
    write_csv(frame(150, 14), tmp_path / "history.csv")
    train = zoo.train
    small = {"units": 4, "verbose": 0, "stride": 3, "models_dir": str(tmp_path)}
    monkeypatch.setattr(zoo, "train", lambda name, *, epochs, **given: train(name, epochs=1, **small, **given))
    names = {}
    exec(compile(PROGRAM, "data.md", "exec"), names)
    assert len(names["forecast"]) == 2 * 14
    assert list(names["forecast"])[:3] == ["shop", "day", "predicted_sales"]
