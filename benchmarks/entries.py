"""Every entry by its default options: what it reaches on its test split, in what time and memory, beside its mark."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
ZOO = Path(sys.executable).parent / "zoo"


class Mark(NamedTuple):
    """What an entry is to reach.

    Attributes:
        metric: the metric.
        bound: its value; at least so much, or at most where `most` is set.
        minutes: the time for the command; 0 for none.
        most: whether less is better.
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


def measure(architecture: str, dataset: str, data_dirs: tuple[str, ...], embedded: bool) -> dict[str, Any]:
    """Runs `zoo train` in a folder of its own; returns test metrics, wall minutes and peak memory in GiB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(ZOO), "train", architecture, "--dataset", dataset, "--quiet"]
        for data_dir in () if embedded else data_dirs:
            if (Path(data_dir) / dataset.removesuffix("_strings")).is_dir():
                command += ["--data-dir", data_dir]
        start = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, "ZOO_MODELS_DIR": folder}, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        minutes = (time.perf_counter() - start) / 60
        if status:
            raise SystemExit(f"{' '.join(command)} failed")
        run = Path(folder) / architecture
        config = json.loads((run / "config.json").read_text())
        metrics = json.loads((run / "metrics.json").read_text())["metrics"]
    peak = usage.ru_maxrss / 2**20  # Linux counts in KiB.
    return {"metrics": metrics, "minutes": minutes, "gib": peak, "epochs": config["epochs_trained"]}


@click.command()
@click.option(
    "--data-dir", "data_dirs", multiple=True, help="Folder of TFDS data sets, or of files to prepare them from."
)
@click.option("--only", multiple=True, metavar="DATASET", help="Measure this data set alone; may be repeated.")
def main(data_dirs: tuple[str, ...], only: tuple[str, ...]) -> None:
    """Measures entries one after another, prints a table and writes it as JSON.

    Data sets that are not embedded are left out where no --data-dir is given.
    """
    from keras_rnn_zoo import registry

    table = Table("architecture", "dataset", "measured", "mark", "minutes", "of", "epochs", "peak GiB")
    console, results = Console(), {}
    for (architecture, dataset), mark in MARKS.items():
        embedded = registry.datasets.get(dataset).embedded
        if (only and dataset not in only) or not (embedded or data_dirs):
            continue
        found = measure(architecture, dataset, data_dirs, embedded)
        results[f"{architecture} {dataset}"] = found
        value = found["metrics"][mark.metric]
        reached = value <= mark.bound if mark.most else value >= mark.bound
        sign = "at most" if mark.most else "at least"
        row = (f"{mark.metric} {value:.4g}", f"{sign} {mark.bound:g}{'' if reached else ' (missed)'}")
        limit = f"{mark.minutes:g}" if mark.minutes else "-"
        figures = (f"{found['minutes']:.1f}", limit, str(found["epochs"]), f"{found['gib']:.1f}")
        table.add_row(architecture, dataset, *row, *figures)
        console.print(f"{dataset}: {found}")
        path = HERE.parent / "build" / "benchmarks" / "entries.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=2) + "\n")
    console.print(table)


if __name__ == "__main__":
    main()
