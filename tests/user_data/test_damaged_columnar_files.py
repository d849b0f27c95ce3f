"""Damaged and hostile Parquet, Arrow, Hugging Face and JSON files are refused and run nothing."""

import itertools
import json
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from columnar_files import (
    FORMATS,
    LABELS,
    ROWS,
    TEXTS,
    located,
    opened,
    write_arrow,
    write_csv,
    write_excel,
    write_hub,
    write_json,
    write_parquet,
    write_sqlite,
)
from processes import run_python

from keras_rnn_zoo.errors import DataError, ZooError

# Damaged and hostile files

BINARY = [address for address in FORMATS if not address.startswith(("hf", "json:c", "json:z"))]


@pytest.mark.parametrize("address", BINARY)
def test_a_truncated_file_is_refused_at_any_length(address, tmp_path):
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


@pytest.mark.parametrize("name", ["../a.arrow", "/etc/passwd", "sub/a.arrow", None, 3])
def test_a_saved_dataset_names_only_files_in_its_folder(name, tmp_path):
    write_hub(tmp_path / "saved")
    (tmp_path / "saved" / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
    with pytest.raises(DataError, match="is not the name of a file in the folder"):
        opened(f"hf:{tmp_path / 'saved'}")
    (tmp_path / "saved" / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "../train"]}))
    with pytest.raises(DataError, match="is not the name of a folder"):
        opened(f"hf:{tmp_path / 'saved'}")


def test_a_json_document_larger_than_memory_is_refused(tmp_path, monkeypatch):
    write_json(tmp_path / "a.json")
    monkeypatch.setattr("keras_rnn_zoo.user_data.formats.json.available", lambda: 2**18)
    with pytest.raises(DataError, match=r"a\.json needs more than.*jsonl:FILE"):
        opened(f"json:{tmp_path / 'a.json'}")
    monkeypatch.setattr("keras_rnn_zoo.user_data.formats.json.available", lambda: 2**21 // 2)
    (tmp_path / "a.json").write_text("[" + "[]," * 9000 + "[]]")
    with pytest.raises(DataError, match=r"too many values"):
        opened(f"json:{tmp_path / 'a.json'}")


def test_an_integer_that_python_does_not_format_is_refused(tmp_path):
    (tmp_path / "a.json").write_text('[{"text": "a", "label": ' + "1" * 5000 + "}]")
    with pytest.raises(DataError, match="an integer of more than 4,300 digits"):
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
