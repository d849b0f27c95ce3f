"""The commands and programs of docs/data.md run as they stand, on small files."""

import csv
import json
import re
import shlex
import sqlite3
from pathlib import Path

import keras
import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from pages import commands_of, programs_of, text_of

from keras_rnn_zoo import registry
from zoo_cli.main import cli

PAGE = text_of("data.md")
COMMANDS = commands_of(PAGE)
PROGRAMS = [program for program in programs_of(PAGE) if program.startswith(("rows", "np"))]
RUNS = {"data.md": [*COMMANDS, *PROGRAMS]}
FILMS = {"fine": 5, "dull": 1}
ROWS = [{"text": f"a {word} film number {n}", "stars": stars} for n in range(40) for word, stars in FILMS.items()]


def write_files(folder):
    """Writes the same reviews in each format that the page names."""
    with open(folder / "reviews.csv", "w", newline="") as file:
        csv.writer(file).writerows([("review", "stars"), *(row.values() for row in ROWS)])
    nested = [{"review": {"body": row["text"]}, "stars": row["stars"]} for row in ROWS]
    pq.write_table(pa.Table.from_pylist(nested), folder / "reviews.parquet")
    (folder / "reviews.json").write_text(json.dumps(nested))
    for name, sheet in (("reviews.xlsx", "Reviews"), ("new.xlsx", "Sheet1")):
        workbook = openpyxl.Workbook()
        workbook.active.title = "Notes" if name == "reviews.xlsx" else sheet
        cells = workbook.create_sheet(sheet) if name == "reviews.xlsx" else workbook.active
        for row in [("review", "stars"), *(row.values() for row in ROWS)]:
            cells.append(tuple(row))
        workbook.save(folder / name)
    connection = sqlite3.connect(folder / "reviews.db")
    connection.execute("CREATE TABLE reviews (text, stars)")
    connection.executemany("INSERT INTO reviews VALUES (?, ?)", [tuple(row.values()) for row in ROWS])
    connection.commit()
    connection.close()
    (folder / "saved_reviews").mkdir()
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_stream(folder / "saved_reviews" / "data.arrow", table.schema) as writer:
        writer.write_table(table)
    (folder / "saved_reviews" / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}]}))
    (folder / "parts").mkdir()
    for number in range(2):
        lines = "".join(f"{row['text']},{row['stars']}\n" for row in ROWS[number * 40 : (number + 1) * 40])
        (folder / "parts" / f"part-{number}.csv").write_text(f"text,label\n{lines}")
        (folder / "parts" / f"new-{number}.csv").write_text("review\na fine film\n")
    write_sales(folder / "sales.csv", folder / "history.csv")
    steps = [f"m{n // 4},{n % 4},{n % 7},{n % 5},{'fault' if n % 3 else 'ok'}\n" for n in range(80)]
    (folder / "machines.csv").write_text("machine,t,load,heat,state\n" + "".join(steps))
    (folder / "new.csv").write_text("review,stars\na fine film,5\na dull film,1\n")


def write_sales(past, history):
    """Writes 150 days of sales in two shops, and the last days with the promotions of two weeks to come."""
    head = ["day,shop,sales,promotion"]
    days = [f"{np.datetime64('2024-01-01') + day},{{}},{{}},{day % 2}" for day in range(164)]
    rows = [line.format(shop, number % 7) for shop in "ab" for number, line in enumerate(days[:150])]
    past.write_text("\n".join(head + rows) + "\n")
    known = [line.format(shop, number % 7 if number < 150 else "") for shop in "ab" for number, line in enumerate(days)]
    history.write_text("\n".join(head + known) + "\n")


@pytest.mark.slow
def test_its_commands_run(tmp_path, monkeypatch):
    assert len(COMMANDS) == 22
    fit = keras.Model.fit
    monkeypatch.setattr(keras.Model, "fit", lambda *a, epochs, **k: fit(*a, epochs=1, **k))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_MODELS_DIR")
    write_files(tmp_path)
    for command in COMMANDS:
        small = ["--set", "units=4"] if "train" in command else []
        command, _, source = command.partition(" < ")
        words, piped = [*shlex.split(command)[1:], *small], (tmp_path / source).read_bytes() if source else None
        result = CliRunner().invoke(cli, words, input=piped, catch_exceptions=False)
        assert result.exit_code == 0, f"{command}\n{result.stderr}"
    assert len(pq.read_table(tmp_path / "predictions.parquet")) == 2
    assert len((tmp_path / "predictions.jsonl").read_text().splitlines()) == 2


def test_its_table_names_every_format():
    addresses = " ".join(re.findall(r"`([a-z]+):", PAGE))
    for entry in registry.file_formats.entries():
        if entry.name != "memory":
            assert entry.name in addresses.split()


@pytest.mark.parametrize("program", PROGRAMS)
def test_its_programs_that_write_arrays_run(program, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "series.csv").write_text("kind,a,b\nx,1,2\ny,3,4\n")
    series, kinds = np.zeros((10, 5)), np.arange(10) % 2
    exec(program, {"np": np, "x_train": series, "y_train": kinds, "x_test": series, "y_test": kinds})
    (path,) = tmp_path.glob("*.npz")
    assert np.load(path).files


def test_every_page_is_in_the_index_and_in_the_navigation():
    root = Path(__file__).parent.parent
    navigation, index = (root / "mkdocs.yml").read_text(), (root / "docs" / "index.md").read_text()
    for page in sorted(path.name for path in (root / "docs").glob("*.md") if path.name != "index.md"):
        assert f": {page}\n" in navigation
        assert f"]({page})" in index
