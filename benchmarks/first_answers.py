"""What first answers cost, in processor seconds: `python benchmarks/first_answers.py`.

For each network, a process of its own imports the frameworks, and then loads the network, predicts its example, and
inspects it twice: the first time, an inspection traces the layers and their gradients. Then `zoo serve toy_reviews` is
started and asked once, as is the server of an export.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
from serving import HERE, OURS, running
from startup import ZOO
from timing import in_turn

STEPS = ("frameworks", "load and predict", "first inspection", "later ones")


def costs(network: str) -> list[float]:
    """Returns the processor seconds of each of `STEPS`."""
    marks = [0.0]
    import keras
    import tensorflow as tf

    tf.constant(keras.ops.ones(2))  # The first op of a process initializes TensorFlow.
    import keras_rnn_zoo as zoo

    (example,) = (HERE.parent / "saved_models" / network / "example").iterdir()
    given: Any = example.read_text() if example.suffix == ".txt" else str(example)
    marks.append(time.process_time())
    loaded = zoo.load(network)
    loaded.predict([given])
    marks.append(time.process_time())
    for _ in range(2):
        zoo.inspect(loaded, given)
        marks.append(time.process_time())
    return [after - before for before, after in itertools.pairwise(marks)]


def in_child(network: str) -> list[float]:
    """Returns `costs` in a process of its own."""
    command = [sys.executable, __file__, "--child", network]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def served(model: str) -> float:
    """Returns the processor seconds that `zoo serve` takes from its start to its first answer; on Linux."""
    with running([ZOO, "serve", model, "--port", str(OURS)], OURS, "zoo serve") as process:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")  # Its user and its system time.


@click.command()
@click.option("--network", "names", multiple=True, default=("toy_reviews", "dates", "digit_lines"), show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Number of processes of each kind, in turns.")
@click.option("--child", hidden=True)
def main(names: tuple[str, ...], rounds: int, child: str | None) -> None:
    """Prints a table for docs/performance.md."""
    if child:
        click.echo(json.dumps(costs(child)))
        return
    click.echo(f"| network | {' | '.join(STEPS)} |\n|---|{'---|' * len(STEPS)}")
    for name, runs in in_turn({name: lambda name=name: in_child(name) for name in names}, rounds).items():
        medians = map(statistics.median, zip(*runs, strict=True))
        click.echo(f"| `{name}` | {' | '.join(f'{seconds:.2f}' for seconds in medians)} |")
    with tempfile.TemporaryDirectory() as folder:
        command = [ZOO, "export", "toy_reviews", "--no-check", "--output", f"{folder}/toy_reviews"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        models = {"toy_reviews": "toy_reviews", "an export": f"{folder}/toy_reviews/1"}
        answers = in_turn({name: lambda model=model: served(model) for name, model in models.items()}, rounds)
    for name, seconds in answers.items():
        click.echo(f"zoo serve, {name}: {statistics.median(seconds):.1f} processor s to the first answer")


if __name__ == "__main__":
    main()
