"""Breaks down the time of a training step by kind of op, according to TensorFlow's profiler."""

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

LOOP, PRODUCTS, CONVOLUTIONS = "recurrent loops", "matrix products", "convolutions"
LOSS, EMBEDDING, OPTIMIZER, METRICS, OTHER = "loss", "embedding gradients", "optimizer", "metrics", "other"
AROUND = "around the loops"
"""Transposing, padding and concatenating the inputs and outputs of loops."""
ESSENTIAL = (PRODUCTS, CONVOLUTIONS, LOOP, LOSS)
"""Kinds of ops that a network cannot avoid."""
KINDS = (*ESSENTIAL, AROUND, EMBEDDING, OPTIMIZER, METRICS, OTHER)

_RULES = [
    # Kind, pattern of the op's type, pattern of its name; the first match counts.
    (EMBEDDING, r"(Unsorted|Sparse)?Segment\w*|ResourceScatter\w*|Unique\w*", r""),
    (LOSS, r"\w*CrossEntropy\w*|CTC\w*", r""),
    (LOSS, r"", r"(^|/)compile_loss/"),
    (OPTIMIZER, r"ResourceApply\w*", r""),
    (OPTIMIZER, r"", r"(^|/)adam/|clip_by_global_norm"),
    (PRODUCTS, r"_?(Mkl)?(Native)?(Fused)?(Batch)?MatMul\w*|Einsum", r""),
    (CONVOLUTIONS, r"\w*(Conv[123]D|MaxPool|AvgPool|BatchNorm)\w*", r""),
    (AROUND, r"", r"(lstm|gru|simple_rnn|bidirectional)(_\d+)*/|(^|/)PartitionedCall(_\d+)?/gradients/IdentityN_grad/"),
    (METRICS, r"ArgMax|AssignAddVariableOp", r""),
    (METRICS, r"", r"^(?!AddN)\w+$"),  # The names of metrics have no layer.
]


class Event(NamedTuple):
    """An event on a thread: name, start and duration in picoseconds."""

    name: str
    start: int
    duration: int


def kind_of(name: str, op: str) -> str:
    """Returns the kind of an op of a training step, by its name in the graph and its type."""
    for kind, types, names in _RULES:
        if re.fullmatch(types or ".*", op) and re.search(names, name):
            return kind
    return OTHER


def own_times(events: Iterable[Event]) -> Iterator[tuple[Event, int]]:
    """Yields the events of a thread, each with its time excluding nested events."""
    open_events: list[list[Any]] = []  # Each event with its own time, outermost first.
    for event in sorted(events, key=lambda event: (event.start, -event.duration)):
        while open_events and open_events[-1][0].start + open_events[-1][0].duration <= event.start:
            yield tuple(open_events.pop())
        if open_events:
            open_events[-1][1] -= event.duration
        open_events.append([event, event.duration])
    while open_events:
        yield tuple(open_events.pop())


def times_of(lines: Iterable[Iterable[Event]]) -> Counter[tuple[str, str]]:
    """Returns the seconds of each op on TensorFlow threads, by name and type; XLA programs have the type "XLA"."""
    times: Counter[tuple[str, str]] = Counter()
    for events in lines:
        events = list(events)
        programs = [event for event in events if event.name.startswith("CpuExecutable::Execute")]
        ends = [(event.start, event.start + event.duration) for event in programs]
        # Kernels inside an XLA program have names without a type and count as part of the program.
        outer = [event for event in events if ":" in event.name and "::" not in event.name and " " not in event.name]
        for event in programs:
            times["", "XLA"] += event.duration / 1e12
        for event, own in own_times([*outer, *programs]):
            if event.name.startswith("CpuExecutable::") or any(a < event.start < b for a, b in ends):
                continue
            name, _, op = event.name.partition("#")[0].rpartition(":")
            times[name, op] += own / 1e12
    return times


def profiled(work: Callable[[], Any]) -> Counter[tuple[str, str]]:
    """Runs TensorFlow code; returns the seconds of its ops by name and type."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    options = tf.profiler.experimental.ProfilerOptions(host_tracer_level=3, python_tracer_level=0)
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder, options):
            work()
        (path,) = Path(folder).glob("**/*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
    (plane,) = (plane for plane in space.planes if plane.name == "/host:CPU")
    names = {number: metadata.name for number, metadata in plane.event_metadata.items()}
    # Skip XLA's own threads: a TensorFlow thread waits for the program that they run.
    lines = [line for line in plane.lines if "Eigen" not in line.name]
    return times_of([Event(names[e.metadata_id], e.offset_ps, e.duration_ps) for e in line.events] for line in lines)


def shares(times: Counter[tuple[str, str]]) -> dict[str, float]:
    """Returns the fraction of the time of all ops that each kind takes."""
    kinds = Counter(dict.fromkeys(KINDS, 0.0))
    for (name, op), seconds in times.items():
        kinds[LOOP if op == "XLA" else kind_of(name, op)] += seconds
    total = sum(kinds.values()) or 1.0
    return {kind: kinds[kind] / total for kind in KINDS}


def largest_others(times: Counter[tuple[str, str]], count: int = 8) -> list[tuple[str, float]]:
    """Returns the most expensive ops that are not essential, each with its fraction of the time."""
    total = sum(times.values()) or 1.0
    found: Counter[str] = Counter()
    for (name, op), seconds in times.items():
        if op != "XLA" and kind_of(name, op) not in ESSENTIAL:
            # A layer may have several such ops, which differ by a number at the end.
            where = re.sub(r"_\d+(?=/|$)", "", name)
            found[f"{where}:{op}"] += seconds / total
    return found.most_common(count)
