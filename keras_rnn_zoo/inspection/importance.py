"""Integrated gradients: how much each step of an input matters for a prediction."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.inspection.graph import Graph
from keras_rnn_zoo.lazy import keras, np, tf

TOLERANCE = 0.005
"""The relative completeness error at which the integral is exact enough."""
NODES = 6
"""Number of interpolations in a panel, by Gauss-Legendre quadrature."""
MAX_INTERPOLATIONS = 3000
_ROWS, _NUMBERS = 64, 2**22
"""Limits on a batch of interpolations: rows, and numbers in its references."""
_FLOOR = 1e-3
"""The smallest difference that errors are relative to, as a share of the sum of absolute importance."""
_ROUNDING = 1e-6
"""The relative error of float32 values."""


@dataclass(frozen=True)
class Target:
    """What importance is for: a weighted sum of log-probabilities, or of numbers.

    Attributes:
        form: `output_form` of the task.
        weights: float32, of the shape of a row of the model's output.
        signs: for labels, 1 where one applies and -1 where it does not, of the same shape; else 1.
        text: what is explained, in words.
        offset: what is added to the sum.
    """

    form: str
    weights: Any
    signs: Any
    text: str
    offset: float = 0.0


def explained(form: str, outputs: Any, weights: Any, signs: Any) -> Any:
    """Returns the explained value of each row of the model's outputs, float `(rows,)`; see `Target`."""
    ops = keras.ops
    outputs = ops.cast(outputs, "float32")
    if form == "class":
        outputs = ops.log_softmax(outputs, axis=-1)
    elif form == "labels":
        outputs = ops.log_sigmoid(signs * outputs)
    return ops.sum(ops.reshape(outputs * weights, (ops.shape(outputs)[0], -1)), axis=1)


@dataclass(frozen=True)
class Integral:
    """Integrated gradients of all references.

    Attributes:
        parts: the importance by reference, float64 `(steps,)`, or `(rows, columns)` for images.
        values: the explained value for the baseline and for the input.
        norms: the norm of the gradient at the input, by reference, float64 `(steps,)`, or `(rows, columns)`.
        error: the completeness error.
        interpolations: the number of gradients.
    """

    parts: Mapping[str, Any]
    values: tuple[float, float]
    norms: Mapping[str, Any]
    error: float
    interpolations: int


class _Line:
    """The integral along a line from 0 to 1, which is cut into panels.

    In each panel, the integral must be the difference of the values at its ends. That tells which ones to halve.
    """

    def __init__(self) -> None:
        self.edges: dict[float, float] = {}
        self.panels: dict[tuple[float, float], list[Any]] = {}
        self.todo = [(0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)]
        self.used = 0

    def places(self) -> Any:
        """Returns the places of the gradients for the panels to do, then their new edges."""
        points = (np.polynomial.legendre.leggauss(NODES)[0] + 1) / 2
        inner = [start + (stop - start) * points for start, stop in self.todo]
        return np.concatenate([*inner, self._new_edges()])

    def _new_edges(self) -> list[float]:
        return sorted({edge for panel in self.todo for edge in panel} - self.edges.keys())

    def add(self, values: Any, parts: Sequence[Any]) -> None:
        """Adds what is found at `places`: the explained values, and the gradients of each reference."""
        count = len(self.todo) * NODES
        self.edges |= dict(zip(self._new_edges(), values[count:].tolist(), strict=True))
        shares = np.polynomial.legendre.leggauss(NODES)[1] / 2
        for number, (start, stop) in enumerate(self.todo):
            rows = slice(number * NODES, (number + 1) * NODES)
            self.panels[start, stop] = [np.tensordot(shares * (stop - start), part[rows], axes=1) for part in parts]
        self.used += count
        self.todo = self._halves()

    def _halves(self) -> list[tuple[float, float]]:
        """Removes the panels that are not exact enough; returns their halves."""
        noise = _ROUNDING * max(map(abs, self.edges.values()))
        errors = {panel: abs(self._error(panel)) for panel in self.panels}
        # Errors of panels may cancel, but not by much.
        is_exact = self.error <= TOLERANCE * self.scale and sum(errors.values()) <= 4 * TOLERANCE * self.scale
        if is_exact or self.used >= MAX_INTERPOLATIONS:
            return []
        halves = []
        for (start, stop), error in errors.items():
            if error > max(TOLERANCE * self.scale * (stop - start), noise):
                middle = (start + stop) / 2
                halves += [(start, middle), (middle, stop)]
        for panel in {panel for panel in self.panels if (panel[0], (panel[0] + panel[1]) / 2) in halves}:
            del self.panels[panel]
        return halves

    def _error(self, panel: tuple[float, float]) -> float:
        total = sum(float(part.sum()) for part in self.panels[panel])
        return total - (self.edges[panel[1]] - self.edges[panel[0]])

    def totals(self) -> list[Any]:
        """Returns the integral of each reference."""
        return [sum(parts) for parts in zip(*self.panels.values(), strict=True)]

    @property
    def error(self) -> float:
        """The difference of the integral from that of the values at the ends."""
        return abs(sum(map(self._error, self.panels)))

    @property
    def scale(self) -> float:
        """What errors are relative to."""
        total = sum(float(np.abs(part).sum()) for part in self.totals())
        return max(abs(self.edges[1.0] - self.edges[0.0]), _FLOOR * total, 1e-9)


class Gradients:
    """Gradients of an explained value along the way from a baseline to an input.

    Args:
        graph: the graph of the model.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._functions: dict[str, Callable[..., Any]] = {}

    def integrate(self, inputs: Any, baseline: Sequence[Any], end: Sequence[Any], target: Target) -> Integral:
        """Integrates gradients along the straight line from the baseline to the input.

        Args:
            inputs: the model's inputs, a batch of one.
            baseline: the references of the baseline, each `(1, steps, ...)`.
            end: those of the input.
            target: what is explained.
        """
        line, norms = _Line(), None
        while line.todo and line.used < MAX_INTERPOLATIONS:
            places = line.places()
            values, parts, lengths = self._along(inputs, baseline, end, target, places)
            line.add(values, parts)
            norms = norms or [of_each[-1] for of_each in lengths]  # The last of the first places is the input.
        assert norms is not None  # There are panels at first.
        return Integral(
            dict(zip(self.graph.references, line.totals(), strict=True)),
            (line.edges[0.0] + target.offset, line.edges[1.0] + target.offset),
            dict(zip(self.graph.references, norms, strict=True)),
            line.error / line.scale,
            line.used,
        )

    def _along(
        self, inputs: Any, baseline: Sequence[Any], end: Sequence[Any], target: Target, places: Any
    ) -> tuple[Any, list[Any], list[Any]]:
        """Returns explained values at places from 0 to 1, and by step gradients times the whole way and their norms."""
        size = sum(value.size for value in end)
        rows = int(max(1, min(_ROWS, _NUMBERS // max(size, 1))))
        function = self._function(target)
        found = []
        for first in range(0, len(places), rows):
            chunk = np.asarray(places[first : first + rows], "float32")
            found.append(function(inputs, baseline, end, chunk, target.weights, target.signs))
        values, *tensors = zip(*found, strict=True)
        parts, norms = ([_joined(same) for same in zip(*chunks, strict=True)] for chunks in tensors)
        return _joined(values), parts, norms

    def _function(self, target: Target) -> Callable[..., Any]:
        """Returns the function from places to values and gradients, which is traced once for each form of output."""
        form = target.form
        if form not in self._functions:
            call = functools.partial(self._with_tape, form)
            self._functions[form] = tf.function(call, reduce_retracing=True, autograph=False)
        return self._functions[form]

    def _explained(self, form: str, inputs: Any, values: Any, weights: Any, signs: Any) -> Any:
        rows = keras.ops.shape(values[0])[0]
        repeated = keras.tree.map_structure(lambda one: keras.ops.repeat(one, rows, axis=0), inputs)
        return explained(form, self.graph.run(repeated, values), weights, signs)

    def _with_tape(self, form: str, inputs: Any, baseline: Any, end: Any, places: Any, weights: Any, signs: Any) -> Any:
        between = [_between(*pair, places) for pair in zip(baseline, end, strict=True)]
        with tf.GradientTape() as tape:
            tape.watch(between)
            values = self._explained(form, inputs, between, weights, signs)
        gradients = tape.gradient(values, between, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        norms = [keras.ops.norm(one, axis=-1) if len(one.shape) > 2 else keras.ops.abs(one) for one in gradients]
        return values, _by_step(gradients, baseline, end), norms


def _joined(chunks: Sequence[Any]) -> Any:
    return np.concatenate([np.asarray(chunk, "float64") for chunk in chunks])


def _between(start: Any, end: Any, places: Any) -> Any:
    """Interpolates `(1, steps, ...)` tensors at places `(rows,)`: `(rows, steps, ...)`."""
    places = keras.ops.reshape(places, (-1, *[1] * (len(end.shape) - 1)))
    return start + (end - start) * places


def _by_step(gradients: Sequence[Any], baseline: Sequence[Any], end: Sequence[Any]) -> list[Any]:
    """Returns gradients times the way, summed over features: `(rows, steps)`, or `(rows, rows, columns)` of images."""
    products = [grad * (last - first) for grad, first, last in zip(gradients, baseline, end, strict=True)]
    return [keras.ops.sum(one, axis=-1) if len(one.shape) > 2 else one for one in products]
