"""A run that forecasts from what has come so far: tables, lines of standard input, and a streaming export."""

import csv
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from pages import programs_of, text_of
from processes import run_command

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.exporting import check as checking
from zoo_cli.main import cli

(PROGRAM,) = [program for program in programs_of(text_of("python.md")) if 'zoo.stream("sales")' in program]
RUNS = {"python.md": [PROGRAM]}


def rows(count):
    """Returns the rows of a shop with a week, promotions and noise."""
    draw, records = np.random.default_rng(3), []
    for day in range(count):
        promotion = int(draw.random() < 0.2)
        value = 50 + 5 * (day % 7) + 20 * promotion + draw.normal()
        date = str(np.datetime64("2024-01-01") + day)
        records.append({"day": date, "sales": f"{value:.2f}", "promotion": promotion})
    return records


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sales")
    with open(folder / "sales.csv", "w", newline="") as file:
        table = csv.DictWriter(file, ["day", "sales", "promotion"])
        table.writeheader()
        table.writerows(rows(90))
    return zoo.train(
        "many_to_one",
        dataset=f"csv:{folder / 'sales.csv'}",
        run="sales",
        columns="time=day,target=sales,known=promotion",
        history=14,
        horizon=7,
        units=4,
        epochs=1,
        models_dir=str(folder / "models"),
        verbose=0,
    )


def test_a_series_that_is_still_coming_in_is_continued(trained):
    """Parts of a table, and lines of standard input, get the forecasts of all rows until then."""
    records = rows(40)

    def with_future(start, end):
        """Returns rows, and those of the next steps, whose sales are not known yet."""
        return [*records[start:end], *({**one, "sales": ""} for one in records[end : end + 7])]

    opened, answers = zoo.stream(trained), []
    for start, end in ((0, 3), (3, 4), (4, 30)):
        answers.append(opened.feed(with_future(start, end)))
        expected = trained.predict(with_future(0, end))
        forecast = [row["predicted_sales"] for row in expected]
        np.testing.assert_allclose(np.ravel(answers[-1]["forecast"]), forecast, rtol=1e-5)
    lines = "".join(json.dumps(with_future(start, end)) + "\n" for start, end in ((0, 3), (3, 4), (4, 30)))
    done = CliRunner().invoke(cli, ["predict", str(trained.path), "--stream", "--json", "-q"], input=lines)
    assert [json.loads(line) for line in done.stdout.splitlines()] == answers
    done = CliRunner().invoke(cli, ["predict", str(trained.path), "--stream", "-q"], input="sales,day\n1,2")
    assert done.exit_code == 1 and "standard input, line 2: " in done.stderr and "promotion" in done.stderr


def test_the_program_of_the_page_feeds_a_table(trained, monkeypatch):
    monkeypatch.setenv("ZOO_MODELS_DIR", str(trained.path.parent))
    frame = pd.DataFrame(rows(27)).astype({"sales": float})
    frame.loc[20:, "sales"] = np.nan  # Promotions of the next seven days are known.
    names = {"zoo": zoo, "frame": frame}
    assert "\nstream.feed(" in PROGRAM
    exec(compile(PROGRAM.replace("\nstream.feed(", "\nforecast = stream.feed("), "python.md", "exec"), names)
    assert np.shape(names["forecast"]) == (7, 1)


def test_a_streaming_export_forecasts_from_parts_of_windows(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "EXAMPLES", 9)
    monkeypatch.setattr(checking, "subprocess", SimpleNamespace(run=run_command))
    path = zoo.export(shutil.copytree(trained.path, tmp_path / "sales"), streaming=True)
    check = json.loads((path / "export.json").read_text())["check"]
    assert check["examples"] == 9
    assert all(value < 1e-5 for value in check["differences"].values())
    reader = zoo.load(path).task.reader
    window = reader.dummy_input(3)
    (whole,), opened = zoo.predict(path, [window]), zoo.stream(path)
    for part in (reader.cut(window, 0, 5), reader.cut(window, 5, 14)):
        answer = opened.feed(part)
    np.testing.assert_allclose(answer["forecast"], whole["forecast"], rtol=1e-5)
    with pytest.raises(DataError, match="'time' with the seconds since 1970"):
        opened.feed("2024-05-01,1,0")
