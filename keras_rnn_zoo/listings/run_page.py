"""The facts about a run, as tables. Imports no framework."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.archive import is_unpacked, shown_path
from keras_rnn_zoo.artifacts.digests import read_json
from keras_rnn_zoo.artifacts.example_input import example_argument
from keras_rnn_zoo.artifacts.run import ORIGIN, Run
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import quantity, shell_quote
from keras_rnn_zoo.display.text_tables import Table, Tables
from keras_rnn_zoo.listings.run_list import describe_run, size_of
from keras_rnn_zoo.networks.index import is_network

CLASSES_SHOWN = 10
"""Number of classes of a run that are named."""

CONTENTS = {
    "config.json": "everything needed to repeat the training",
    "model.keras": "weights and topology",
    "task": "vocabularies, labels, and statistics",
    "metrics.json": "metrics at the end of training",
    "history.csv": "a row per epoch",
    "logs": "logs for TensorBoard",
    "example": "an input of the test split",
    "README.md": "the model card",
    ORIGIN: "where the run was downloaded from",
}
"""What the files and folders of a run hold."""


def show_run(run: Run) -> Tables:
    """Returns the facts about a run; see `keras_rnn_zoo.show`."""
    config, measured = run.config, run.measured
    row = describe_run(run)
    epochs = quantity(config.epochs_trained, "epoch")
    place = shown_path(run.path)
    facts = {
        "archive" if is_unpacked(run.path) else "folder": str(place),
        "architecture": config.architecture,
        "dataset": config.dataset.name,
        "data": _data(config),
        "license of the data": config.dataset.license,
        "task": f"{config.task.name.replace('_', ' ')} of {config.task.input} inputs",
        "classes": _classes(config.task.classes),
        "training": f"{row['status']} after {epochs}; the best was epoch {config.best_epoch}",
        "fine-tuned from": f"{config.source.run}, trained on {config.source.dataset}" if config.source else "",
        "downloaded from": _origin(run),
        "written": "" if is_network(run.path) else (row["date"] or "")[:16].replace("T", " "),
        "exports": ", ".join(row["exports"]),
        "versions": ", ".join(f"{name} {version}" for name, version in config.versions.items()),
    }
    if example := example_argument(run.path):
        facts["example"] = f"zoo predict {shell_quote(run.name if is_network(run.path) else place)} {example}"
    split, count = measured["split"], measured["examples"]
    settings = {**config.training.to_json(), "seed": config.seed, **_relevant_options(config)}
    settings |= {**config.task.options, **config.task.reader, **config.dataset.options}
    tables = Tables(
        run=_pairs(facts, "Facts", "fact"),
        metrics=_pairs(measured["metrics"], f"Metrics on the {split} split, {quantity(count, 'example')}", "metric"),
        settings=_pairs(settings, "Settings and options", "option"),
        files=Table(_files(run.path), "Files"),
    )
    kind = "trained network" if is_network(run.path) else "run"
    tables.title = f"The {kind} {run.name}\n"
    return tables


def _origin(run: Run) -> str:
    """Returns the repository and the commit that a run was downloaded from; "" if it was not."""
    if ORIGIN not in run.snapshot.names():
        return ""
    origin = read_json(run.snapshot / ORIGIN)
    return f"{origin.get('repository')!s:.200}, commit {origin.get('commit')!s:.40}"


def _relevant_options(config: RunConfig) -> dict[str, Any]:
    """Returns the options of the model that have an effect on its kind of input and its task."""
    if config.architecture not in registry.architectures.names():  # Of a plugin that is not installed.
        return dict(config.options)
    known, task = registry.architectures.get(config.architecture).options, config.task
    return {
        name: value
        for name, value in config.options.items()
        if name not in known or known[name].applies_to(task.input, task.name)
    }


def run_as_json(run: Run) -> dict[str, Any]:
    """Returns the facts about a run as JSON-compatible values, for `zoo show RUN --json`."""
    return {**describe_run(run), "metrics": run.measured, "files": _files(run.path), "config": run.config.to_json()}


def _pairs(facts: Mapping[str, Any], title: str, name: str) -> Table:
    rows = [{name: key, "value": value} for key, value in facts.items() if value != ""]
    return Table(rows, title, {name: name, "value": lambda row: _shown(row["value"])})


def _shown(value: Any) -> str:
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4g}" if abs(value) < 0.01 else f"{value:.4f}"
    return value if isinstance(value, str) else json.dumps(value)


def _data(config: RunConfig) -> str:
    counts = config.dataset.recorded.rows if config.dataset.recorded else {}
    return ", ".join(f"{count:,} {split}" for split, count in counts.items()) or config.dataset.size


def _classes(classes: tuple[str, ...]) -> str:
    more = f", and {len(classes) - CLASSES_SHOWN:,} more" if len(classes) > CLASSES_SHOWN else ""
    return ", ".join(classes[:CLASSES_SHOWN]) + more


def _files(folder: Path) -> list[dict[str, Any]]:
    """Returns the files and folders of a run, with their sizes and what they hold."""
    rows = []
    for path in sorted(folder.iterdir(), key=lambda path: [*CONTENTS, path.name].index(path.name)):
        is_folder = path.is_dir() and not path.is_symlink()  # Links may lead anywhere.
        size = sum(map(size_of, path.rglob("*"))) if is_folder else size_of(path)
        contents = CONTENTS.get(path.name, "an export" if is_folder else "")
        rows.append({"file": path.name + os.sep * is_folder, "bytes": size, "contents": contents})
    return rows
