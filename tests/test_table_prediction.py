"""Tables that are predicted into tables of any format, by the extension of the output."""

import csv
import io
import json

import numpy as np
import pytest
import tensorflow as tf
from prediction_files import ONE_LINE, TEXTS, as_csv

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError, ZooError

ROWS = [{"id": number, "text": text or "-", "note": None} for number, text in enumerate(TEXTS)]


def write_rows(path):
    """Writes rows in the format of a file's extension."""
    import sqlite3

    import openpyxl
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet

    table = pa.Table.from_pylist(ROWS, pa.schema([("id", pa.int32()), ("text", pa.string()), ("note", pa.string())]))
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path)
    elif path.suffix == ".arrow":
        pyarrow.feather.write_feather(table, path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(ROWS))
    elif path.suffix == ".xlsx":
        workbook = openpyxl.Workbook()
        for row in [list(ROWS[0]), *(list(row.values()) for row in ROWS)]:
            workbook.active.append(row)
        workbook.save(path)
    elif path.suffix == ".db":
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE a (id, text, note)")
            connection.executemany("INSERT INTO a VALUES (?, ?, ?)", [tuple(row.values()) for row in ROWS])
        connection.close()
    else:
        path.write_text(as_csv([list(ROWS[0]), *(list(row.values()) for row in ROWS)]))
    return path


def read_rows(path):
    """Reads the rows of a file, each as a dict of values that are not missing."""
    import openpyxl
    import pyarrow.feather
    import pyarrow.parquet

    if path.suffix == ".parquet":
        rows = pyarrow.parquet.read_table(path).to_pylist()
    elif path.suffix == ".arrow":
        rows = pyarrow.feather.read_table(path).to_pylist()
    elif path.suffix == ".json":
        rows = json.loads(path.read_text())
    elif path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    elif path.suffix == ".xlsx":
        header, *values = openpyxl.load_workbook(path).active.values
        rows = [dict(zip(header, row, strict=True)) for row in values]
    elif path.suffix == ".npz":
        arrays = np.load(path)
        rows = [{name: arrays[name][row] for name in arrays if name != "classes"} for row in range(len(arrays["id"]))]
    else:
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
    return [{name: value for name, value in row.items() if value is not None and str(value)} for row in rows]


@pytest.mark.parametrize("source", ["parquet", "arrow", "json", "xlsx", "db", "csv"])
@pytest.mark.parametrize("target", ["same", "csv", "tsv", "jsonl", "json", "parquet", "arrow", "xlsx", "npz"])
def test_any_table_is_predicted_into_any_other(source, target, loaded, tmp_path):
    path = write_rows(tmp_path / f"in.{source}")
    output = tmp_path / f"out.{source if target == 'same' else target}"
    if output.suffix == ".db":
        with pytest.raises(DataError, match=r"cannot be written in its own format.*\.csv, .*\.parquet"):
            zoo.predict_file(loaded, str(path), str(output))
        return
    assert zoo.predict_file(loaded, str(path), str(output)) == {"predicted": 4, "skipped": 0}
    rows = read_rows(output)
    assert [row["predicted_label"] for row in rows] == labels_of(loaded)
    assert [int(row["id"]) for row in rows] == [0, 1, 2, 3]
    same = one_line if output.suffix == ".tsv" else str
    assert [row["text"] for row in rows] == [same(row["text"]) for row in ROWS]
    if output.suffix in (".json", ".jsonl"):
        assert {tuple(row["predicted_probabilities"]) for row in rows} == {("negative", "positive")}
    elif output.suffix != ".npz":
        assert set(rows[0]) == {"id", "text", "predicted_label", "predicted_probability"}
    if {path.suffix, output.suffix} <= {".parquet", ".arrow"}:
        assert str(types(output)["id"]) == "int32"


def one_line(text):
    return " ".join(text.splitlines())


def labels_of(loaded):
    return [answer["label"] for answer in zoo.predict(loaded, [row["text"] for row in ROWS])]


def types(path):
    import pyarrow.dataset

    return {field.name: field.type for field in pyarrow.dataset.dataset(path, format=path.suffix[1:]).schema}


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_a_table_gets_the_probability_of_every_class_on_request(ending, loaded, tmp_path):
    path, output = write_rows(tmp_path / f"in.{ending}"), tmp_path / f"out.{ending}"
    zoo.predict_file(loaded, str(path), str(output), probabilities=True)
    for row, answer in zip(read_rows(output), zoo.predict(loaded, [row["text"] for row in ROWS]), strict=True):
        for name, probability in answer["probabilities"].items():
            assert float(row[f"predicted_probability_{name}"]) == pytest.approx(probability, abs=1e-5)
        assert float(row["predicted_probability"]) == pytest.approx(max(answer["probabilities"].values()), abs=1e-5)


def test_texts_and_folders_become_tables_by_the_extension(loaded, small_run, tmp_path):
    (tmp_path / "in.txt").write_text("".join(f"{text}\n" for text in ONE_LINE))
    zoo.predict_file(loaded, str(tmp_path / "in.txt"), str(tmp_path / "out.csv"), probabilities=True)
    rows = read_rows(tmp_path / "out.csv")
    assert list(rows[0])[:2] == ["text", "predicted_label"]
    assert "predicted_probability_negative" in rows[0]
    assert len(rows) == 4
    with pytest.raises(ZooError, match=r"probability of each class cannot be written in the format 'text'"):
        zoo.predict_file(loaded, str(tmp_path / "in.txt"), probabilities=True)
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "a.png").write_bytes(tf.io.encode_png(np.zeros((8, 8, 1), "uint8")).numpy())
    zoo.predict_file(small_run("digits"), str(tmp_path / "pics"), str(tmp_path / "out.json"))
    (row,) = read_rows(tmp_path / "out.json")
    assert row["image"] == "a.png"
    assert list(row["predicted_probabilities"]) == list("0123456789")


@pytest.mark.parametrize("output", [None, "-"])
def test_standard_output_gets_text(output, loaded, tmp_path, monkeypatch):
    for ending, expected in (("parquet", "id,text,note,predicted_label"), ("json", "[\n{")):
        stdout = io.TextIOWrapper(io.BytesIO(), "utf-8")
        monkeypatch.setattr("sys.stdout", stdout)
        zoo.predict_file(loaded, str(write_rows(tmp_path / f"in.{ending}")), output)
        stdout.flush()
        assert stdout.buffer.getvalue().decode().startswith(expected)


def test_a_predicted_formula_is_a_text_in_a_workbook(tmp_path):
    import openpyxl

    from keras_rnn_zoo.user_data.formats.excel import ExcelRows

    with open(tmp_path / "a.xlsx", "wb") as file:
        rows = ExcelRows(file)
        rows.write({"text": "=1+1", "more": "a\x00b"}, {"label": "=HYPERLINK(1)"})
        rows.close()
    cells = openpyxl.load_workbook(tmp_path / "a.xlsx").active[2]
    assert [cell.data_type for cell in cells] == ["s", "s", "s"]
    assert [cell.value for cell in cells] == ["=1+1", "a\ufffdb", "=HYPERLINK(1)"]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "xlsx"])
def test_invalid_characters_are_replaced_where_a_file_cannot_hold_them(ending, loaded, tmp_path):
    (tmp_path / "in.jsonl").write_bytes(b'{"text": "fine", "note": "caf\xe9", "half": "\\ud800"}\n')
    zoo.predict_file(loaded, str(tmp_path / "in.jsonl"), str(tmp_path / f"out.{ending}"))
    (row,) = read_rows(tmp_path / f"out.{ending}")
    assert (row["note"], row["half"]) == ("caf\ufffd", "\ufffd")


def test_columns_of_mixed_types_cannot_be_written_to_parquet(loaded, tmp_path):
    rows = [{"text": "good", "more": 1}, {"text": "bad", "more": "one"}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=r"The column 'more' has values of several types.*\.jsonl"):
        zoo.predict_file(loaded, str(tmp_path / "in.jsonl"), str(tmp_path / "out.parquet"))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["in.jsonl"]


def test_a_pattern_names_several_files_to_predict(loaded, tmp_path):
    for number, text in enumerate(ONE_LINE):
        (tmp_path / f"part-{number}.csv").write_text(as_csv([("text", "id"), (text or "-", number)]))
    zoo.predict_file(loaded, str(tmp_path / "part-*.csv"), str(tmp_path / "out.csv"))
    assert [row["id"] for row in read_rows(tmp_path / "out.csv")] == ["0", "1", "2", "3"]
    (tmp_path / "part-2.csv").write_bytes(b"text,id\nbad\xff,2\n")
    with pytest.raises(DataError, match=r"part-2\.csv line 2, column 'text': byte 0xff"):
        zoo.predict_file(loaded, str(tmp_path / "part-*.csv"))


def test_series_in_an_archive_are_predicted(tmp_path):
    random = np.random.default_rng(0)
    np.savez(
        tmp_path / "train.npz",
        x_train=random.normal(size=(40, 6, 2)), y_train=np.arange(40) % 2,
        x_test=random.normal(size=(10, 6, 2)), y_test=np.arange(10) % 2,
    )  # fmt: skip
    run = zoo.train("many_to_one", dataset=str(tmp_path / "train.npz"), epochs=1, units=4, verbose=0)
    assert run.config.dataset.recorded.rows == {"train": 36, "validation": 4, "test": 10}
    assert zoo.evaluate(run).metrics == pytest.approx(run.metrics)
    x = random.normal(size=(5, 6, 2)).astype("float32")
    np.savez(tmp_path / "new.npz", x=x, lengths=[6, 5, 4, 3, 2], y_is_not_needed=np.zeros(1))
    zoo.predict_file(run, str(tmp_path / "new.npz"), str(tmp_path / "out.npz"))
    out = np.load(tmp_path / "out.npz")  # Without pickles.
    answers = zoo.predict(run, [series[: 6 - number] for number, series in enumerate(x)])
    assert out["index"].tolist() == [0, 1, 2, 3, 4]
    assert out["predicted_label"].tolist() == [answer["label"] for answer in answers]
    wanted = [list(answer["probabilities"].values()) for answer in answers]
    np.testing.assert_allclose(out["predicted_probabilities"], wanted, atol=1e-5)
    assert out["classes"].tolist() == list(answers[0]["probabilities"])
    zoo.predict_file(run, str(tmp_path / "new.npz"), str(tmp_path / "out.csv"))
    with open(tmp_path / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["predicted_label"] for row in rows] == out["predicted_label"].tolist()
    assert list(rows[0]) == ["index", "predicted_label", "predicted_probability"]
    np.savez(tmp_path / "new.npz", x=np.array([[1.0], "a"], object))
    with pytest.raises(DataError, match=r"new\.npz, example 1, column 'x': numbers of shape"):
        zoo.predict_file(run, str(tmp_path / "new.npz"))


def test_token_ids_cause_a_warning(tmp_path):
    from keras_rnn_zoo.user_data.formats.npz import Arrays

    ids = np.empty(20, object)
    ids[:] = [[1, 14, 22, 16, 4300 + n] for n in range(20)]
    np.savez(tmp_path / "imdb.npz", x=ids, y=np.arange(20) % 2)
    (warning,) = Arrays(str(tmp_path / "imdb.npz"), ("classification",), {}, "").warnings()
    assert "token ids that keras.datasets.imdb.load_data() returns" in warning
    np.savez(tmp_path / "imdb.npz", x=np.full((20, 5), 4300.0), y=np.arange(20) % 2)
    assert Arrays(str(tmp_path / "imdb.npz"), ("classification",), {}, "").warnings() == []
