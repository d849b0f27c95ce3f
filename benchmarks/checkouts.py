"""Compares two checkouts of this project: commands as a whole, and an epoch of the tasks in `epoch_data.py`.

    git worktree add --detach /tmp/before COMMIT
    python benchmarks/checkouts.py --before /tmp/before command train many_to_one --epochs 1
    python benchmarks/checkouts.py --before /tmp/before epochs --task lines

Both checkouts run with the installed packages, in processes of their own that take turns. A command is measured from
its start to its end, with the graphs that TensorFlow traces and the metrics of the run that it writes. For an epoch,
each task is written at a fraction of its size, and the processor time of a training step and of a batch of the pipeline
is measured. Both checkouts get the batch size of the full data, which `run.py --only epochs` saved.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import click
from epoch_data import TASKS, load_batches, written
from timing import HERE, in_turn

FOLDER = HERE.parent / "build" / "benchmarks" / "epochs"


class Cost(NamedTuple):
    """What a process took.

    Attributes:
        seconds: processor seconds, user and system.
        system: system seconds among them.
        mib: peak memory.
        printed: the last line of its output.
    """

    seconds: float
    system: float
    mib: float
    printed: str


def run_in(checkout: Path, program: str, *args: str, **variables: str) -> Cost:
    """Runs a program of this folder with the package of a checkout; returns its cost."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **variables, "PYTHONPATH": str(checkout)}
    command = [sys.executable, str(HERE / program), *args]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        output.seek(0)
        lines = output.read().splitlines()
    if status:
        raise SystemExit(f"{' '.join(command)} failed in {checkout}")
    # ru_maxrss is in KiB on Linux.
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_stime, usage.ru_maxrss / 1024, lines[-1])


def epoch_costs(task: str, count: int, batch_size: int, sample: int) -> dict[str, float]:
    """Returns the processor seconds of a training step and of a batch of the pipeline, and the number of batches."""
    from contestant import used
    from fitting import captured_fit

    kept: Any = contextlib.nullcontext()
    with contextlib.suppress(ModuleNotFoundError):  # Older checkouts don't have it.
        from keras_rnn_zoo.training.allocation import freed_memory_kept

        kept = freed_memory_kept()
    data, options = TASKS[task], dict(TASKS[task].options)
    address = written(task, FOLDER, count)
    model, batches = captured_fit(data.architecture, dataset=address, batch_size=batch_size, **options)
    iterator = iter(batches.repeat())
    chosen = [next(iterator)[:2] for _ in range(sample)]
    start = used()
    for _ in range(2 * sample):
        next(iterator)
    reading = used(start)
    with kept:
        for _ in range(2):  # The first pass traces and compiles.
            start = used()
            for batch in chosen:
                model.train_on_batch(*batch)
            training = used(start)
    return {
        "step": (training["user"] + training["system"]) / sample,
        "system": training["system"] / sample,
        "batch": (reading["user"] + reading["system"]) / (2 * sample),
    }


def spread(values: list[float], form: str) -> str:
    """Returns the median, and the range of several values, as text."""
    ordered = sorted(values)
    around = f" ({ordered[0]:{form}} to {ordered[-1]:{form}})" if len(values) > 1 else ""
    return f"{statistics.median(values):{form}}{around}"


@click.group()
@click.option(
    "--before", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="The other checkout."
)
@click.option("--rounds", default=3, show_default=True, help="Number of processes of each checkout, alternating.")
@click.pass_context
def main(context: click.Context, before: Path, rounds: int) -> None:
    """Compares a checkout to this one."""
    context.obj = {"before": before.resolve(), "now": HERE.parent}, rounds


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--models-dir", type=click.Path(path_type=Path), help="Keep the runs here, a folder for each checkout.")
@click.pass_obj
def command(checkouts: tuple[dict[str, Path], int], arguments: tuple[str, ...], models_dir: Path | None) -> None:
    """Measures a whole `zoo` command."""
    sides, rounds = checkouts
    with tempfile.TemporaryDirectory() as temporary:
        folders = {name: (models_dir or Path(temporary)) / name for name in sides}

        def measured(name: str) -> Cost:
            return run_in(sides[name], "traces.py", *arguments, ZOO_MODELS_DIR=str(folders[name]))

        overwritten = {name: lambda name=name: measured(name) for name in sides}
        done = in_turn(overwritten, rounds)
        for name, costs in done.items():
            metrics = [json.loads(path.read_text())["metrics"] for path in sorted(folders[name].glob("*/metrics.json"))]
            click.echo(
                f"{name}: processor s {spread([cost.seconds for cost in costs], '.2f')}, "
                f"system {spread([cost.system for cost in costs], '.2f')}, "
                f"peak MiB {spread([cost.mib for cost in costs], ',.0f')}, graphs {costs[-1].printed}, "
                f"metrics {metrics}"
            )
    ratios = [now.seconds / before.seconds for before, now in zip(done["before"], done["now"], strict=True)]
    click.echo(f"now / before: {spread(ratios, '.2f')}")


@main.command()
@click.option("--task", "tasks", multiple=True, type=click.Choice(list(TASKS)), help="Measure only this task.")
@click.option("--fraction", default=10, show_default=True, help="The task's data is written at 1/FRACTION of its size.")
@click.option("--child", hidden=True)
@click.pass_obj
def epochs(checkouts: tuple[dict[str, Path], int], tasks: tuple[str, ...], fraction: int, child: str | None) -> None:
    """Measures an epoch of each task."""
    sides, rounds = checkouts
    if child:
        click.echo(json.dumps(epoch_costs(*json.loads(child))))
        return
    for task in tasks or TASKS:
        count, sample = TASKS[task].count // fraction, TASKS[task].sample
        written(task, FOLDER, count)
        (_, targets), *_ = load_batches(FOLDER / task / "batches.npz")
        settings = json.dumps([task, count, len(targets), sample])

        def measured(name: str, settings: str = settings) -> dict[str, float]:
            arguments = ("--before", str(sides["before"]), "epochs", "--child", settings)
            return json.loads(run_in(sides[name], Path(__file__).name, *arguments).printed)

        done = in_turn({name: lambda name=name: measured(name) for name in sides}, rounds)
        parts = []
        for name, costs in done.items():
            figures = {key: spread([1000 * cost[key] for cost in costs], ",.0f") for key in ("step", "batch", "system")}
            parts.append(
                f"{name}: step {figures['step']} ms, of it system {figures['system']}, batch {figures['batch']}"
            )
        totals = [[cost["step"] + cost["batch"] for cost in done[name]] for name in ("before", "now")]
        ratios = [now / before for before, now in zip(*totals, strict=True)]
        click.echo(f"{task}: {'; '.join(parts)}; now / before {spread(ratios, '.2f')}")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main()
