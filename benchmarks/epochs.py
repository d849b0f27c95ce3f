"""An epoch of each task on synthetic data of ordinary size: where its time goes, compared to Keras and PyTorch.

A whole epoch would take too long for each contestant. `epoch_steps.pipeline` runs `zoo train` up to its first step,
iterates the real pipeline alone for a while, and saves the network and some batches, as bucketed and padded there.
The contestants take turns running a step on each of those batches. The time of an epoch is that time scaled to the
number of batches. Keras's contestant is the same network and weights with `keras.layers`, `keras.losses` and
`keras.optimizers.Adam`, and must have the same loss on the first batch. PyTorch's has the same size (`epoch_torch.py`).

On a busy machine, rely on processor times. The breakdown by kind of op is that of the time that threads spend in
kernels, according to TensorFlow's profiler.
"""

from collections.abc import Iterator
from typing import Any

from epoch_data import TASKS
from report import Mark, Row
from timing import HERE, Contestant, Race, race

ABOUT = "an epoch at ordinary size: training steps on batches of the real pipeline, times the number of batches"
FOLDER = HERE.parent / "build" / "benchmarks" / "epochs"


def measure(rounds: int, python: str, quick: bool, tasks: tuple[str, ...] = ()) -> Iterator[Row]:
    """Measures all tasks, or `tasks`; `python` is the interpreter with the peers installed."""
    for name in tasks or TASKS:
        yield from _task(name, rounds, python, quick)


def _task(name: str, rounds: int, python: str, quick: bool) -> Iterator[Row]:
    count = TASKS[name].count // 100 if quick else TASKS[name].count
    sample = 2 if quick else TASKS[name].sample
    settings: dict[str, Any] = {"task": name, "folder": str(FOLDER)}
    done = race(
        {
            "pipeline": Contestant(
                "epoch_steps:pipeline", count=count, sample=sample, seconds=1 if quick else 10, **settings
            )
        },
        rounds=1,
        warm_ups=0,
    )
    (facts,) = done.values("pipeline")
    done = race(
        {
            "ours": Contestant("epoch_steps:steps", layers="ours", **settings),
            "default": Contestant("epoch_steps:steps", variables={"ZOO_MALLOPT": "0"}, layers="ours", **settings),
            "keras": Contestant("epoch_steps:steps", layers="keras", **settings),
            "torch": Contestant("epoch_torch:steps", python, **settings),
        },
        rounds,
        warm_ups=1,
    )
    yield from _rows(name, sample, facts, done)


def _rows(name: str, sample: int, facts: dict[str, Any], done: Race) -> Iterator[Row]:
    batches = facts["batches"]

    def epoch(who: str, *kinds: str) -> list[float]:
        return [sum(value[kind] for kind in kinds) / sample * batches for value in done.values(who)]

    missing, note = done.missing.get("torch", ""), _note(name, sample, facts, done)
    for unit, kinds, keras_mark, torch_mark in (
        ("s", ("wall",), Mark(2), Mark(1)),
        ("processor s", ("user", "system"), None, None),
    ):
        what, ours = f"{name}, steps of an epoch", epoch("ours", *kinds)
        yield Row(what, unit, ours, "Keras's layers and losses", epoch("keras", *kinds), mark=keras_mark, note=note)
        yield Row(what, unit, ours, "PyTorch", epoch("torch", *kinds), mark=torch_mark, missing=missing)
    default = "ours, ZOO_MALLOPT=0"
    yield Row(f"{name}, steps of an epoch", "processor s", ours, default, epoch("default", "user", "system"))
    share, share_default = (
        [100 * value["system"] / (value["user"] + value["system"]) for value in done.values(who)]
        for who in ("ours", "default")
    )
    yield Row(f"{name}, system time of the steps", "%", share, mark=Mark(5, most=True))
    yield Row(f"{name}, system time of the steps, ZOO_MALLOPT=0", "%", share_default)
    peaks = {who: [run["process_mib"] for run in done.runs[who]] for who in ("ours", "default", "keras")}
    yield Row(f"{name}, peak of the steps' process", "MiB", peaks["ours"], default, peaks["default"], inverse=False)
    yield Row(
        f"{name}, peak of the steps' process",
        "MiB",
        peaks["ours"],
        "Keras's layers and losses",
        peaks["keras"],
        inverse=False,
    )


def _note(name: str, sample: int, facts: dict[str, Any], done: Race) -> str:
    """Returns a description of where the time of an epoch goes."""
    batches, steps = facts["batches"], done.values("ours")[0]
    step = (steps["user"] + steps["system"]) / sample
    batch = facts["batch"]["user"] + facts["batch"]["system"]
    total = step + batch + facts["python"]
    parts = [
        f"**{name}** ({TASKS[name].about}): {batches:,} batches, {facts['parameters']:,} weights; before the first "
        f"step {facts['before']['user'] + facts['before']['system']:.0f} processor s; peak of the training "
        f"{facts['peak_mib']:,.0f} MiB",
        f"processor ms a step: {1000 * total:,.1f}, of which tf.data {batch / total:.1%}, Python "
        f"{facts['python'] / total:.1%}; page faults a step: {steps['faults'] / sample:,.0f}",
        "kernels: " + ", ".join(f"{kind} {share:.1%}" for kind, share in facts["shares"].items() if share >= 0.0005),
        "the most of what is not products, convolutions, loops or loss: "
        + ", ".join(f"`{op}` {share:.1%}" for op, share in facts["others"]),
    ]
    ours, keras = (done.values(who)[0]["loss"] for who in ("ours", "keras"))
    if abs(ours - keras) > 1e-3 * abs(keras):
        parts.append(f"the losses of ours and Keras's differ: {ours}, {keras}")
    return "; ".join(parts)
