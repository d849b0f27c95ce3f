"""The same rows in files of every columnar format, and what several tests open of them."""

import csv
import gzip
import json
import sqlite3

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from keras_rnn_zoo import registry

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
