"""Runs all comparisons of speed and memory with peers; prints tables, and writes all measurements as JSON."""

import dataclasses
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cells
import click
import decoding
import epochs
import imdb
import latency
import memory
import startup
import steps
import toy_reviews
import translation_training
from epoch_data import TASKS
from networks import cores
from report import HEADER, Row, as_markdown, machine_line
from rich.console import Console
from rich.table import Table
from timing import Contestant

from keras_rnn_zoo.atomic_files import write_text

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "benchmarks"
PEERS = ROOT / "build" / "peers" / "bin" / "python"


class Options(dict[str, Any]):
    """The options of the command, by name."""

    __getattr__ = dict.__getitem__


def rounds(options: Options, quick: int, full: int) -> int:
    """Returns the number of rounds: that of `--rounds`, or the default of a quick or full measurement."""
    return options.rounds or (quick if options.quick else full)


THEMES: dict[str, tuple[Any, Callable[[Options], Iterator[Row]]]] = {
    "startup": (startup, lambda o: startup.measure(rounds(o, 3, 15), o.quick)),
    "steps": (steps, lambda o: steps.measure(rounds(o, 2, 20), o.peers, o.quick)),
    "cells": (cells, lambda o: cells.measure(rounds(o, 2, 10), o.quick)),
    "memory": (memory, lambda o: memory.measure(o.peers, Path(o.plot), o.quick)),
    "latency": (latency, lambda o: latency.measure(rounds(o, 3, 30), o.peers, o.quick)),
    "decoding": (decoding, lambda o: decoding.measure(rounds(o, 1, 5), o.quick)),
    "translation": (
        translation_training,
        lambda o: translation_training.measure(rounds(o, 1, 3), o.peers, o.data_dirs, o.quick),
    ),
    "epochs": (epochs, lambda o: epochs.measure(rounds(o, 2, 3), o.peers, o.quick, o.tasks)),
    "toy_reviews": (toy_reviews, lambda o: toy_reviews.measure(o.quick)),
    "imdb": (imdb, lambda o: imdb.measure(o.seeds, o.data_dirs, o.quick)),
}


def processor() -> str:
    """Returns the processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    names = (
        [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")] if cpuinfo.exists() else []
    )
    return names[0].split(":", 1)[1].strip() if names else platform.processor() or platform.machine()


VERSIONS = """
import importlib.metadata, importlib.util, json, platform
names = ("tensorflow", "keras", "numpy", "torch", "joeynmt")
found = {name: importlib.metadata.version(name) for name in names if importlib.util.find_spec(name)}
print(json.dumps({"python": platform.python_version(), **found}))
"""


def versions(python: str) -> dict[str, str]:
    """Returns the versions of the frameworks installed for a Python interpreter."""
    return json.loads(subprocess.run([python, "-c", VERSIONS], stdout=subprocess.PIPE, text=True, check=True).stdout)


def measure_theme(name: str, options: Options, console: Console) -> dict[str, Any]:
    """Measures a theme, with the machine's speed limit before and after, and prints its table."""
    module, measure = THEMES[name]
    start, load, looks = time.time(), [os.getloadavg()[0]], 2 if options.quick else 10
    limit = Contestant("networks:matrix_product")
    limit.wait()
    product = [limit.run()["value"] for _ in range(looks + 1)][1:]
    table = Table(*HEADER, title=f"{name}: {module.ABOUT}")
    rows = []
    for row in measure(options):
        # Targets apply to the sizes of a full run only.
        rows.append(dataclasses.replace(row, mark=None) if options.quick else row)
        table.add_row(*rows[-1].cells())
        console.print(f"[dim]{' | '.join(filter(None, rows[-1].cells()))}[/dim]", highlight=False)
    product += [limit.run()["value"] for _ in range(looks + 1)][1:]
    limit.close()
    machine = {
        "processor": processor(),
        "cores": cores(),
        "load": [*load, os.getloadavg()[0]],
        "matrix_product_gflops": product,
        "versions": {"ours": versions(sys.executable), "peers": versions(options.peers)},
    }
    console.print(table, *dict.fromkeys(row.note for row in rows if row.note), machine_line(machine), sep="\n")
    return {
        "about": module.ABOUT,
        "taken": time.strftime("%Y-%m-%d %H:%M", time.localtime(start)),
        "seconds": time.time() - start,
        "quick": options.quick,
        "machine": machine,
        "rows": [row.as_json() for row in rows],
    }


@click.command()
@click.option(
    "--only", multiple=True, type=click.Choice(list(THEMES)), help="Measure only this theme; may be repeated."
)
@click.option("--data-dir", "data_dirs", multiple=True, metavar="DIR", help="Folder of datasets, prepared or raw.")
@click.option(
    "--peers",
    metavar="PYTHON",
    type=click.Path(exists=True, dir_okay=False),
    help="A Python interpreter with the peers in requirements-bench.txt installed.",
)
@click.option(
    "--task", "tasks", multiple=True, type=click.Choice(list(TASKS)), help="Measure only this task of `epochs`."
)
@click.option("--rounds", type=click.IntRange(1), help="Number of rounds, where the theme has rounds of its own.")
@click.option("--seeds", default=1, show_default=True, help="Number of trainings of each kind on IMDB.")
@click.option("--plot", default=str(BUILD / "length.svg"), help="File for the plot of time and memory by length.")
@click.option(
    "--output", default=str(BUILD / "speed.json"), help="The JSON file; themes that are not measured are kept in it."
)
@click.option("--quick", is_flag=True, help="Use small sizes and few rounds, to check that everything works.")
@click.option("--markdown", is_flag=True, help="Print the JSON file as Markdown without measuring anything.")
def main(output: str, markdown: bool, only: tuple[str, ...], peers: str | None, **options: Any) -> None:
    """Measures all comparisons with peers, prints tables and writes all measurements as JSON."""
    path = Path(output)
    measured = json.loads(path.read_text()) if path.exists() else {}
    if markdown:
        click.echo(as_markdown(measured), nl=False)
        return
    peers = peers or (str(PEERS) if PEERS.exists() else sys.executable)
    console = Console(width=None if sys.stdout.isatty() else 180)
    for name in only or THEMES:
        measured[name] = measure_theme(name, Options(options, peers=peers), console)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(measured, indent=1) + "\n")
    console.print(f"Every measurement is in {path}")


if __name__ == "__main__":
    main()
