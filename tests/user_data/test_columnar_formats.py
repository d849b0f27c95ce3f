"""Parquet, Arrow, Hugging Face, JSON, Excel and SQLite: the same rows as in a CSV file, and what is refused."""

import csv
import datetime
import gzip
import itertools
import json
import pickle
import sqlite3
import tracemalloc
import zipfile
from decimal import Decimal

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from processes import run_python

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, ZooError
from keras_rnn_zoo.user_data import held_rows
from keras_rnn_zoo.user_data.formats.excel import ExcelSheet
from keras_rnn_zoo.user_data.formats.parquet import ParquetTable
from keras_rnn_zoo.user_data.formats.sqlite import QueryRows

TEXTS = [f"review {n} is {'fine' if n % 3 else 'dull'}" for n in range(600)]
LABELS = ["good" if n % 3 else "bad" for n in range(600)]
ROWS = [{"id": n, "review": text, "stars": label} for n, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))]


def write_csv(path, rows=ROWS):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_parquet(path, rows=ROWS):
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=90)


def write_arrow(path, rows=ROWS):
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=80)


def write_stream(path, rows=ROWS):
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=80)


def write_stream_with_dictionary(path, rows=ROWS):
    table = pa.Table.from_pylist(rows)
    table = table.set_column(2, "stars", table["stars"].combine_chunks().dictionary_encode())
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=80)


def write_hub(path, rows=ROWS):
    """Writes what `datasets.Dataset.save_to_disk` writes, in two shards, with indices of classes."""
    path.mkdir(parents=True)
    names = sorted({row["stars"] for row in rows})
    numbered = [{**row, "stars": names.index(row["stars"])} for row in rows]
    half = len(rows) // 2
    for number, part in enumerate((numbered[:half], numbered[half:])):
        write_stream(path / f"data-{number:05}-of-00002.arrow", part)
    files = [{"filename": f"data-{number:05}-of-00002.arrow"} for number in range(2)]
    (path / "state.json").write_text(json.dumps({"_data_files": files, "_split": "train"}))
    stars = {"names": names, "_type": "ClassLabel"}
    (path / "dataset_info.json").write_text(json.dumps({"features": {"stars": stars, "review": {"_type": "Value"}}}))


def write_json(path, rows=ROWS):
    path.write_text(json.dumps(rows, ensure_ascii=False))


def write_columns(path, rows=ROWS):
    path.write_text(json.dumps({name: [row[name] for row in rows] for name in rows[0]}))


def write_zipped_json(path, rows=ROWS):
    path.write_bytes(gzip.compress(json.dumps(rows).encode("utf-16")))


def write_excel(path, rows=ROWS):
    workbook = openpyxl.Workbook()
    workbook.active.append(list(rows[0]))
    for row in rows:
        workbook.active.append(list(row.values()))
    workbook.create_sheet("other").append(["nothing", "here"])
    workbook.save(path)


def write_sqlite(path, rows=ROWS):
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute(f"CREATE TABLE reviews ({', '.join(rows[0])})")
    marks = ", ".join("?" * len(rows[0]))
    connection.executemany(f"INSERT INTO reviews VALUES ({marks})", [tuple(row.values()) for row in rows])
    connection.commit()
    connection.close()


FORMATS = {
    "parquet:a.parquet": write_parquet,
    "arrow:a.arrow": write_arrow,
    "arrow:a.stream": write_stream,
    "arrow:dictionary.stream": write_stream_with_dictionary,
    "hf:saved": write_hub,
    "json:a.json": write_json,
    "json:columns.json": write_columns,
    "json:zipped.json.gz": write_zipped_json,
    "excel:a.xlsx": write_excel,
    "sqlite:a.db": write_sqlite,
}


def opened(address, tasks=("classification", "regression"), **options):
    entry = registry.find_dataset(address, tasks, options)
    return entry, entry.make(None, 0, **options)


def examples(opened_data):
    return {name: list(opened_data.split(name).as_numpy_iterator()) for name in opened_data.splits}


def located(address, folder):
    format, _, name = address.partition(":")
    return f"{format}:{folder / name}"


def written(address, folder, rows=ROWS):
    FORMATS[address](folder / address.partition(":")[2], rows)
    return located(address, folder)


@pytest.fixture(scope="module")
def as_csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    write_csv(path)
    return path


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


def test_a_query_selects_the_rows(as_csv, tmp_path):
    write_sqlite(tmp_path / "a.db")
    query = "SELECT review AS text, stars AS label FROM reviews -- the whole table;"
    entry, data = opened(f"sqlite:{tmp_path / 'a.db'}?{query}")
    assert entry.name == f"sqlite:{tmp_path / 'a.db'}?{query}"
    assert examples(data) == examples(opened(f"csv:{as_csv}")[1])
    few = opened(f"sqlite:{tmp_path / 'a.db'}?SELECT review AS text, stars AS label FROM reviews WHERE id % 2")[1]
    assert sum(few.recorded.rows.values()) == 300


def test_a_query_is_run_as_it_was_written(tmp_path):
    """Comments end with their lines, and texts keep their spaces."""
    rows = [*ROWS[:30], {"id": 30, "review": "a  b", "stars": "good"}, {"id": 31, "review": "c\nd", "stars": "bad"}]
    write_sqlite(tmp_path / "a.db", rows)
    select = "SELECT review AS text, stars AS label FROM reviews"
    for query in (f"{select} -- no spaces\nWHERE text != 'a  b'", f"{select} WHERE text != 'c\nd' ;\n"):
        entry, data = opened(f"sqlite:{tmp_path / 'a.db'}?{query}")
        assert entry.name == f"sqlite:{tmp_path / 'a.db'}?{query.strip()}"
        assert sum(data.recorded.rows.values()) == 31


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("ATTACH 'other.db' AS other", "syntax error"),
        ("SELECT load_extension('./evil.so')", "only SELECT is allowed"),
        ("SELECT 1) LIMIT 1; DELETE FROM reviews; --", "one statement"),
        ("DELETE FROM reviews", "syntax error"),
        ("PRAGMA user_version = 7", "syntax error"),
        # SQLite refuses it when it reads the rows, or has reported the columns before.
        ("SELECT * FROM pragma_table_info('reviews')", "only SELECT is allowed|has a usual name"),
        ("SELECT writefile('a', 'b')", "no such function"),
        ("SELECT zeroblob(1000000000) AS text, 1 AS label", "too big"),
        ("", "a query is expected"),
        ("SELECT stars FROM reviewz", "no such table: reviewz"),
    ],
)
def test_a_query_can_only_read_its_own_database(query, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_sqlite(tmp_path / "a.db")
    before = (tmp_path / "a.db").read_bytes()
    with pytest.raises(DataError, match=message):
        opened(f"sqlite:{tmp_path / 'a.db'}?{query}")
    assert (tmp_path / "a.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "models"] == ["a.db"]


def test_the_checksum_covers_rows_that_are_only_in_the_write_ahead_log(tmp_path):
    write_sqlite(tmp_path / "a.db")
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("PRAGMA journal_mode = WAL")
    checksums = []
    for label in ("good", "bad"):
        checksums.append(opened(f"sqlite:{tmp_path / 'a.db'}")[1].checksum)
        connection.execute(f"UPDATE reviews SET stars = '{label}' WHERE id < 5")
        connection.commit()
    checksums.append(opened(f"sqlite:{tmp_path / 'a.db'}")[1].checksum)
    connection.close()
    assert len(set(checksums)) == 3


def test_a_database_with_several_tables_needs_a_query(tmp_path):
    write_sqlite(tmp_path / "a.db")
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE more (a)")
    connection.close()
    with pytest.raises(DataError, match=r"the tables 'reviews', 'more'.*\?SELECT \* FROM reviews"):
        opened(f"sqlite:{tmp_path / 'a.db'}")


def test_a_sheet_is_named_or_numbered(tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active.append(["nothing"])
    sheet = workbook.create_sheet("Reviews")
    sheet.append([])  # Rows above the header, and below the table, are ignored.
    sheet.append([])
    sheet.append(["text", "label", None, "sum"])
    for text, label in zip(TEXTS, LABELS, strict=True):
        sheet.append([text, label, None, "=1+1"])
    sheet.append([None, "  "])
    sheet.append(["only a text", "#N/A"])
    workbook.save(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match=r"row 605, column 'label': the label is empty"):
        opened(f"excel:{tmp_path / 'a.xlsx'}", sheet="Reviews")
    for name in ("Reviews", "2"):
        data = opened(f"excel:{tmp_path / 'a.xlsx'}", sheet=name, skip_bad_rows=True)[1]
        assert sum(data.recorded.rows.values()) == 600
    with pytest.raises(DataError, match=r"no sheet 'Revews'. Did you mean 'Reviews'\? Its sheets: 'Sheet', 'Reviews'"):
        opened(f"excel:{tmp_path / 'a.xlsx'}", sheet="Revews")


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


# Damaged and hostile files

BINARY = [address for address in FORMATS if not address.startswith(("hf", "json:c", "json:z"))]


@pytest.mark.parametrize("address", BINARY)
def test_a_truncated_file_is_refused_wherever_it_ends(address, tmp_path):
    path = tmp_path / address.partition(":")[2]
    FORMATS[address](path)
    content = path.read_bytes()
    whole = 0
    for size in sorted({0, 1, 4, 7, 8, 100, *(len(content) * part // 20 for part in range(1, 20)), len(content) - 1}):
        path.write_bytes(content[:size])
        try:
            rows = sum(opened(located(address, tmp_path))[1].recorded.rows.values())
        except DataError as error:
            assert str(path.name) in str(error)
            assert str(error)[-1] in ".?"
        else:  # A stream may end after any batch.
            whole += 1
            assert address.endswith("stream") or rows == 600
    assert whole <= (20 if address.endswith("stream") else 1)


@pytest.mark.parametrize("address", BINARY)
def test_a_damaged_file_is_refused_or_read_but_never_crashes(address, tmp_path):
    path = tmp_path / address.partition(":")[2]
    FORMATS[address](path, ROWS[:60])
    content = np.frombuffer(path.read_bytes(), "uint8")
    random = np.random.default_rng(0)
    for _ in range(25):
        damaged = content.copy()
        damaged[random.integers(0, len(content), 8)] = random.integers(0, 256, 8)
        path.write_bytes(damaged.tobytes())
        try:
            opened(located(address, tmp_path), skip_bad_rows=True)
        except ZooError as error:
            assert str(error)[-1] in ".?"


@pytest.mark.parametrize(
    ("written_as", "read_as"), list(itertools.permutations(["parquet", "arrow", "excel", "sqlite", "json", "csv"], 2))
)
def test_a_file_of_another_format_is_refused(written_as, read_as, as_csv, tmp_path):
    path = tmp_path / "a.file"
    write = {"parquet": write_parquet, "arrow": write_arrow, "excel": write_excel, "sqlite": write_sqlite}
    {**write, "json": write_json, "csv": write_csv}[written_as](path)
    with pytest.raises(DataError, match=r"a\.file"):
        opened(f"{read_as}:{path}")


class Trap:
    """What unpickling would run."""

    def __reduce__(self):
        return (open, ("/tmp/zoo-trap", "w"))


def test_extension_types_of_a_file_run_nothing(tmp_path):
    """PyArrow before 14.0.1 unpickled the metadata of such types."""
    field = pa.field(
        "text",
        pa.string(),
        metadata={
            "ARROW:extension:name": "arrow.py_extension_type",
            "ARROW:extension:metadata": pickle.dumps(Trap(), 0),
        },
    )
    table = pa.table([pa.array(TEXTS), pa.array(LABELS)], schema=pa.schema([field, pa.field("label", pa.string())]))
    pq.write_table(table, tmp_path / "a.parquet")
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    calls = []
    import builtins

    original = builtins.open

    def spy(file, *args, **options):
        calls.append(str(file))
        return original(file, *args, **options)

    builtins.open = spy
    try:
        for name in ("parquet", "arrow"):
            assert sum(opened(f"{name}:{tmp_path}/a.{name}")[1].recorded.rows.values()) == 600
    finally:
        builtins.open = original
    assert "/tmp/zoo-trap" not in calls


def test_a_long_text_that_is_repeated_takes_its_memory_once(tmp_path):
    """A file of a few kilobytes must not ask for gigabytes: 3,000 rows of a mebibyte."""
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(3000, "int32")), pa.array(["a" * 2**20]))
    pq.write_table(pa.table({"text": text, "label": ["x", "y"] * 1500}), tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 2**18
    before = pa.default_memory_pool().max_memory()
    table = ParquetTable(str(tmp_path / "a.parquet"), ("classification",), {}, "")
    assert len({row.raw for row in itertools.islice(table.rows(), 2000)}) == 1
    assert pa.default_memory_pool().max_memory() < before + 2**26


@pytest.mark.parametrize("name", ["../a.arrow", "/etc/passwd", "sub/a.arrow", None, 3])
def test_a_saved_dataset_names_only_files_in_its_folder(name, tmp_path):
    write_hub(tmp_path / "saved")
    (tmp_path / "saved" / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
    with pytest.raises(DataError, match="is not the name of a file in the folder"):
        opened(f"hf:{tmp_path / 'saved'}")
    (tmp_path / "saved" / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "../train"]}))
    with pytest.raises(DataError, match="is not the name of a folder"):
        opened(f"hf:{tmp_path / 'saved'}")


def archive(path, **changed):
    """Changes members of a workbook, which are named with underscores."""
    with zipfile.ZipFile(path) as source:
        members = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in {**members, **changed}.items():
            target.writestr(name, content)


def test_a_workbook_declares_no_entities_and_fits_into_memory(tmp_path, monkeypatch):
    path = tmp_path / "a.xlsx"
    write_excel(path, ROWS[:40])
    entities = (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    )
    archive(path, **{"xl/sharedStrings.xml": entities})
    with pytest.raises(DataError, match=r"xl/sharedStrings\.xml declares a document type"):
        opened(f"excel:{path}")
    write_excel(path, ROWS[:40])
    archive(path, **{"xl/media/a.bin": bytes(2**24)})
    assert path.stat().st_size < 2**16
    monkeypatch.setattr("keras_rnn_zoo.user_data.formats.excel.available", lambda: 2**24)
    with pytest.raises(DataError, match=r"bytes uncompressed.*Save the sheet as CSV"):
        opened(f"excel:{path}")


def test_what_a_workbook_says_of_its_size_is_not_believed(tmp_path):
    path = tmp_path / "a.xlsx"
    write_excel(path, ROWS[:40])
    with zipfile.ZipFile(path) as source:
        sheet = source.read("xl/worksheets/sheet1.xml")
    archive(path, **{"xl/worksheets/sheet1.xml": sheet.replace(b'ref="A1:C41"', b'ref="A1:XFD1048576"')})
    assert sum(opened(f"excel:{path}")[1].recorded.rows.values()) == 40


def test_a_json_document_larger_than_memory_is_refused(tmp_path, monkeypatch):
    write_json(tmp_path / "a.json")
    monkeypatch.setattr("keras_rnn_zoo.user_data.formats.json.available", lambda: 2**18)
    with pytest.raises(DataError, match=r"a\.json needs more than.*jsonl:FILE"):
        opened(f"json:{tmp_path / 'a.json'}")
    monkeypatch.setattr("keras_rnn_zoo.user_data.formats.json.available", lambda: 2**21 // 2)
    (tmp_path / "a.json").write_text("[" + "[]," * 9000 + "[]]")
    with pytest.raises(DataError, match=r"too many values"):
        opened(f"json:{tmp_path / 'a.json'}")


@pytest.mark.parametrize(
    ("address", "package", "extra"),
    [
        ("parquet:a.parquet", "pyarrow", "parquet"),
        ("arrow:a.arrow", "pyarrow", "parquet"),
        ("hf:saved", "pyarrow", "parquet"),
        ("excel:a.xlsx", "openpyxl", "excel"),
    ],
)
def test_a_package_that_is_missing_is_named_with_its_command(address, package, extra, tmp_path, monkeypatch):
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


def test_distant_cells_of_a_sheet_take_no_memory_for_those_between(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["text", "label"])
    for number in range(1, 201):
        book.active.cell(number + 1, 1, f"text {number}")
        book.active.cell(number + 1, 2, number % 2)
        book.active.cell(number + 1, 16_000, 1)
    book.save(tmp_path / "a.xlsx")
    tracemalloc.start()
    sheet = ExcelSheet(str(tmp_path / "a.xlsx"), ("classification",), {}, "")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 2**20
    assert [row.target for row in sheet.rows()] == ["1", "0"] * 100


def test_long_values_of_a_query_are_fetched_a_few_at_a_time(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute(
        "CREATE VIEW long AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 30) "
        "SELECT hex(zeroblob(4000000)) || x AS text, x % 2 AS label FROM n"
    )
    connection.close()
    rows = QueryRows(str(tmp_path / "a.db"), ("classification",), {}, "")
    assert [len(batch[0]) for batch in rows.read_group(0, ["text", "label"], 0)] == [3] * 10


def test_an_integer_that_python_does_not_format_is_refused(tmp_path):
    (tmp_path / "a.json").write_text('[{"text": "a", "label": ' + "1" * 5000 + "}]")
    with pytest.raises(DataError, match="an integer of more than 4,300 digits"):
        opened(f"json:{tmp_path / 'a.json'}")


def test_values_that_are_not_texts_are_bad_rows(tmp_path):
    rows = [{"text": row["review"], "label": row["stars"]} for row in ROWS]
    rows[3]["text"] = ["a list"]
    write_json(tmp_path / "a.json", rows)
    with pytest.raises(DataError, match="row 4, column 'text': a text or a number is expected; received the type list"):
        opened(f"json:{tmp_path / 'a.json'}")


FOOTERS = """
import sys
from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.user_data.formats.excel import ExcelSheet
from keras_rnn_zoo.user_data.formats.parquet import ParquetTable
from keras_rnn_zoo.user_data.formats.sqlite import QueryRows

path, content = sys.argv[1], bytearray(open(sys.argv[1], "rb").read())
footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
refused = 0
for position in range(footer, len(content) - 8):
    for value in (0, 255):
        damaged = content.copy()
        damaged[position] = value
        open(path, "wb").write(damaged)
        try:
            for row in ParquetTable(path, ("classification",), {}, "").rows():
                pass
        except ZooError:
            refused += 1
print(refused)
"""


def test_no_footer_ends_the_process(tmp_path):
    """PyArrow does where the metadata of a chunk is looked at before it is read: a text that is called a boolean."""
    table = pa.table({"text": ["a", "b"] * 6, "label": ["x", "y"] * 6})
    pq.write_table(table, tmp_path / "a.parquet", write_statistics=False, compression="none")
    done = run_python(FOOTERS, tmp_path / "a.parquet")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100
