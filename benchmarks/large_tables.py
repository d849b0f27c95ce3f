"""Time and memory that large tables take: as data in memory beside a CSV file, and as Parquet files of two sizes.

    python benchmarks/large_tables.py rows                          a million short rows: CSV, pandas, and Polars
    python benchmarks/large_tables.py parquet --mb 3000 --mb 10000  Parquet files with this much text

Each figure comes from a process of its own, which imports the frameworks, and for data in memory makes the table,
before the measurement. `rows` measures what comes before the first training batch: validation, vocabulary, and
shuffling. `parquet` measures that, and then some batches in random order; the memory must not grow with the file.
Compare files whose tensors take more than 1 GiB, from about 2,500 MB of text: smaller ones are cached in memory.
"""

import json
import statistics
import subprocess
import sys
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


def costs(kind: str, path: str, batches: int) -> dict[str, float]:
    """Returns processor seconds up to the first batch and for some batches, and the peak memory of both in MiB."""
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
    base, start = held("VmRSS"), used()
    forget_peak()
    dataset, _ = zoo.make_dataset("many_to_one", dataset=data)
    iterator = iter(dataset.repeat())
    next(iterator)
    first, first_peak = used(start), held("VmHWM")
    start = used()
    forget_peak()
    for _ in range(batches):
        next(iterator)
    rest = used(start)
    return {
        "first": first["user"] + first["system"],
        "first_mib": first_peak - base,
        "rest": rest["user"] + rest["system"],
        "rest_mib": held("VmHWM") - base,
        "base_mib": base,
    }


def measured(kind: str, path: Path, batches: int) -> dict[str, float]:
    """Measures `costs` in a separate process."""
    command = [sys.executable, __file__, "child", kind, str(path), str(batches)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def show(done: dict[str, list[dict[str, float]]], batches: int) -> None:
    """Prints the medians and ranges of all processes."""
    names = {"first": "s to the first batch", "first_mib": "peak, MiB", "base_mib": "before, MiB"}
    if batches:
        names |= {"rest": f"s for {batches} batches", "rest_mib": "peak, MiB"}
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


@main.command(hidden=True)
@click.argument("kind")
@click.argument("path")
@click.argument("batches", type=int)
def child(kind: str, path: str, batches: int) -> None:
    """Prints the costs of a table as JSON."""
    click.echo(json.dumps(costs(kind, path, batches)))


if __name__ == "__main__":
    main()
