"""Peak memory of a training step, and how its time and memory grow with the length of the sequence.

The peak of a step is the maximum memory of the process (Linux's `VmHWM`) minus its memory before the first step of that
size. A step of 4 rows of 4 steps comes first, so that memory that does not depend on the size, such as that of a
compiler, counts only for the whole process.
"""

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import steps
from report import Mark, Row
from timing import Contestant, race

ABOUT = "peak memory of a training step of the network of `steps`, beyond that of a step of T=4 B=4"
SETTINGS = [(200, 32), (100, 128)]
LENGTHS = [100 * 2**power for power in range(8)]
BATCH = 32
TURN = 5000
"""Minimum number of sequence steps per round, in at least five training steps, of which the median is used. Right
after the longest sequences, caches are cold and the processor was idle, so short steps need many repetitions."""


def measure(python: str, plot: Path, quick: bool) -> Iterator[Row]:
    """Measures both; `python` is the interpreter with the peers installed, `plot` the file for the plot of growth."""
    for time, batch in [(12, 4)] if quick else SETTINGS:
        yield from _peaks(time, batch, python, repeats=1 if quick else 5)
    yield from _growth(LENGTHS[:3] if quick else LENGTHS, plot, rounds=2 if quick else 5)


def settled(function: str, **size: Any) -> Callable[[], float]:
    """Returns a function that runs a step of `steps`, after a small one."""
    make = getattr(steps, function)
    make(**{**size, "time": 4, "batch": 4})()
    return make(**size)


def _peaks(time: int, batch: int, python: str, repeats: int) -> Iterator[Row]:
    """Compares peak memory of a step and of the whole process, with separate processes for each repetition."""
    size = {"cell": "lstm", "time": time, "batch": batch}
    step: dict[str, list[float]] = {}
    whole: dict[str, list[float]] = {}
    missing: dict[str, str] = {}
    for _ in range(repeats):
        done = race(
            {
                "ours": Contestant("memory:settled", function="keras_step", layers="ours", **size),
                "keras": Contestant("memory:settled", function="keras_step", layers="keras", **size),
                "torch": Contestant("memory:settled", python, function="torch_step", **size),
            },
            rounds=5,
        )
        missing = done.missing
        for name, runs in done.runs.items():
            every = [*done.warm_ups[name], *runs]
            step.setdefault(name, []).append(max(run["peak_mib"] for run in runs))
            whole.setdefault(name, []).append(max(run["process_mib"] for run in every))
    for what, peaks in (("peak of a step", step), ("peak of the whole process", whole)):
        for peer, name in (("keras", "keras.layers.LSTM"), ("torch", "torch.nn.LSTM")):
            yield Row(
                f"{what}, T={time} B={batch}",
                "MiB",
                peaks["ours"],
                name,
                peaks.get(peer, []),
                inverse=False,
                mark=Mark(1, most=True) if peer == "keras" and peaks is step else None,
                missing=missing.get(peer, ""),
            )


def _growth(lengths: list[int], plot: Path, rounds: int) -> Iterator[Row]:
    """Measures steps of all lengths, and how far they deviate from a straight line."""
    size = {"cell": "lstm", "layers": "ours", "batch": BATCH}
    contestants = {str(n): Contestant("memory:settled", function="keras_step", time=n, **size) for n in lengths}
    done = race(contestants, rounds, warm_ups=2, times={str(n): max(5, TURN // n) for n in lengths})
    seconds = {length: done.seconds(str(length)) for length in lengths}
    peaks = {length: [run["peak_mib"] for run in done.runs[str(length)]] for length in lengths}
    for length in lengths:
        yield Row(f"step, lstm, T={length} B={BATCH}", "ms", [1000 * value for value in seconds[length]])
        yield Row(f"peak, lstm, T={length} B={BATCH}", "MiB", [max(peaks[length])])
    medians = {length: statistics.median(values) for length, values in seconds.items()}
    per_step = [value / length for length, value in medians.items()]
    middle = statistics.median(per_step)
    yield Row(
        "time of a step divided by its length: farthest from the median of all lengths",
        "%",
        [100 * max(abs(value / middle - 1) for value in per_step)],
        mark=Mark(20, most=True),
    )
    most = {length: max(values) for length, values in peaks.items()}
    yield Row(
        "peak of a step: farthest from the straight line through all lengths",
        "%",
        [_off_the_line(most)],
        mark=Mark(20, most=True),
        note=_draw(plot, medians, most),
    )


def _off_the_line(values: dict[int, float]) -> float:
    """Returns the deviations of values from the line with the smallest relative deviations, in percent."""
    lengths, found = np.array(list(values)), np.array(list(values.values()))
    line = np.polyval(np.polyfit(lengths, found, 1, w=1 / found), lengths)
    return float(100 * np.abs(found / line - 1).max())


def _draw(plot: Path, seconds: dict[int, float], mib: dict[int, float]) -> str:
    """Plots time and memory by length; returns the path of the file."""
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        return "matplotlib is not installed: no plot was drawn"
    mpl.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    parts = (("seconds a training step", seconds), ("MiB, peak of a training step", mib))
    for axis, (label, values) in zip(axes, parts, strict=True):
        lengths = list(values)
        longest = lengths[-1]
        axis.plot(lengths, [values[longest] * length / longest for length in lengths], "--", color="0.6")
        axis.plot(lengths, list(values.values()), "o-")
        axis.set(xscale="log", yscale="log", xlabel="steps of a sequence", ylabel=label)
        axis.set_xticks(lengths, [f"{length:,}" for length in lengths], rotation=45, minor=False)
        axis.minorticks_off()
        axis.legend(["in proportion to the longest", "measured"])
    figure.suptitle(f"Two bidirectional LSTM layers of 64, batch of {BATCH}")
    plot.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(plot)
    return f"time and memory by length are drawn in {plot.name}"
