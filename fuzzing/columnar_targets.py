"""Readers of columnar files as functions of bytes: JSON documents, Parquet, Arrow, workbooks, databases, archives."""

import io
import json
import sqlite3
import zipfile
from collections.abc import Callable

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import seeds
from targets import CHOICE, FOLDER, opened, table

ROWS = [{"text": f"a film {number}", "label": "ab"[number % 2]} for number in range(12)]
TASKS = ("classification", "regression", "translation", "tagging")


def parquet_file() -> bytes:
    """Returns a Parquet file with two row groups."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file, row_group_size=6, compression="none")
    return file.getvalue()


def arrow_file(*, stream: bool) -> bytes:
    """Returns an Arrow file or stream."""
    file, rows = io.BytesIO(), pa.Table.from_pylist(ROWS)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(file, rows.schema) as writer:
        writer.write_table(rows)
    return file.getvalue()


def _workbook() -> dict[str, bytes]:
    """Returns the members of a workbook."""
    workbook, file = openpyxl.Workbook(), io.BytesIO()
    for row in (("text", "label"), *(tuple(row.values()) for row in ROWS)):
        workbook.active.append(row)
    workbook.save(file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


WORKBOOK = _workbook()
PARTS = ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml")


def workbook(data: bytes) -> None:
    """A workbook; the first byte selects the member that the others replace."""
    part = PARTS[data[0] % len(PARTS)] if data else PARTS[0]
    path = FOLDER / "data.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**WORKBOOK, part: data[1:]}.items():
            archive.writestr(name, content)
    opened("excel", str(path), "classification")


def database_file() -> bytes:
    """Returns an SQLite database with a table."""
    path = FOLDER / "seed.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA page_size = 512")
    connection.execute("CREATE TABLE reviews (text, label)")
    connection.executemany("INSERT INTO reviews VALUES (:text, :label)", ROWS)
    connection.commit()
    connection.close()
    return path.read_bytes()


DATABASE = database_file()


def database(data: bytes) -> None:
    """A database; the first byte selects whether the others are its file or a query."""
    is_query, content = bool(data and data[0] & 1), data[1:]
    path = FOLDER / "data.db"
    path.write_bytes(DATABASE if is_query else content)
    query = content.decode("utf-8", "replace")
    opened("sqlite", f"{path}?{query}" if is_query else str(path), "classification")
    assert not is_query or path.read_bytes() == DATABASE, "the query changed the database"


def keras_archive(data: bytes) -> None:
    """An archive with the arrays of Keras; the first byte selects the one that the others replace."""
    names = ("x_train", "y_train", "x_test", "y_test", "x_val")
    classes = seeds.array([number % 2 for number in range(12)])
    arrays = {name: seeds.array([[0.5, 1.0]] * 12) if name[0] == "x" else classes for name in names[:4]}
    arrays[names[data[0] % len(names)] if data else "x_train"] = data[1:]
    path = FOLDER / "keras.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in arrays.items():
            archive.writestr(f"{name}.npy", content)
    opened("npz", str(path), "classification")


def pattern(data: bytes) -> None:
    """Two tables and the pattern that names them, separated by zero bytes."""
    first, second, name = (*data.split(b"\0\0", 2), b"", b"")[:3]
    folder = FOLDER / "parts"
    folder.mkdir(exist_ok=True)
    (folder / "part-1.csv").write_bytes(first)
    (folder / "part-2.csv").write_bytes(second)
    written = name.decode("utf-8", "replace").replace("/", "").replace("..", "") or "*.csv"
    opened("csv", f"{folder}/{written}", "classification")


DOCUMENT = json.dumps(ROWS).encode()
TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "json": (
        table("json", TASKS),
        [CHOICE + DOCUMENT, CHOICE + b'{"text": ["a", "b"], "label": [1, null]}', b"\3\0\0" + b'[{"tokens": ["a"]}]'],
    ),
    "parquet": (table("parquet", TASKS), [CHOICE + parquet_file()]),
    "arrow": (table("arrow", TASKS), [CHOICE + arrow_file(stream=stream) for stream in (False, True)]),
    "workbook": (workbook, [bytes([number]) + WORKBOOK.get(name, b"") for number, name in enumerate(PARTS)]),
    "database": (
        database,
        [b"\0" + DATABASE, b"\1SELECT text, label FROM reviews", b"\1WITH a AS (SELECT 1 AS text) SELECT * FROM a"],
    ),
    "keras_archive": (
        keras_archive,
        [b"\0" + seeds.array([[0.5, 1.0]] * 12), b"\0" + seeds.array(seeds.ragged()), b"\1" + seeds.array([0, 1] * 6)],
    ),
    "pattern": (
        pattern,
        [
            seeds.TABLE.encode() + b"\0\0" + seeds.TABLE.encode() + b"\0\0" + name
            for name in (b"*.csv", b"part-[12].csv")
        ],
    ),
}
"""Each target and its seed input."""

TOKENS: dict[str, tuple[bytes, ...]] = {
    "database": (
        b"SELECT ",
        b"FROM ",
        b"reviews",
        b"text",
        b";",
        b"--",
        b"/*",
        b"ATTACH ",
        b"PRAGMA ",
        b"load_extension(",
    ),
    "workbook": (
        b"<row r='2'>",
        b"<c t='s'><v>0</v></c>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
        b"&b;",
        b"1048577",
        b"XFE1",
    ),
    "json": (b'{"a": ', b"[", b"]", b"}", b"null", b"1e999", b"NaN", b'"\\ud83d"', b"[" * 100),
}
"""Dictionaries of tokens that the search inserts into the input of some targets."""
