"""Time and memory that large tables take: as data in memory beside a CSV file, and as Parquet files of two sizes.

    python benchmarks/large_tables.py rows                          a million short rows: CSV, pandas, and Polars
    python benchmarks/large_tables.py parquet --mb 3000 --mb 10000  Parquet files with this much text
    python benchmarks/large_tables.py files --mb 2000 --mb 20000    CSV files of a pattern, 40 of each size

Each figure comes from a process of its own, which imports the frameworks, and for data in memory makes the table,
before the measurement. `rows` measures what comes before the first training batch: validation, vocabulary, and
shuffling. `parquet` measures that, and then some batches in random order; the memory must not grow with the file.
Compare files whose tensors take more than 1 GiB, from about 2,500 MB of text: smaller ones are cached in memory.
`files` measures the same for files that several processes read; `--readers 1` reads them in the program itself. It
writes the files first, with texts of 200 to 1,200 characters.
"""

import functools
import gzip
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from contestant import forget_peak, held, used
from epoch_data import Words
from rich.console import Console
from rich.table import Table
from timing import HERE, in_turn

FOLDER = HERE.parent / "build" / "benchmarks" / "tables"
KINDS = ("csv", "pandas", "polars")
ROW_GROUP = 1_000
TEXT = 20_000
"""Rows in a row group of a Parquet file, and characters in a row."""
ROWS = "rows.txt"
"""The file with the number of rows of the others in its folder."""
SHORTEST, LONGEST = 200, 1_200
"""Bounds of the characters in a row of one of several CSV files."""


def write_rows(rows: int) -> Path:
    """Writes a CSV file of reviews of eight words in two classes, if it is not there yet; returns its path."""
    path = FOLDER / f"{rows}.csv"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        words = Words(np.random.default_rng(0))
        with open(path, "w", encoding="utf-8") as file:
            file.write("text,label\n")
            file.writelines(f"{' '.join(words.draw(8))},{('good', 'bad')[row % 2]}\n" for row in range(rows))
    return path


def write_parquet(megabytes: int) -> Path:
    """Writes a Parquet file with this much text, if it is not there yet; returns its path."""
    import pyarrow as pa
    from pyarrow import parquet

    path = FOLDER / f"{megabytes}mb.parquet"
    if path.exists():
        return path
    FOLDER.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    words = " ".join(Words(random).draw(2_000_000))
    partial = path.with_suffix(".partial")
    with parquet.ParquetWriter(partial, pa.schema({"text": pa.string(), "label": pa.string()})) as writer:
        for _ in range(megabytes * 10**6 // TEXT // ROW_GROUP):
            starts = random.integers(0, len(words) - TEXT, ROW_GROUP)
            texts = [words[start : start + TEXT] for start in starts]
            writer.write_table(pa.table({"text": texts, "label": ["good", "bad"] * (ROW_GROUP // 2)}))
    partial.rename(path)
    return path


def write_files(megabytes: int, count: int, *, zipped: bool) -> Path:
    """Writes CSV files with this much text, if they are not there yet; returns the pattern that names them."""
    folder = FOLDER / f"{megabytes}mb-{count}{'-gz' if zipped else ''}"
    ending = "csv.gz" if zipped else "csv"
    if folder.exists():
        return folder / f"part-*.{ending}"
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    random, rows = np.random.default_rng(0), 0
    words = " ".join(Words(random).draw(2_000_000))
    for number in range(count):
        path, left = partial / f"part-{number:04}.{ending}", megabytes * 10**6 // count
        with gzip.open(path, "wt", compresslevel=1) if zipped else open(path, "w", encoding="utf-8") as file:
            file.write("text,label\n")
            while left > 0:
                lengths = random.integers(SHORTEST, LONGEST, ROW_GROUP)
                starts = random.integers(0, len(words) - LONGEST, ROW_GROUP)
                pairs = zip(starts, lengths, ("good", "bad") * (ROW_GROUP // 2), strict=True)
                lines = [f"{words[start : start + length]},{label}\n" for start, length, label in pairs]
                file.writelines(lines)
                left -= sum(map(len, lines))
                rows += len(lines)
    (partial / ROWS).write_text(str(rows))
    partial.rename(folder)
    return folder / f"part-*.{ending}"


def children() -> list[int]:
    """Returns the ids of the child processes of this process."""
    tasks = Path("/proc/self/task").iterdir() if sys.platform == "linux" else ()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def seconds_of_children() -> float:
    """Returns the processor time that child processes have taken so far, in seconds."""
    if sys.platform != "linux":
        return 0.0
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = ended.ru_utime + ended.ru_stime
    for child in children():
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return total


def watch_children(peaks: list[float]) -> None:
    """Adds the peak memory of each child of this process in MiB to a list, every second."""
    while sys.platform == "linux":
        for child in children():
            try:
                lines = Path(f"/proc/{child}/status").read_text().splitlines()
            except FileNotFoundError:  # It has ended meanwhile.
                continue
            peaks += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")]
        time.sleep(1)


def costs(kind: str, path: str, batches: int) -> dict[str, float]:
    """Returns what it takes up to the first batch, and for some batches: seconds, and peak memory in MiB.

    Seconds are those of the processor, and `wall` those of the clock. `readers` are those of the processes that read
    files, up to the first batch, and `reader_mib` is the peak of the largest of them.
    """
    import keras
    import tensorflow as tf

    import keras_rnn_zoo as zoo

    data: Any = f"{kind}:{path}"
    if kind == "pandas":
        import pandas as pd

        data = pd.read_csv(path)
    elif kind == "polars":
        import polars as pl

        data = pl.read_csv(path)
    tf.constant(keras.ops.ones(2))  # The first op of a process initializes TensorFlow.
    peaks = [0.0]
    threading.Thread(target=watch_children, args=(peaks,), daemon=True).start()
    base, start = held("VmRSS"), used()
    forget_peak()
    dataset, _ = zoo.make_dataset("many_to_one", dataset=data)
    iterator = iter(dataset.repeat())
    next(iterator)
    first, first_peak, readers = used(start), held("VmHWM"), seconds_of_children()
    start = used()
    forget_peak()
    read = sum(len(next(iterator)[1]) for _ in range(batches))
    rest = used(start)
    return {
        "first": first["user"] + first["system"],
        "first_mib": first_peak - base,
        "rest": rest["user"] + rest["system"],
        "rest_mib": held("VmHWM") - base,
        "base_mib": base,
        "wall": first["wall"],
        "readers": readers,
        "read": float(read),
        "rest_wall": rest["wall"],
        "reader_mib": max(peaks),
    }


def measured(kind: str, path: Path, batches: int, **variables: str) -> dict[str, float]:
    """Measures `costs` in a separate process with these environment variables."""
    command = [sys.executable, __file__, "child", kind, str(path), str(batches)]
    env = {**os.environ, **variables}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, env=env)
    return json.loads(done.stdout.splitlines()[-1])


def show(done: dict[str, list[dict[str, float]]], batches: int, *, files: bool = False) -> None:
    """Prints the medians and ranges of all processes; for several files, with what the clock says."""
    names = {"first": "s to the first batch", "first_mib": "peak, MiB", "base_mib": "before, MiB"}
    if batches:
        names |= {"rest": f"s for {batches} batches", "rest_mib": "peak, MiB"}
    if files:
        names = {
            "wall": "clock, s",
            "first_rate": "rows/s",
            "readers": "readers, s",
            **names,
            "rest_rate": "rows/s",
            "reader_mib": "reader, MiB",
        }
    table = Table("data", *names.values())
    for name, runs in done.items():
        cells = []
        for key in names:
            values = sorted(run[key] for run in runs)
            cells.append(f"{statistics.median(values):,.1f} ({values[0]:,.1f} to {values[-1]:,.1f})")
        table.add_row(name, *cells)
    Console(width=None if sys.stdout.isatty() else 160).print(table, "s: processor seconds; peaks: above `before`")


@click.group()
def main() -> None:
    """Measures large tables."""


@main.command()
@click.option("--rows", "count", default=1_000_000, show_default=True, help="Number of rows.")
@click.option("--rounds", default=3, show_default=True, help="Number of processes of each kind, alternating.")
def rows(count: int, rounds: int) -> None:
    """Compares data in memory to a CSV file of the same rows."""
    path = write_rows(count)
    show(in_turn({kind: lambda kind=kind: measured(kind, path, 0) for kind in KINDS}, rounds), 0)


@main.command()
@click.option("--mb", "sizes", multiple=True, type=int, default=(3_000, 10_000), show_default=True, help="MB of text.")
@click.option("--batches", default=300, show_default=True, help="Number of batches to read after the first one.")
@click.option("--rounds", default=1, show_default=True, help="Number of processes of each size, alternating.")
def parquet(sizes: tuple[int, ...], batches: int, rounds: int) -> None:
    """Compares Parquet files of several sizes."""
    paths = {size: write_parquet(size) for size in sizes}
    works = {
        f"{size:,} MB of text, a file of {path.stat().st_size / 1e6:,.0f} MB": lambda path=path: measured(
            "parquet", path, batches
        )
        for size, path in paths.items()
    }
    show(in_turn(works, rounds), batches)


@main.command()
@click.option("--mb", "sizes", multiple=True, type=int, default=(2_000, 20_000), show_default=True, help="MB of text.")
@click.option("--files", "count", default=40, show_default=True, help="Number of files of each size.")
@click.option("--gzip", "zipped", is_flag=True, help="Compress the files.")
@click.option("--readers", multiple=True, type=int, help="Number of processes that read; may be repeated.")
@click.option("--batches", default=300, show_default=True, help="Number of batches to read after the first one.")
@click.option("--rounds", default=1, show_default=True, help="Number of processes of each size, alternating.")
def files(
    sizes: tuple[int, ...], count: int, zipped: bool, readers: tuple[int, ...], batches: int, rounds: int
) -> None:
    """Compares CSV files of a pattern, of several sizes."""
    works: dict[str, Any] = {}
    rows: dict[str, int] = {}
    for size in sizes:
        pattern = write_files(size, count, zipped=zipped)
        for number in readers or (0,):
            name = f"{size:,} MB in {count} files" + (f", {number} readers" if number else "")
            variables = {"ZOO_READERS": str(number)} if number else {}
            works[name] = functools.partial(measured, "csv", pattern, batches, **variables)
            rows[name] = int((pattern.parent / ROWS).read_text())
    done = in_turn(works, rounds)
    for name, runs in done.items():
        for run in runs:
            run |= {"first_rate": rows[name] / run["wall"], "rest_rate": run["read"] / run["rest_wall"]}
    show(done, batches, files=True)


@main.command(hidden=True)
@click.argument("kind")
@click.argument("path")
@click.argument("batches", type=int)
def child(kind: str, path: str, batches: int) -> None:
    """Prints the costs of a table as JSON."""
    click.echo(json.dumps(costs(kind, path, batches)))


if __name__ == "__main__":
    main()
