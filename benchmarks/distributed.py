"""Training by several processes: the speed of two on this machine, and a simulation of up to 1,024 machines.

The simulation draws, for each step and each process, the time of a step from those measured here with as many rows as
the process would have, in processor time of a single thread, so that other programs on this machine count little. The
slowest process decides. Then the gradients are exchanged by a ring: in `2 (N - 1)`
messages, each process sends and receives `2 (N - 1) / N` times the bytes of the gradients (Patarasuk and Yuan 2009,
"Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations"). For large N and few bytes, the latency of the
messages decides; then libraries use a tree, of `2 log2(N)` messages that hold all bytes. The faster of both is taken.

    python benchmarks/distributed.py                                     measures, and prints the tables
    python benchmarks/distributed.py --times build/benchmarks/steps.json prints them from an earlier measurement
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROWS = (32, 8)
"""The numbers of rows of a process in a batch."""
COUNTS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
STEPS, LENGTH, SEED = 30, 100, 0
SIMULATED_STEPS = 200


@dataclass(frozen=True)
class Network:
    """What connects the machines.

    Attributes:
        name: its name.
        bandwidth: bytes per second, in each direction.
        latency: seconds until a message arrives.
    """

    name: str
    bandwidth: float
    latency: float


NETWORKS = (Network("10 Gbit/s Ethernet", 1.25e9, 50e-6), Network("100 Gbit/s InfiniBand", 12.5e9, 5e-6))


def exchange_seconds(network: Network, count: int, size: int) -> float:
    """Returns the time in which `count` processes add up `size` bytes of each."""
    if count == 1:
        return 0.0
    ring = 2 * (count - 1) * (network.latency + size / count / network.bandwidth)
    tree = 2 * math.ceil(math.log2(count)) * (network.latency + size / network.bandwidth)
    return min(ring, tree)


def efficiency(times: Mapping[int, Sequence[float]], size: int, network: Network, count: int, rows: int) -> float:
    """Returns the part of the time that processes spend on what one process would compute, from 0 to 1.

    Args:
        times: seconds of single steps, by the number of rows.
        size: bytes of the gradients.
        network: the network.
        count: the number of processes.
        rows: the rows of each process in a batch.
    """
    import numpy as np

    drawn = np.random.default_rng(SEED).choice(np.asarray(times[rows]), (SIMULATED_STEPS, count))
    step = float(drawn.max(axis=1).mean()) + exchange_seconds(network, count, size)
    return float(np.mean(times[rows])) / step


def scaling_table(measured: Mapping[str, object]) -> list[str]:
    """Returns the lines of the table of efficiencies, in Markdown."""
    times = {int(rows): list(values) for rows, values in dict(measured["times"]).items()}  # type: ignore[call-overload]
    size = int(measured["bytes"])  # type: ignore[call-overload]
    lines = ["| processes | " + " | ".join(f"{n.name}, {r} rows each" for n in NETWORKS for r in ROWS) + " |"]
    lines.append("|---|" + "---|" * (len(ROWS) * len(NETWORKS)))
    for count in COUNTS:
        cells = [f"{efficiency(times, size, n, count, r):.0%}" for n in NETWORKS for r in ROWS]
        lines.append(f"| {count:,} | " + " | ".join(cells) + " |")
    return lines


def measure_steps() -> dict[str, object]:
    """Returns the processor seconds of single steps on JAX by the number of rows, and the bytes of the gradients."""
    import keras
    import numpy as np

    import keras_rnn_zoo as zoo

    keras.utils.set_random_seed(SEED)
    model = zoo.build("many_to_one", units=64, embedding_dim=64, vocabulary_size=8000, num_classes=2)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    drawn, times = np.random.default_rng(SEED), {}
    for rows in ROWS:
        ids = drawn.integers(1, 8000, (rows, LENGTH)).astype("int32")
        labels = drawn.integers(0, 2, rows).astype("int32")
        times[rows] = []
        for number in range(STEPS + 2):
            begin = time.process_time()
            model.train_on_batch(ids, labels)
            if number >= 2:  # The first one compiles.
                times[rows].append(time.process_time() - begin)
    return {"times": times, "bytes": 4 * sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)}


def compare_processes(folder: Path, counts: Sequence[int] = (1, 2)) -> list[str]:
    """Trains with one process and with two on this machine; returns a table of milliseconds per step and losses."""
    lines = ["| processes | milliseconds per step | validation loss of each epoch |", "|---|---|---|"]
    for count in counts:
        run = f"with-{count}"
        command = [sys.executable, "-m", "keras_rnn_zoo", "train", "many_to_one", "--processes", str(count)]
        command += ["--epochs", "3", "--run", run, "--models-dir", str(folder), "--overwrite"]
        environment = {name: value for name, value in os.environ.items() if name != "NPROC"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        # Keras prints "125/125 - 29s - 234ms/step - accuracy: ..." for each epoch; the first one compiles.
        steps = [int(number) * (1 if unit else 1000) for number, unit in re.findall(r" (\d+)(m?)s/step", done.stderr)]
        rows = (folder / run / "history.csv").read_text().splitlines()
        column = rows[0].split(",").index("val_loss")
        losses = ", ".join(f"{float(row.split(',')[column]):.6f}" for row in rows[1:])
        lines.append(f"| {count} | {min(steps[1:])} | {losses} |")
    return lines


def main() -> None:
    """Prints the tables in Markdown, and writes what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=Path, help="use the step times of an earlier measurement")
    parser.add_argument("--only-simulate", action="store_true", help="do not train with two processes here")
    parser.add_argument("--output", type=Path, default=Path("build/benchmarks/distributed"))
    options = parser.parse_args()
    os.environ |= {"KERAS_BACKEND": "jax", "NPROC": "1"}
    if options.times:
        measured = json.loads(options.times.read_text())
    else:
        measured = measure_steps()
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "steps.json").write_text(json.dumps(measured))
    if not options.times and not options.only_simulate:
        print("\n".join(compare_processes(options.output / "runs")) + "\n")
    print("\n".join(scaling_table(measured)))


if __name__ == "__main__":
    main()
