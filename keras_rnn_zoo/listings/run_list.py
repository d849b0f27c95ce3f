"""The runs in a folder, as a table. Imports no framework."""

import os
import stat
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.export import STREAMING
from keras_rnn_zoo.artifacts.run import Run, is_resumable, list_runs, output_folder, unfinished_path, version_numbers
from keras_rnn_zoo.artifacts.run import models_dir as runs_folder
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import megabytes
from keras_rnn_zoo.display.text_tables import Table
from keras_rnn_zoo.errors import ZooError


def runs(models_dir: str | os.PathLike[str] | None = None) -> Table:
    """Returns the runs in a folder, with how well they do. Damaged runs and unfinished trainings are listed as such.

    Args:
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.

    Returns:
        A list with a dict for each run: `run`, `path`, `architecture`, `dataset`, `task`, `options` (those in which the
        runs of the same architecture and dataset differ, by name, the seed among them), `metric` and `value` (the main
        metric), `split` (that it was measured on), `metrics` (all of them), `epochs`, `best_epoch`,
        `processor_minutes` (of the training), `bytes` (the size of the folder), `date` (when it was written), `exports`
        (names of versions), `status` (`"finished"`, `"interrupted"`, `"unfinished"` or `"damaged"`) and `fault` (what
        is damaged, or ""). Facts that are unknown are `None`. It is shown as a table, also in notebooks.

    Example:
        >>> [run["run"] for run in runs("no_such_folder")]
        []
    """
    folder = runs_folder(models_dir)
    names = list_runs(folder)
    unfinished = [path.name[1 : -len(".unfinished")] for path in sorted(folder.glob(".*.unfinished"))]
    rows = [_run_row(folder / name) for name in names]
    rows += [_unfinished_row(folder / name) for name in unfinished if name not in names and is_resumable(folder / name)]
    _keep_differing_options(rows)
    return Table(rows, f"Runs in {folder}" if rows else f"There are no runs in {folder} yet.", _RUN_CELLS)


def describe_run(run: Run) -> dict[str, Any]:
    """Returns the facts about a run, as in a row of `runs`, with all options; raises `RunError` if it is damaged."""
    return _described(run.path, run.config, run.measured)


def _run_row(path: Path) -> dict[str, Any]:
    try:
        return describe_run(Run(path))
    except (ZooError, OSError) as error:
        return _described(path, None, status="damaged", fault=str(error))


def _unfinished_row(path: Path) -> dict[str, Any]:
    try:
        row = _described(unfinished_path(path), Run(unfinished_path(path)).config, status="unfinished")
    except (ZooError, OSError) as error:
        row = _described(unfinished_path(path), None, status="damaged", fault=str(error))
    return {**row, "run": path.name}


def _described(
    path: Path,
    config: RunConfig | None,
    measured: Mapping[str, Any] | None = None,
    *,
    status: str = "",
    fault: str = "",
) -> dict[str, Any]:
    metrics = measured["metrics"] if measured else {}
    name = registry.main_metric(config.task.name, metrics) if config and metrics else None
    return {
        "run": path.name,
        "path": str(path),
        "architecture": config.architecture if config else None,
        "dataset": config.dataset.name if config else None,
        "task": config.task.name if config else None,
        "options": {**config.values, "seed": config.seed} if config else {},
        "metric": name,
        "value": metrics[name] if name else None,
        "split": measured["split"] if measured and metrics else None,
        "metrics": metrics,
        "epochs": config.epochs_trained if config else None,
        "best_epoch": config.best_epoch if config else None,
        "processor_minutes": config.cost.processor_minutes if config and config.cost else None,
        "bytes": sum(map(size_of, path.rglob("*"))),
        "date": _date(path / "config.json"),
        "exports": _exports(output_folder(Run(path))),
        "status": status or ("finished" if config and config.finished else "interrupted"),
        "fault": fault,
    }


def _keep_differing_options(rows: Sequence[dict[str, Any]]) -> None:
    """Keeps of each row the options in which the runs of its architecture and dataset differ."""
    values: dict[tuple[Any, ...], dict[str, list[Any]]] = {}
    for row in rows:
        group = values.setdefault((row["architecture"], row["dataset"]), {})
        for name, value in row["options"].items():
            group.setdefault(name, []).append(value)
    for row in rows:
        # Runs of older versions lack the options that were added since, and do not differ in them.
        group = values.get((row["architecture"], row["dataset"]), {})
        differing = [name for name in row["options"] if any(value != row["options"][name] for value in group[name])]
        row["options"] = {name: row["options"][name] for name in differing}


def size_of(path: Path) -> int:
    """Returns the size of a regular file in bytes; 0 for anything else, such as a link, and for a missing file."""
    try:
        status = path.lstat()
    except OSError:  # It was removed in the meantime.
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _date(file: Path) -> str | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime).astimezone().isoformat(timespec="seconds")
    except OSError:
        return None


def _exports(path: Path) -> list[str]:
    """Returns the exports of a run: the versions of its SavedModel, and others, such as "onnx/1" and "streaming/1"."""
    others = [format.name for format in registry.export_formats.entries() if not format.served]
    others += [STREAMING, *(f"{STREAMING}/{name}" for name in others)]
    names = [str(version) for version in version_numbers(path)]
    return names + [f"{name}/{version}" for name in others for version in version_numbers(path / name)]


def _shown_metric(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return "-"
    return f"{row['metric']} {row['value']:.4f}" + (f" ({row['split']})" if row["split"] != "test" else "")


def _shown_epochs(row: Mapping[str, Any]) -> str:
    return "-" if not row["epochs"] else f"{row['epochs']:,} (best {row['best_epoch']})"


def _shown_options(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row["options"].items()) or "-"


def _shown_minutes(row: Mapping[str, Any]) -> str:
    return "-" if row["processor_minutes"] is None else f"{row['processor_minutes']:.1f}"


def _shown_exports(row: Mapping[str, Any]) -> str:
    return ", ".join(row["exports"]) or "-"


_RUN_CELLS: dict[str, Any] = {
    "run": "run",
    "architecture": lambda row: row["architecture"] or "-",
    "dataset": lambda row: row["dataset"] or "-",
    "options that differ": _shown_options,
    "metric": _shown_metric,
    "epochs": _shown_epochs,
    "minutes": _shown_minutes,
    "size": lambda row: megabytes(row["bytes"]),
    "date": lambda row: (row["date"] or "-")[:16].replace("T", " "),
    "exports": _shown_exports,
    "status": "status",
}
