"""A million rows of text on Apache Beam, beside `zoo predict` or `zoo evaluate`: rows a second, memory, equality.

    python benchmarks/beam.py --rows 1000000 --workers 2 --bad 1000
    python benchmarks/beam.py --evaluate --rows 1000000 --workers 2 --bad 1000

Run it in the environment of `make test-beam`. Every row is answered by both, each in processes of its own, and their
outputs must be equal to the byte: the answers of an export, each with the bad rows left out, or the printed scores of a
run. Memory is the sum of the resident memory of all
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


def write_rows(rows: int, bad: int, labeled: bool) -> Path:
    """Writes a CSV file of eight words of the network each, some with line breaks, and some that cannot be read."""
    path = FOLDER / f"{'labeled-' if labeled else ''}{rows}-{bad}.csv"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        random, words, every = np.random.default_rng(0), np.array(known_words()), rows // bad if bad else 0
        with open(path, "wb") as file:
            file.write(b"id,text,label\n" if labeled else b"id,text\n")
            for row in range(rows):
                text = " ".join(words[random.integers(len(words), size=8)]).encode()
                broken = b"\xff" if every and row % every == 0 else b""
                label = (b",positive" if row % 2 else b",negative") if labeled else b""
                more = b"\nand more" if row % 100 == 0 else b""
                file.write(b'%d,"%s%s%s"%s\n' % (row, text, more, broken, label))
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
    with (
        open(log, "wb") as messages,
        open(log.with_suffix(".txt"), "wb") as answers,
        subprocess.Popen(command, stdout=answers, stderr=messages) as process,
    ):
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


def predicted(path: Path, run: Path, options: Sequence[str], bad: int) -> tuple[Cost, Cost, bool]:
    """Predicts rows without and with Beam; returns what each took, and whether the answers are equal."""
    plain, beam = FOLDER / "plain.csv", FOLDER / "beam.csv"
    command = [*ZOO, "predict", str(run), "--input", str(path), "--quiet", "--output"]
    costs = (
        measured([*command, str(plain), "--skip-bad-rows"], FOLDER / "plain.log"),
        measured([*command, str(beam), "--engine", "beam", "--", *options], FOLDER / "beam.log"),
    )
    with open(beam.with_suffix(".errors.csv"), encoding="utf-8") as file:
        errors = sum(1 for _ in file) - 1
    click.echo(f"bad rows in the side output: {errors:,} of {bad:,}")
    return *costs, filecmp.cmp(plain, beam, shallow=False) and errors == bad


def evaluated(path: Path, run: Path, options: Sequence[str]) -> tuple[Cost, Cost, bool]:
    """Evaluates rows without and with Beam; returns what each took, and whether the printed scores are equal."""
    plain, beam = FOLDER / "plain.log", FOLDER / "beam.log"
    command = [*ZOO, "evaluate", str(run), "--dataset", f"csv:{path}", "--quiet", "--skip-bad-rows"]
    costs = measured(command, plain), measured([*command, "--engine", "beam", "--", *options], beam)
    scores = [log.with_suffix(".txt").read_text() for log in (plain, beam)]
    click.echo(scores[1])
    return *costs, scores[0] == scores[1]


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Number of rows.")
@click.option("--bad", default=1_000, show_default=True, help="Number of rows that cannot be read.")
@click.option("--workers", default=2, show_default=True, help="Number of worker processes.")
@click.option("--runner", default="direct", type=click.Choice(["direct", "dask"]), show_default=True)
@click.option("--evaluate", is_flag=True, help="Evaluate the run, instead of predicting with its export.")
def main(rows: int, bad: int, workers: int, runner: str, evaluate: bool) -> None:
    """Compares `zoo predict`, or `zoo evaluate`, with and without Beam."""
    path, export = write_rows(rows, bad, evaluate), export_of("reviews")
    options = {
        "direct": ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"],
        "dask": ["--runner=DaskRunner", f"--temp_location={FOLDER}"],
    }[runner]
    found = evaluated(path, export.parent, options) if evaluate else predicted(path, export, options, bad)
    names = "command", "seconds", "rows a second", "processor seconds", "peak memory by quarter, MiB"
    table = Table(*names)
    commands = "zoo evaluate" if evaluate else "zoo predict", f"--engine beam, {runner}, {workers} workers"
    for name, cost in zip(commands, found[:2], strict=True):
        peaks = ", ".join(f"{peak:,.0f}" for peak in cost.peaks())
        table.add_row(name, f"{cost.seconds:,.1f}", f"{rows / cost.seconds:,.0f}", f"{cost.processor:,.1f}", peaks)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    click.echo(f"equal to the byte: {found[2]}")
    if not found[2]:
        raise click.ClickException("The answers differ.")


if __name__ == "__main__":
    main()
