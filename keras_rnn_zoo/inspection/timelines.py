"""The axes of time of an inspection, and which of them a layer runs along."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.inspection.graph import Graph
from keras_rnn_zoo.inspection.inspection import Timeline
from keras_rnn_zoo.inspection.recorder import LayerFacts
from keras_rnn_zoo.lazy import np

INPUT, OUTPUT = "input", "output"


class Timelines:
    """The timelines of an inspection.

    Args:
        graph: the graph of the model.
        unit: the unit of the input's steps.
        size: the size of a step in this unit.
        labels: a text for each step of the input.

    Attributes:
        found: the timelines so far by name.
    """

    def __init__(self, graph: Graph, unit: str, size: float, labels: Sequence[str]) -> None:
        self.graph = graph
        self.found: dict[str, Timeline] = {}
        self._read: set[str] = set()
        self._add(INPUT, unit, size, labels)

    def add_output(self, unit: str, labels: Sequence[str]) -> None:
        """Adds the timeline of a generated text or of a forecast."""
        self._add(OUTPUT, unit, 1.0, labels)

    def of_output(self, steps: int) -> str:
        """Returns the name of the timeline of a model's output with a number of steps."""
        return self._strided(INPUT, steps, self.graph.stride(self.graph.times[self.graph.output].made))

    def of_layer(self, facts: LayerFacts, steps: int) -> str:
        """Returns the name of the timeline of a recurrent layer that ran over a number of steps.

        A recurrent layer that is given its initial states is a decoder, and so is one within the last operation of a
        model with an output timeline.
        """
        name = self._of_layer(facts, steps)
        self._read.add(name)
        return name

    def _of_layer(self, facts: LayerFacts, steps: int) -> str:
        times, name = self.graph.times[facts.place.operation], facts.place.operation
        if OUTPUT in self.found and (times.given or name == self.graph.output):
            whole = len(self.found[OUTPUT])
            return self._strided(OUTPUT, steps, -(-whole // steps))
        stride = self.graph.stride(times.made if facts.place.nested else times.read)
        if -(-len(self.found[INPUT]) // stride) == steps:
            return self._strided(INPUT, steps, stride)
        return self._add(facts.place.name, "step", 1.0, [str(index) for index in range(1, steps + 1)])

    def of_keys(self, steps: int) -> str:
        """Returns the name of the timeline of a memory with a number of steps, or "" if no layer reads along it."""
        found = [name for name, one in self.found.items() if len(one) == steps and name in self._read]
        return next((name for name in found if name.startswith(INPUT)), "")

    def _strided(self, base: str, steps: int, stride: int) -> str:
        """Returns the name of a timeline whose steps each cover `stride` steps of another one.

        Steps are counted from the start of what varies in length, and from the end of windows, whose first segment is
        filled up. The last segment of a forecast may be longer than what is left of it.
        """
        whole = self.found[base]
        name = f"{base}/{stride}" if stride > 1 else base
        if stride == 1 or name in self.found:
            return name
        missing = steps * stride - len(whole) if base == INPUT and not self.graph.variable else 0
        firsts = np.clip(np.arange(steps) * stride - missing, 0, len(whole) - 1)
        lasts = np.clip(np.arange(1, steps + 1) * stride - missing, 1, len(whole)) - 1
        pairs = [(whole.labels[first], whole.labels[last]) for first, last in zip(firsts, lasts, strict=True)]
        labels = tuple(first if first == last else f"{first} to {last}" for first, last in pairs)
        self.found[name] = Timeline(name, whole.unit, labels, whole.starts[firsts], whole.ends[lasts], stride)
        return name

    def _add(self, name: str, unit: str, size: float, labels: Sequence[str]) -> str:
        places: Any = np.arange(len(labels) + 1) * size
        self.found[name] = Timeline(name, unit, tuple(labels), places[:-1], places[1:])
        return name
