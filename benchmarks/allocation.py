"""Cost of memory allocation in training: processor time, page faults and memory, with and without our settings.

Each entry trains for some seconds on its own batches, in a separate process, with glibc's allocator in its default
state (`ZOO_MALLOPT=0`) and as training configures it. Only the steps are measured, not the start.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from data import data_of
from entries import MARKS
from fitting import captured_fit
from rich.console import Console
from rich.table import Table

from keras_rnn_zoo import registry

WARM = 10
"""Number of warm-up steps, which trace, compile and grow the process's memory."""

ENTRIES = [*MARKS, *(("many_to_one", dataset) for dataset in ("sunspots", "mauna_loa_co2", "toy_sales"))]
"""Every entry with default options, as pairs of an architecture and a dataset."""


COLUMNS = ("user ms", "system ms", "system share", "page faults", "peak GiB", "processor time, ratio")
"""What is measured, per step where it applies, without and with our settings."""


def costs_of_steps(architecture: str, dataset: str, data_dir: str | None, seconds: float) -> dict[str, float]:
    """Trains for some processor seconds.

    Returns:
        milliseconds of user and system time and page faults, each per step, and the peak memory in GiB.
    """
    import keras

    from keras_rnn_zoo.training.allocation import freed_memory_kept

    model, batches = captured_fit(architecture, dataset=dataset, data_dir=data_dir)
    usages: list[Any] = []

    class Usage(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch + 1 < WARM:
                return
            usages[1:] = [resource.getrusage(resource.RUSAGE_SELF)]
            self.steps = batch + 1 - WARM
            if self.steps and _processor_seconds(usages[1]) - _processor_seconds(usages[0]) >= seconds:
                self.model.stop_training = True

    usage = Usage()
    with freed_memory_kept():
        model.fit(batches.repeat(), steps_per_epoch=10**6, epochs=1, verbose=0, callbacks=[usage])
    start, end = usages
    return {
        "user": 1000 * (end.ru_utime - start.ru_utime) / usage.steps,
        "system": 1000 * (end.ru_stime - start.ru_stime) / usage.steps,
        "faults": (end.ru_minflt - start.ru_minflt) / usage.steps,
        "gib": end.ru_maxrss / 2**20,  # In KiB on Linux.
    }


def _processor_seconds(usage: Any) -> float:
    return float(usage.ru_utime + usage.ru_stime)


def measured(arguments: list[Any], switch: str) -> dict[str, float]:
    """Measures an entry in a separate process."""
    environment = {**os.environ, "ZOO_MALLOPT": switch, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, "--child", json.dumps(arguments)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@click.command()
@click.option("--data-dir", "data_dirs", multiple=True, metavar="DIR", help="Folder of datasets, prepared or raw.")
@click.option("--only", multiple=True, metavar="DATASET", help="Measure only this dataset; may be repeated.")
@click.option("--seconds", default=5.0, show_default=True, help="Processor seconds of steps to measure.")
@click.option("--rounds", default=3, show_default=True, help="Number of processes of each kind, alternating.")
@click.option("--child", hidden=True)
def main(data_dirs: tuple[str, ...], only: tuple[str, ...], seconds: float, rounds: int, child: str | None) -> None:
    """Prints the processor time of the steps, the fraction of system time, page faults and peak memory per entry."""
    if child:
        click.echo(json.dumps(costs_of_steps(*json.loads(child))))
        return
    table = Table("entry", *COLUMNS)
    console = Console(width=None if sys.stdout.isatty() else 160)
    for architecture, dataset in ENTRIES:
        if only and dataset not in only:
            continue
        at_hand, data_dir = data_of(registry.datasets.get(dataset), data_dirs)
        if not at_hand:
            console.print(f"{dataset}: no data", highlight=False)
            continue
        done: dict[str, list[dict[str, float]]] = {"0": [], "1": []}
        for _ in range(rounds):
            for switch, results in done.items():
                results.append(measured([architecture, dataset, data_dir, seconds], switch))
        table.add_row(*row(f"{architecture} {dataset}", done["0"], done["1"]))
        console.print(" | ".join(row(f"{architecture} {dataset}", done["0"], done["1"])), highlight=False)
    console.print(table)


def row(name: str, before: list[dict[str, float]], after: list[dict[str, float]]) -> list[str]:
    """Returns the table cells of an entry: medians without and with our settings, and the ratio with its range."""

    def both(key: str, form: str) -> str:
        return " -> ".join(format(statistics.median(costs[key] for costs in side), form) for side in (before, after))

    def total(costs: dict[str, float]) -> float:
        return costs["user"] + costs["system"]

    shares = [statistics.median(costs["system"] / total(costs) for costs in side) for side in (before, after)]
    ratios = sorted(total(new) / total(old) for old, new in zip(before, after, strict=True))
    return [
        name,
        both("user", ".1f"),
        both("system", ".2f"),
        " -> ".join(f"{share:.1%}" for share in shares),
        both("faults", ",.0f"),
        both("gib", ".2f"),
        f"{statistics.median(ratios):.2f} [{ratios[0]:.2f} to {ratios[-1]:.2f}]",
    ]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
