"""A million rows of text through an export on Apache Beam, beside `zoo predict`: rows a second, memory, equality.

    python benchmarks/beam.py --rows 1000000 --workers 2 --bad 1000

Run it in the environment of `make test-beam`. Every row is answered by both, each in processes of its own, and their
outputs must be equal to the byte, each with the bad rows left out. Memory is the sum of the resident memory of all
processes of a command, measured every second: its peak in each quarter of the time tells whether it grows.
"""

import filecmp
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from timing import HERE

FOLDER = HERE.parent / "build" / "benchmarks" / "beam"
ZOO = [sys.executable, "-m", "keras_rnn_zoo"]
SECOND = 1.0


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Attributes:
        seconds: from its start to its end.
        processor: processor seconds of all its processes, which other programs on the machine change little.
        memory: for each second, the resident memory of its processes in MiB.
    """

    seconds: float
    processor: float
    memory: list[float]

    def peaks(self) -> list[float]:
        """Returns the peak of each quarter of the time, in MiB."""
        return [float(max(part)) for part in np.array_split(np.array(self.memory), 4) if len(part)]


def write_rows(rows: int, bad: int) -> Path:
    """Writes a CSV file of eight words of the network each, some with line breaks, and some that cannot be read."""
    path = FOLDER / f"{rows}-{bad}.csv"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        random, words, every = np.random.default_rng(0), np.array(known_words()), rows // bad if bad else 0
        with open(path, "wb") as file:
            file.write(b"id,text\n")
            for row in range(rows):
                text = " ".join(words[random.integers(len(words), size=8)]).encode()
                broken = b"\xff" if every and row % every == 0 else b""
                file.write(b'%d,"%s%s%s"\n' % (row, text, b"\nand more" if row % 100 == 0 else b"", broken))
    return path


def known_words() -> list[str]:
    """Returns the words of the data that the network is trained on."""
    from keras_rnn_zoo import registry

    texts = registry.datasets.get("toy_reviews").make(None, 0).split("train").as_numpy_iterator()
    return sorted({word for text, _ in texts for word in text.decode().split() if word.isalpha()})


def export_of(network: str) -> Path:
    """Exports a trained network, if it is not there yet; returns the folder of the export."""
    folder = FOLDER / "models"
    found = sorted(folder.glob(f"{network}/[0-9]*"))
    if not found:
        command = [*ZOO, "train", "many_to_one", "--run", network, "--epochs", "2", "--models-dir", str(folder)]
        subprocess.run(command, check=True)
        subprocess.run([*ZOO, "export", network, "--models-dir", str(folder)], check=True)
        found = sorted(folder.glob(f"{network}/[0-9]*"))
    return found[0]


def measured(command: Sequence[str], log: Path) -> Cost:
    """Runs a command, and measures its time and the memory of all its processes."""
    memory: list[float] = []
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(log, "wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        stop = threading.Event()
        watch = threading.Thread(target=_watch, args=(process.pid, memory, stop))
        watch.start()
        status = process.wait()
        stop.set()
        watch.join()
    if status:
        raise click.ClickException(f"{' '.join(command)} failed: see {log}.")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - start, processor, memory)


def _watch(pid: int, memory: list[float], stop: threading.Event) -> None:
    while not stop.wait(SECOND):
        try:
            whole = psutil.Process(pid)
            memory.append(sum(one.memory_info().rss for one in [whole, *whole.children(recursive=True)]) / 2**20)
        except psutil.NoSuchProcess:  # One ended meanwhile.
            continue


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Number of rows.")
@click.option("--bad", default=1_000, show_default=True, help="Number of rows that cannot be read.")
@click.option("--workers", default=2, show_default=True, help="Number of worker processes.")
@click.option("--runner", default="direct", type=click.Choice(["direct", "dask"]), show_default=True)
def main(rows: int, bad: int, workers: int, runner: str) -> None:
    """Compares `zoo predict` with and without Beam."""
    path, export = write_rows(rows, bad), export_of("reviews")
    plain, beam = FOLDER / "plain.csv", FOLDER / "beam.csv"
    command = [*ZOO, "predict", str(export), "--input", str(path), "--quiet", "--output"]
    options = {
        "direct": ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"],
        "dask": ["--runner=DaskRunner"],
    }[runner]
    costs = {
        "zoo predict": measured([*command, str(plain), "--skip-bad-rows"], FOLDER / "plain.log"),
        f"--engine beam, {runner}, {workers} workers": measured(
            [*command, str(beam), "--engine", "beam", "--", *options], FOLDER / "beam.log"
        ),
    }
    names = "command", "seconds", "rows a second", "processor seconds", "peak memory by quarter, MiB"
    table = Table(*names)
    for name, cost in costs.items():
        peaks = ", ".join(f"{peak:,.0f}" for peak in cost.peaks())
        table.add_row(name, f"{cost.seconds:,.1f}", f"{rows / cost.seconds:,.0f}", f"{cost.processor:,.1f}", peaks)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    with open(beam.with_suffix(".errors.csv"), encoding="utf-8") as file:
        errors = sum(1 for _ in file) - 1
    equal = filecmp.cmp(plain, beam, shallow=False)
    click.echo(f"answers equal to the byte: {equal}; bad rows in the side output: {errors:,} of {bad:,}")
    if not equal or errors != bad:
        raise click.ClickException("The answers differ.")


if __name__ == "__main__":
    main()
