"""Trains every entry with default options: test score, time and memory, compared to their targets."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import click
from data import data_of
from rich.console import Console
from rich.table import Table

from keras_rnn_zoo.atomic_files import write_text

HERE = Path(__file__).parent
ZOO = Path(sys.executable).parent / "zoo"


class Mark(NamedTuple):
    """The target of an entry.

    Attributes:
        metric: the metric.
        bound: the minimum value, or the maximum if `most` is set.
        minutes: maximum wall time of the commands; 0 for no limit.
        most: whether lower is better.
    """

    metric: str
    bound: float
    minutes: float = 0
    most: bool = False


MARKS: dict[tuple[str, str], Mark] = {
    ("one_to_one", "digits"): Mark("accuracy", 0.975, 3),
    ("one_to_one", "mnist"): Mark("accuracy", 0.986, 5),
    ("one_to_many", "shapes"): Mark("exact_match", 0.95, 3),
    ("many_to_one", "toy_reviews"): Mark("accuracy", 0.97, 3),
    ("many_to_one", "adding"): Mark("mse", 0.01, 3, most=True),
    ("many_to_one", "imdb_reviews"): Mark("accuracy", 0.89, 10),
    ("many_to_one", "spoken_digit"): Mark("accuracy", 0.97),
    ("many_to_many", "dates"): Mark("exact_match", 0.99, 3),
    ("many_to_many", "addition"): Mark("exact_match", 0.98, 3),
    ("many_to_many", "small_parallel_enja"): Mark("bleu", 20, 45),
    ("sync_many_to_many", "slots"): Mark("f1", 0.99, 3),
    ("sync_many_to_many", "universal_dependencies"): Mark("accuracy", 0.94, 12),
    ("sync_many_to_many", "tiny_shakespeare"): Mark("bits_per_character", 2.2, 15, most=True),
    ("ctc", "digit_lines"): Mark("cer", 0.01, 3, most=True),
    ("ctc", "spoken_digit_strings"): Mark("wer", 0.05, most=True),
}


class Cost(NamedTuple):
    """The cost of a command.

    Attributes:
        minutes: wall time.
        cpu_minutes: processor time, user and system; more reliable than wall time on a busy machine.
        gib: peak memory.
    """

    minutes: float
    cpu_minutes: float
    gib: float


def run_command(folder: Path, *args: str) -> Cost:
    """Runs a `zoo` command with its runs in `folder`."""
    start = time.perf_counter()
    environment = {**os.environ, "ZOO_MODELS_DIR": str(folder)}
    process = subprocess.Popen([str(ZOO), *args], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    minutes = (time.perf_counter() - start) / 60
    if status:
        raise SystemExit(f"zoo {' '.join(args)} failed")
    # In KiB on Linux.
    return Cost(minutes, (usage.ru_utime + usage.ru_stime) / 60, usage.ru_maxrss / 2**20)


def measure(architecture: str, dataset: str, data_dir: str | None) -> dict[str, Any]:
    """Runs `zoo train` and, for embedded data, `evaluate`, `export` and `predict`, in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train = ["train", architecture, "--dataset", dataset, "--quiet"]
        if data_dir:
            train += ["--data-dir", data_dir]
        costs = {"train": run_command(folder, *train)}
        if not data_dir:
            costs["evaluate"] = run_command(folder, "evaluate", architecture)
            costs["export"] = run_command(folder, "export", architecture)
            costs["predict"] = run_command(folder, "predict", architecture, raw_input(dataset, folder))
        run = folder / architecture
        config = json.loads((run / "config.json").read_text())
        metrics = json.loads((run / "metrics.json").read_text())["metrics"]
    return {
        "metrics": metrics,
        "epochs": config["epochs_trained"],
        "minutes": sum(cost.minutes for cost in costs.values()),
        "cpu_minutes": sum(cost.cpu_minutes for cost in costs.values()),
        "gib": max(cost.gib for cost in costs.values()),
        "commands": {command: cost._asdict() for command, cost in costs.items()},
    }


def raw_input(dataset: str, folder: Path) -> str:
    """Returns an input from the test split of an embedded dataset, in the format of `zoo predict`."""
    from keras_rnn_zoo import registry

    examples = registry.datasets.get(dataset).make(None, 0)
    raw, _ = next(examples.split("test").as_numpy_iterator())
    if examples.input == "series":
        return json.dumps(raw.tolist())
    if examples.input == "text":
        return str(raw.decode())
    path = folder / "input"
    path.write_bytes(raw)
    return str(path)


@click.command()
@click.option(
    "--data-dir", "data_dirs", multiple=True, help="Folder of TFDS datasets, or of files to prepare them from."
)
@click.option("--only", multiple=True, metavar="DATASET", help="Measure only this dataset; may be repeated.")
def main(data_dirs: tuple[str, ...], only: tuple[str, ...]) -> None:
    """Measures entries one after another, prints a table and writes it as JSON.

    For an entry with an embedded dataset, the minutes are the sum for train, evaluate, export and predict.
    Datasets that are neither embedded nor in a --data-dir are skipped.
    """
    from keras_rnn_zoo import registry

    table = Table("architecture", "dataset", "measured", "mark", "minutes", "of", "CPU minutes", "epochs", "peak GiB")
    console, results = Console(), {}
    for (architecture, dataset), mark in MARKS.items():
        at_hand, data_dir = data_of(registry.datasets.get(dataset), data_dirs)
        if (only and dataset not in only) or not at_hand:
            continue
        found = measure(architecture, dataset, data_dir)
        results[f"{architecture} {dataset}"] = found
        value = found["metrics"][mark.metric]
        reached = value <= mark.bound if mark.most else value >= mark.bound
        sign = "at most" if mark.most else "at least"
        row = (f"{mark.metric} {value:.4g}", f"{sign} {mark.bound:g}{'' if reached else ' (missed)'}")
        limit = f"{mark.minutes:g}" if mark.minutes else "-"
        costs = (f"{found['minutes']:.1f}", limit, f"{found['cpu_minutes']:.1f}")
        figures = (*costs, str(found["epochs"]), f"{found['gib']:.1f}")
        table.add_row(architecture, dataset, *row, *figures)
        console.print(f"{dataset}: {found}")
        path = HERE.parent / "build" / "benchmarks" / "entries.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(results, indent=2) + "\n")
    console.print(table)


if __name__ == "__main__":
    main()
