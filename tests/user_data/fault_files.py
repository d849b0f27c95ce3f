"""Files for tests of invalid input, and what a case of it is."""

import io
import sqlite3
import struct
from dataclasses import dataclass, field

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet

ROWS = "".join(f"line {number} of it,{'good' if number % 2 else 'bad'}\n" for number in range(1, 9))
TABLE = f"text,label\n{ROWS}"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100"
    "c9fe92ef0000000049454e44ae426082"
)


def wav(bits=16, kind=1, samples=800, rate=8000):
    """Returns a WAV file of silence."""
    data = bytes(samples * bits // 8)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, kind, 1, rate, rate * bits // 8, bits // 8, bits)
    body = b"WAVE" + head + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def npz(**arrays):
    """Returns a NumPy archive."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


class Malice:
    """What unpickling would run, were it let."""

    def __reduce__(self):
        return (print, ("run",))


def ragged(*items):
    """Returns an object array of arrays."""
    array = np.empty(len(items), object)
    array[:] = items
    return array


def images(**others):
    """Returns the files of a folder with two classes, and others."""
    return {**{f"{kind}/{number}.png": PIXEL for kind in ("cat", "dog") for number in range(6)}, **others}


def parquet(**columns):
    """Returns a Parquet file."""
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), file)
    return file.getvalue()


def arrow(**columns):
    """Returns an Arrow file."""
    file = io.BytesIO()
    table = pa.table(columns)
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def excel(*rows):
    """Returns a workbook with one sheet."""
    file, workbook = io.BytesIO(), openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(file)
    return file.getvalue()


def database(*statements):
    """Returns an SQLite database."""
    with sqlite3.connect(":memory:") as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        return connection.serialize()


@dataclass
class Case:
    """One kind of broken input.

    Attributes:
        name: what is wrong, for people.
        address: the dataset asked for; names of files are within the folder that `files` are written to.
        files: contents by name.
        wants: what the message must hold.
        task: the task.
        options: further options.
        row: whether `skip_bad_rows` goes on.
    """

    name: str
    address: str
    files: dict
    wants: tuple
    task: str = "classification"
    options: dict = field(default_factory=dict)
    row: bool = False


def table(name, content, *wants, form="csv", row=False, **options):
    """Returns the case of a broken table."""
    task = options.pop("task", "classification")
    return Case(name, f"{form}:data.{form}", {f"data.{form}": content}, wants, task, options, row)


def write(case, folder):
    """Writes the files of a case to a folder; returns its address and options, with full paths."""
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    form, _, places = case.address.partition(":")
    if form != "tfds":
        places = ",".join(str(folder / place) for place in places.split(","))
    named = ("validation", "test", "data_dir")
    options = {key: str(folder / value) if key in named else value for key, value in case.options.items()}
    return f"{form}:{places}", options
