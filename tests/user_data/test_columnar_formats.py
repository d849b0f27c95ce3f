"""Parquet, Arrow, Hugging Face, JSON, Excel and SQLite: the same rows as in a CSV file, and what is refused."""

import datetime
import itertools
import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from columnar_files import FORMATS, LABELS, ROWS, TEXTS, examples, located, opened, write_hub, write_json, write_parquet

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data import held_rows
from keras_rnn_zoo.user_data.formats.parquet import ParquetTable


def written(address, folder, rows=ROWS):
    FORMATS[address](folder / address.partition(":")[2], rows)
    return located(address, folder)


@pytest.mark.parametrize("address", FORMATS)
def test_a_format_gives_the_rows_of_a_csv_file_in_the_same_splits_and_order(address, as_csv, tmp_path):
    expected = opened(f"csv:{as_csv}")[1]
    entry, data = opened(written(address, tmp_path))
    assert entry.task == "classification"
    assert data.recorded == expected.recorded
    assert data.classes == expected.classes == ("bad", "good")
    assert examples(data) == examples(expected)


@pytest.mark.parametrize("address", ["parquet:a.parquet", "arrow:a.arrow", "arrow:a.stream", "hf:saved", "sqlite:a.db"])
def test_large_data_is_streamed_and_its_groups_are_mixed(address, as_csv, tmp_path, monkeypatch):
    monkeypatch.setattr(held_rows.HeldRows, "_max_held", 1000)
    monkeypatch.setattr("keras_rnn_zoo.datasets.examples.MAX_BYTES_IN_MEMORY", 20)
    by_class = sorted(ROWS, key=lambda row: row["stars"])
    data = opened(written(address, tmp_path, by_class))[1]
    expected = examples(opened(f"csv:{as_csv}")[1])
    found = examples(data)
    assert {name: sorted(rows) for name, rows in found.items()} == {
        name: sorted(rows) for name, rows in expected.items()
    }
    assert len({target for _, target in found["train"][:32]}) == 2
    assert examples(data) == found
    data = opened(located(address, tmp_path))[1]
    assert examples(data)["train"] == found["train"]


@pytest.mark.parametrize("table", [write_parquet, write_json])
def test_nested_columns_are_named_by_a_dotted_path(table, tmp_path):
    rows = [{"review": {"body": row["review"], "more": {"n": 1}}, "stars": row["stars"]} for row in ROWS]
    path = tmp_path / ("a.parquet" if table is write_parquet else "a.json")
    table(path, rows)
    format = path.suffix[1:]
    data = opened(f"{format}:{path}", columns="text=review.body,label=stars")[1]
    assert sum(data.recorded.rows.values()) == 600
    assert data.recorded.columns == {"text": "review.body", "label": "stars"}
    with pytest.raises(DataError, match=r"no column 'review.text'.*'review.body', 'review.more.n', 'stars'"):
        opened(f"{format}:{path}", columns="text=review.text,label=stars")


def test_typed_values_are_read_as_a_csv_file_would_hold_them(tmp_path):
    day = datetime.date(2024, 5, 17)
    columns = {
        "text": pa.array([f"text {n}" for n in range(30)]),
        "date": pa.array([day] * 30),
        "time": pa.array([datetime.datetime(2024, 5, 17, 1, 2, 3)] * 30, pa.timestamp("ns")),
        "price": pa.array([Decimal("1.50")] * 30),
        "kind": pa.array(["x", "y"] * 15).dictionary_encode(),
        "flag": pa.array([True, False] * 15),
        "number": pa.array([1.0, 2.0] * 15),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")

    def labels(column):
        return opened(f"parquet:{tmp_path / 'a.parquet'}", ("classification",), columns=f"label={column}")[1].classes

    assert labels("kind") == ("x", "y")
    assert labels("flag") == ("False", "True")
    assert labels("number") == ("1", "2")
    table = ParquetTable(str(tmp_path / "a.parquet"), ("classification",), {"text": "time", "label": "kind"}, "")
    assert next(table.rows()).raw == "2024-05-17 01:02:03"
    table = ParquetTable(str(tmp_path / "a.parquet"), ("classification",), {"text": "price", "label": "kind"}, "")
    assert next(table.rows()).raw == "1.50"


def test_tokens_and_tags_are_lists(tmp_path):
    rows = [{"tokens": ["Ada", f"sleeps{n}"], "tags": ["B-PER", "O"]} for n in range(30)]
    rows[7]["tags"] = ["O"]
    write_parquet(tmp_path / "a.parquet", rows)
    with pytest.raises(DataError, match="row 8, column 'tags': 2 tokens, but 1 tag"):
        opened(f"parquet:{tmp_path / 'a.parquet'}", ("tagging",))
    data = opened(f"parquet:{tmp_path / 'a.parquet'}", ("tagging",), skip_bad_rows=True)[1]
    assert data.classes == ("B-PER", "O")


def test_the_splits_of_a_saved_dataset_are_used(tmp_path):
    for split, part in (("train", ROWS[:400]), ("test", ROWS[400:500]), ("unsupervised", ROWS[500:])):
        write_hub(tmp_path / "saved" / split, part)
    (tmp_path / "saved" / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test", "unsupervised"]}))
    entry, data = opened(f"hf:{tmp_path / 'saved'}")
    assert entry.name == f"hf:{tmp_path / 'saved'}"
    assert data.recorded.rows == {"train": 360, "validation": 40, "test": 100}
    assert opened(f"hf:{tmp_path / 'saved' / 'unsupervised'}")[1].recorded.rows["train"] == 80


def test_what_datasets_writes_is_what_is_read(tmp_path):
    datasets = pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
    )
    rows = {"text": TEXTS, "label": [["bad", "good"].index(label) for label in LABELS]}
    data = datasets.Dataset.from_dict(rows, features=features).train_test_split(0.2, seed=0)
    data.save_to_disk(tmp_path / "saved")
    found = opened(f"hf:{tmp_path / 'saved'}")[1]
    assert found.recorded.rows == {"train": 432, "validation": 48, "test": 120}
    assert found.classes == ("bad", "good")


@pytest.mark.slow
def test_a_training_on_parquet_gives_the_metrics_of_one_on_csv(as_csv, tmp_path):
    write_parquet(tmp_path / "a.parquet")
    settings = {"epochs": 2, "units": 4, "embedding_dim": 4, "verbose": 0}
    runs = [
        zoo.train("many_to_one", dataset=str(path), run=path.suffix[1:], **settings)
        for path in (as_csv, tmp_path / "a.parquet")
    ]
    assert runs[0].config.dataset.name == f"csv:{as_csv}"
    assert runs[1].config.dataset.name == f"parquet:{tmp_path / 'a.parquet'}"
    assert runs[0].metrics == runs[1].metrics
    assert zoo.evaluate(runs[1]).metrics == zoo.evaluate(runs[0]).metrics


def test_a_long_text_that_is_repeated_takes_its_memory_once(tmp_path):
    """A file of a few kilobytes must not ask for gigabytes: 3,000 rows of a mebibyte."""
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(3000, "int32")), pa.array(["a" * 2**20]))
    pq.write_table(pa.table({"text": text, "label": ["x", "y"] * 1500}), tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 2**18
    before = pa.default_memory_pool().max_memory()
    table = ParquetTable(str(tmp_path / "a.parquet"), ("classification",), {}, "")
    assert len({row.raw for row in itertools.islice(table.rows(), 2000)}) == 1
    assert pa.default_memory_pool().max_memory() < before + 2**26


@pytest.mark.parametrize(
    ("address", "package", "extra"),
    [
        ("parquet:a.parquet", "pyarrow", "parquet"),
        ("arrow:a.arrow", "pyarrow", "parquet"),
        ("hf:saved", "pyarrow", "parquet"),
        ("excel:a.xlsx", "openpyxl", "excel"),
    ],
)
def test_a_missing_package_is_reported_with_its_install_command(address, package, extra, tmp_path, monkeypatch):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == package else found(name, *a))
    with pytest.raises(DataError, match=rf'needs the package {package}: pip install "keras-rnn-zoo\[{extra}\]"'):
        opened(written(address, tmp_path))


def test_rows_without_a_column_are_missing_values(tmp_path):
    rows = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]
    del rows[4]["label"]
    write_json(tmp_path / "a.json", rows)
    with pytest.raises(DataError, match="row 5, column 'label': the label is empty"):
        opened(f"json:{tmp_path / 'a.json'}")


def test_a_column_without_values_is_refused_whatever_its_number_of_rows(tmp_path):
    table = pa.table({"text": pa.nulls(10**6), "label": pa.nulls(10**6)})
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(DataError, match=r"a\.arrow: the column 'text' has no values\. Name another one\."):
        opened(f"arrow:{tmp_path / 'a.arrow'}")


def test_values_that_are_not_texts_are_bad_rows(tmp_path):
    rows = [{"text": row["review"], "label": row["stars"]} for row in ROWS]
    rows[3]["text"] = ["a list"]
    write_json(tmp_path / "a.json", rows)
    with pytest.raises(DataError, match="row 4, column 'text': a text or a number is expected; received the type list"):
        opened(f"json:{tmp_path / 'a.json'}")
