"""Trains every entry with default options and several seeds, and writes the scores to the docs and the model cards.

Trainings are those of `train_networks.py`, in the same folder, so that none is done twice; a network in `saved_models/`
counts as the training of its seed. Each training is a line in `docs/results/trainings.jsonl`, so the command continues
where it stopped. Datasets that are neither embedded nor in a --data-dir are skipped.
"""

import csv
import io
import json
import multiprocessing
import os
import platform
import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click
import train_networks
from data import data_of
from results import read_lines, with_table

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import write_text
from keras_rnn_zoo.training.store import state_seeds

DOCS = Path(__file__).parent.parent / "docs"
TRAININGS, SCORES, PUBLISHED = (DOCS / "results" / name for name in ("trainings.jsonl", "scores.csv", "published.csv"))
PAGE = DOCS / "scores.md"
METRICS = {"addition": "exact_match"}
"""The metrics of datasets for which that of the task says nothing: BLEU is 0 without texts of four tokens or more."""
COLUMNS = {
    "dataset": "dataset",
    "architecture": "architecture",
    "metric": "metric",
    "score": "score on the test split",
    "seeds": "seeds",
    "parameters": "parameters",
    "processor_minutes": "processor minutes",
    "peak_memory_gb": "peak memory, GB",
    "published": "published",
}
"""The columns of the table on the page."""


def architecture_of(name: str) -> str:
    """Returns the architecture that a dataset is scored with: that of its network, or else the first recurrent one."""
    fitting = [architecture.name for architecture in registry.architectures_of(registry.datasets.get(name))]
    recurrent = [architecture for architecture in fitting if architecture != "one_to_one"]
    return train_networks.NETWORKS.get(name) or (recurrent or fitting)[0]


def training_of(name: str, seed: int, data_dir: str | None) -> dict[str, Any]:
    """Returns the line of a training, which is done where it is missing; a shipped network counts as one."""
    stored = zoo.Run(train_networks.SHIPPED / name)
    shipped = (stored.path / "config.json").exists() and stored.config.seed == seed
    machine: dict[str, Any] = {}
    if shipped and not train_networks.folder_of(name, seed).exists():
        run = stored  # It may have been trained on another machine.
    else:
        run = train_networks.trained(architecture_of(name), name, seed, data_dir, {})
        machine = {"processor": _processor(), "cores": len(os.sched_getaffinity(0))}
    config = run.config
    return {
        **{"dataset": name, "architecture": config.architecture, "task": config.task.name, "seed": seed},
        "metrics": run.measured.get("before_storage", run.metrics),
        **{"examples": run.measured["examples"], "epochs": config.epochs_trained},
        "parameters": run.model.count_params(),
        "processor_minutes": config.cost.processor_minutes,
        "peak_memory": config.cost.peak_memory,
        **{"versions": dict(config.versions), **machine},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def trainings() -> list[dict[str, Any]]:
    """Returns the lines of the trainings that are done."""
    return read_lines(TRAININGS)


def score_rows(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns a row for each dataset: mean and standard deviation of its main metric over the seeds, and the costs."""
    rows = []
    for name in sorted({line["dataset"] for line in lines}):
        found = sorted((line for line in lines if line["dataset"] == name), key=lambda line: line["seed"])
        first = found[0]
        metric = METRICS.get(name) or registry.main_metric(first["task"], first["metrics"])
        values = [line["metrics"][metric] for line in found]
        rows.append(
            {
                **{key: first[key] for key in ("dataset", "architecture", "task")},
                "metric": metric,
                "mean": f"{statistics.mean(values):.4f}",
                "sd": f"{statistics.stdev(values):.4f}" if len(values) > 1 else "",
                "seeds": len(values),
                "scores": " ".join(f"{value:.4f}" for value in values),
                **{key: first[key] for key in ("examples", "parameters")},
                "processor_minutes": f"{statistics.mean(line['processor_minutes'] for line in found):.1f}",
                "peak_memory_gb": f"{max(line['peak_memory'] for line in found) / 1e9:.2f}",
                "hardware": "; ".join(sorted({_hardware(line) for line in found if "cores" in line})),
            }
        )
    return rows


def _hardware(line: dict[str, Any]) -> str:
    return f"{line['processor']}, {line['cores']} core{'s' if line['cores'] > 1 else ''}"


def csv_text(rows: Sequence[dict[str, Any]]) -> str:
    """Returns the rows as a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def page_text(page: str, rows: Sequence[dict[str, Any]]) -> str:
    """Returns the page with the rows in place of the lines of its first table."""
    with open(PUBLISHED, encoding="utf-8", newline="") as file:
        published = list(csv.DictReader(file))
    lines = [f"| {' | '.join(COLUMNS.values())} |", f"|{'---|' * len(COLUMNS)}"]
    for row in rows:
        spread = f" ± {row['sd']}" if row["sd"] else ""
        others = [
            f"{other['score']}: {other['system']} ([{other['source']}]({other['url']}))"
            for other in published
            if other["dataset"] == row["dataset"]
        ]
        cells = {
            **{key: row[key] for key in COLUMNS if key in row},
            **{key: f"`{row[key]}`" for key in ("dataset", "architecture")},
            "score": row["mean"] + spread,
            "parameters": f"{row['parameters']:,}",
            "published": "; ".join(others),
        }
        lines.append(f"| {' | '.join(str(cells[key]) for key in COLUMNS)} |")
    return with_table(page, "\n".join(lines))


def write_scores() -> None:
    """Writes the scores as a CSV file and to the page."""
    rows = score_rows(trainings())
    write_text(SCORES, csv_text(rows))
    write_text(PAGE, page_text(PAGE.read_text(encoding="utf-8"), rows))


def write_cards(names: Sequence[str]) -> None:
    """Writes the scores of all seeds to the model cards of networks, and the index, which has their digests."""
    for name in names:
        found = sorted((line for line in trainings() if line["dataset"] == name), key=lambda line: line["seed"])
        seeds = [{"seed": line["seed"], "metrics": line["metrics"]} for line in found]
        folder = train_networks.SHIPPED / name
        if len(seeds) > 1 and (folder / "config.json").exists() and zoo.Run(folder).measured.get("seeds") != seeds:
            state_seeds(zoo.Run(folder), seeds)
    train_networks.index_networks()


@click.command()
@click.argument("names", nargs=-1)
@click.option("--data-dir", "data_dirs", multiple=True, help="Folder of TFDS datasets; may be repeated.")
@click.option("--seeds", default=3, show_default=True, help="Number of seeds.")
def main(names: tuple[str, ...], data_dirs: tuple[str, ...], seeds: int) -> None:
    """Score datasets (by default, all) with default options: docs/results/, docs/scores.md and the model cards."""
    for entry in [registry.datasets.get(name) for name in names] or registry.datasets.entries():
        at_hand, data_dir = data_of(entry, data_dirs)
        if not at_hand:
            continue
        for seed in range(seeds):
            if (entry.name, seed) in {(line["dataset"], line["seed"]) for line in trainings()}:
                continue
            # A process of its own, for its peak memory not to be that of another training.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                line = process.submit(training_of, entry.name, seed, data_dir).result()
            with open(TRAININGS, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            write_scores()
            click.echo(f"{entry.name}, seed {seed}: {line['metrics']}")
        write_cards([entry.name])


if __name__ == "__main__":
    main()
