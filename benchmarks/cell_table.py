"""The table of cells: every cell on the same tasks, with as many weights, as many examples, and three seeds.

Each training is a line in `docs/results/cells.jsonl`, so the command continues where it stopped. Nothing is tuned for a
cell: all have the settings of their task, in two residual blocks, and LSTM also without blocks, as a reference.
"""

import functools
import multiprocessing
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import click
from data import data_of
from forecasting import COLUMNS, SETTINGS, WINDOW
from results import add_line, mean_and_deviation, read_lines, with_table

from keras_rnn_zoo.atomic_files import write_text

DOCS = Path(__file__).parent.parent / "docs"
RESULTS, PAGE = DOCS / "results" / "cells.jsonl", DOCS / "cells.md"
LSTM_UNITS = 40
"""The units of the LSTM network whose number of weights all others get."""
FEATURES = 64
"""The number of input features for which weights are counted."""
REFERENCE = "lstm, plain"
STACK = {"num_layers": 2, "dropout": 0.0, "patience": 0}
SERIES = {**STACK, "bidirectional": False, "learning_rate": 3e-3, "batch_size": 64}
LAST = {**SERIES, "pooling": "last"}
ETTH1 = {
    **{name: SETTINGS[name] for name in ("segment_length", "channel_independent", "autoregression", "calendar")},
    **{name: SETTINGS[name] for name in ("quantiles", "learning_rate", "batch_size")},
    **{**WINDOW, "horizon": 96, "columns": COLUMNS},
}


class Task(NamedTuple):
    """A column of the table.

    Attributes:
        title: its heading.
        architecture: the architecture.
        dataset: the name of the dataset; `None` for a file that is given by an option.
        metric: the metric.
        percent: whether the table shows it in percent.
        settings: options of the data, the model and the training.
    """

    title: str
    architecture: str
    dataset: str | None
    metric: str
    percent: bool
    settings: dict[str, Any]


TASKS = {
    "parity": Task("parity, twice the length", "many_to_one", "parity", "accuracy", True, {**LAST, "epochs": 20}),
    "associative_recall": Task(
        "associative recall", "sync_many_to_many", "associative_recall", "accuracy", True, {**SERIES, "epochs": 20}
    ),
    "selective_copying": Task(
        "selective copying", "sync_many_to_many", "selective_copying", "accuracy", True, {**SERIES, "epochs": 15}
    ),
    "etth1": Task("ETTh1, 96 hours, MSE", "many_to_one", None, "mse", False, {**STACK, **ETTH1, "epochs": 3}),
    "universal_dependencies": Task(
        "tags of en_ewt", "sync_many_to_many", "universal_dependencies", "accuracy", True, {**STACK, "epochs": 3}
    ),
    "imdb_reviews": Task("IMDb", "many_to_one", "imdb_reviews", "accuracy", True, {**STACK, "epochs": 2}),
    "adding": Task(
        "adding, 1,000 steps, MSE", "many_to_one", "adding", "mse", False,
        {**LAST, "sequence_length": 1000, "epochs": 4},
    ),
    "tiny_shakespeare": Task(
        "tiny_shakespeare, bits", "sync_many_to_many", "tiny_shakespeare", "bits_per_character", False,
        {**STACK, "epochs": 4},
    ),
    "sequential_mnist": Task(
        "sequential MNIST", "many_to_one", "sequential_mnist", "accuracy", True,
        {**SERIES, "pooling": "mean", "epochs": 1},
    ),
}  # fmt: skip
"""The tasks, the cheapest first."""


def cells() -> list[str]:
    """Returns the rows: all cells, and the reference."""
    from keras_rnn_zoo import registry

    return [*registry.cells.names(), REFERENCE]


def options_of(row: str) -> dict[str, Any]:
    """Returns the options `cell`, `block` and `units` of a row."""
    cell, _, plain = row.partition(", ")
    block = plain or "residual"
    return {"cell": cell, "block": block, "units": units_of(cell, block)}


@functools.cache
def units_of(cell: str, block: str) -> int:
    """Returns the units, a multiple of four, with which a network comes closest to the weights of the LSTM network."""
    wanted = _weights("lstm", "residual", LSTM_UNITS)
    low, high = 4, 256
    while high - low > 4:  # The number of weights grows with the units.
        middle = (low + high) // 8 * 4
        low, high = (middle, high) if _weights(cell, block, middle) <= wanted else (low, middle)
    return min((low, high), key=lambda units: abs(_weights(cell, block, units) - wanted))


@functools.cache
def _weights(cell: str, block: str, units: int) -> int:
    import keras_rnn_zoo as zoo

    options = {"input": "series", "features": FEATURES, "num_classes": 2, "bidirectional": False, "num_layers": 2}
    return zoo.build("many_to_one", cell=cell, block=block, units=units, **options).count_params()


def measure(name: str, row: str, seed: int, address: str, data_dir: str | None, epochs: int | None) -> dict[str, Any]:
    """Trains a cell on a task, and returns the line of the training."""
    import keras_rnn_zoo as zoo

    task, options = TASKS[name], options_of(row)
    settings = {**task.settings, **options, "seed": seed, **({"epochs": epochs} if epochs else {})}
    if data_dir:
        settings["data_dir"] = data_dir
    with tempfile.TemporaryDirectory() as folder:
        run = zoo.train(task.architecture, dataset=address, models_dir=folder, verbose=0, **settings)
        # Errors of forecasts are compared on standardized columns, as in the literature.
        scores = run.measured.get("standardized") or run.metrics
        return {
            **{"task": name, "cell": row, "seed": seed, "metric": task.metric, "score": scores[task.metric]},
            **{"units": options["units"], "parameters": run.model.count_params(), "epochs": run.config.epochs_trained},
            "processor_minutes": round(run.config.cost.processor_minutes, 2),
        }


def pending(tasks: Sequence[str], rows: Sequence[str], seeds: int, done: Sequence[dict[str, Any]]) -> Iterator[Any]:
    """Yields the task, cell and seed of each training that is still to do, all cells of a seed one after another."""
    known = {(line["task"], line["cell"], line["seed"]) for line in done}
    for task in tasks:
        for seed in range(seeds):
            yield from ((task, row, seed) for row in rows if (task, row, seed) not in known)


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Returns the results as a table in Markdown: mean and standard deviation over the seeds.

    The processor minutes are those of the last training of each task that all cells have.
    """
    rows = [row for row in cells() if any(line["cell"] == row for line in lines)]
    minutes = {(line["task"], line["cell"]): line["processor_minutes"] for line in lines}
    tasks = [name for name in TASKS if any(line["task"] == name for line in lines)]
    titles = ["cell", "units", *(TASKS[name].title for name in tasks), "processor minutes"]
    text = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    common = [name for name in tasks if all((name, row) in minutes for row in rows)]
    for row in rows:
        found = [line for line in lines if line["cell"] == row]
        scores = [_spread([line["score"] for line in found if line["task"] == name], name) for name in tasks]
        total = sum(minutes[name, row] for name in common)
        text.append(f"| `{row}` | {found[0]['units']} | {' | '.join(scores)} | {total:.1f} |")
    return "\n".join(text)


def _spread(values: Sequence[float], task: str) -> str:
    if not values:
        return ""
    if TASKS[task].percent:
        return mean_and_deviation([100 * value for value in values], digits=1)
    return mean_and_deviation(values)


def page_text(page: str, lines: Sequence[dict[str, Any]]) -> str:
    """Returns the page with the results in place of its table of them."""
    return with_table(page, table(lines), beginning="| cell | units | ")


def _address(name: str, etth1: str | None, data_dirs: Sequence[str]) -> tuple[str, str | None] | None:
    """Returns the address of a task's data and its folder, or `None` where the data is not given."""
    from keras_rnn_zoo import registry

    dataset = TASKS[name].dataset
    if dataset is None:
        return (f"csv:{Path(etth1).absolute()}", None) if etth1 else None
    at_hand, folder = data_of(registry.datasets.get(dataset), data_dirs)
    return (dataset, folder) if at_hand else None


def _one_thread() -> None:  # Small networks gain little from more threads; trainings beside each other do.
    os.environ.update(dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1"))


@click.command()
@click.option("--data-dir", "data_dirs", multiple=True, help="Folder of TFDS datasets.")
@click.option("--etth1", type=click.Path(exists=True, dir_okay=False), help="The file ETTh1.csv.")
@click.option("--task", "tasks", multiple=True, type=click.Choice(list(TASKS)), help="Only this task; may be repeated.")
@click.option("--cell", "rows", multiple=True, help="Only this cell; may be repeated.")
@click.option("--seeds", default=3, help="Number of seeds.")
@click.option("--epochs", type=int, help="Number of epochs in place of the task's, to try the command.")
@click.option("--jobs", default=1, help="Number of trainings at a time, each with one thread.")
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), help="The file of results.")
def main(
    data_dirs: tuple[str, ...],
    etth1: str | None,
    tasks: tuple[str, ...],
    rows: tuple[str, ...],
    seeds: int,
    epochs: int | None,
    jobs: int,
    results: Path,
) -> None:
    """Trains every cell on every task; adds a line for each training to a file, and writes the table of the docs.

    What is in the file is not trained again. Tasks whose data is not given are skipped.
    """
    if unknown := set(rows) - set(cells()):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}; expected one of: {'; '.join(cells())}")
    done = read_lines(results)
    found = {name: _address(name, etth1, data_dirs) for name in tasks or TASKS}
    todo = pending([name for name, address in found.items() if address], rows or cells(), seeds, done)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _one_thread, max_tasks_per_child=1) as pool:
        trainings = [pool.submit(measure, *one, *(found[one[0]] or ()), epochs) for one in todo]
        for training in trainings:
            done.append(training.result())
            add_line(results, done[-1])
    click.echo(table(done))
    if results == RESULTS:
        write_text(PAGE, page_text(PAGE.read_text(encoding="utf-8"), done))


if __name__ == "__main__":
    main()
