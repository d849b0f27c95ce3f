"""The result of an inspection: plain NumPy arrays with named axes. Imports no framework."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.display.text_tables import PIPED_WIDTH


@dataclass(frozen=True, eq=False)
class Timeline:
    """The steps along an axis of time.

    Attributes:
        name: `"input"`; `"output"` for the steps of a generated text or a forecast; with `"/4"` after it, the steps of
            which each covers four of those; or the name of a layer that reads something within a step.
        unit: what `starts` and `ends` count: `"token"`, `"row"`, `"column"`, `"second"` or `"step"`.
        labels: a text for each step, such as a token, a time or a number.
        starts: where each step begins, float64 `(steps,)`, in units from 0.
        ends: where it ends, float64 `(steps,)`; not included.
        stride: the number of steps of the input, or the output, that a step covers.
    """

    name: str
    unit: str
    labels: tuple[str, ...]
    starts: Any
    ends: Any
    stride: int = 1

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class LayerStates:
    """What a recurrent layer did at each step, in one direction. Steps are in the order of the sequence.

    Attributes:
        name: the name of the layer, as in `model.summary()`; parts of another layer follow its name and a slash.
        cell: the name of the cell, such as `"lstm"`.
        direction: `"forward"`, or `"backward"` if it reads the sequence from its end.
        timeline: the name of the timeline of its steps.
        states: the states after each step by name, such as `"h"` and `"c"`, float32 `(steps, units)`.
        gates: the gates at each step by name, float32 `(steps, units)`; empty if the cell has none.
        initial: the states before the step that is read first, float32 `(units,)`.
        sequence: which of several sequences it is, from 0, if the layer reads several for one input, such as one for
            each series of a window; otherwise `None`.
    """

    name: str
    cell: str
    direction: str
    timeline: str
    states: Mapping[str, Any]
    gates: Mapping[str, Any]
    initial: Mapping[str, Any]
    sequence: int | None = None


@dataclass(frozen=True, eq=False)
class Outputs:
    """The outputs of the model at each step.

    For models with one prediction for an input, those are the predictions as if the input ended at the step. For tags,
    classes of steps and transcripts they are those of the step, and for generated texts those of the next token, given
    the tokens before it.

    Attributes:
        timeline: the name of the timeline.
        steps: the steps that have outputs, int64 `(outputs,)`: all, or evenly distributed ones of a long input.
        names: the names of the classes, tokens, targets or levels of quantiles.
        of: `"steps"` if they belong to the step, `"prefixes"` if to the input up to it.
        kind: `"probabilities"`, or `"numbers"` in the units of the targets.
        values: float32 `(outputs, names)`; for forecasts `(outputs, targets, levels)`.
        chosen: what was predicted or written at each of the steps, in words.
    """

    timeline: str
    steps: Any
    of: str
    names: tuple[str, ...]
    kind: str
    values: Any
    chosen: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Attention:
    """Attention weights.

    Attributes:
        name: the name of the layer.
        queries: the name of the timeline of the steps that attend, or "" if the whole input does, as in pooling.
        keys: the name of the timeline of the steps that they attend to, or "" for the cells of an image.
        weights: float32 `(queries, keys)`; for the cells of an image `(queries, rows, columns)`; for pooling `(keys,)`.
    """

    name: str
    queries: str
    keys: str
    weights: Any


@dataclass(frozen=True)
class Hypothesis:
    """A text that a beam search found.

    Attributes:
        text: the text.
        tokens: its tokens.
        score: its log-probability, divided by the length penalty.
    """

    text: str
    tokens: tuple[str, ...]
    score: float


@dataclass(frozen=True)
class Segment:
    """A token of a transcript, aligned with the frames from which it was read.

    Attributes:
        text: the token.
        start: its first step in the timeline of the outputs.
        end: the step after its last one.
        probability: the geometric mean of its probability over these steps.
    """

    text: str
    start: int
    end: int
    probability: float


@dataclass(frozen=True, eq=False)
class Importance:
    """How much each step of the input mattered, by integrated gradients (Sundararajan et al. 2017).

    The importance of all steps and features adds up to the difference of the explained value for the input from that
    for the baseline.

    Attributes:
        of: what is explained, in words.
        timeline: the name of the timeline.
        values: the importance of each step, float64 `(steps,)`.
        parts: the importance by the tensor that it was computed from, such as the embeddings or the pixels, float64
            `(steps,)`, or `(rows, columns)` for images. Covariates of a forecast also have future steps.
        gradient_norms: the norm of the gradient of the explained value at each step of the input, float64 `(steps,)`.
        baseline: the input that stands for nothing, in words.
        value: the explained value for the input.
        baseline_value: the explained value for the baseline.
        completeness_error: the difference of the sum of all importance from `value - baseline_value`, relative to the
            latter; where that is below a thousandth of the sum of absolute importance, relative to this thousandth.
        interpolations: the number of inputs between baseline and input at which gradients were computed; chosen so that
            the error is small.
    """

    of: str
    timeline: str
    values: Any
    parts: Mapping[str, Any]
    gradient_norms: Any
    baseline: str
    value: float
    baseline_value: float
    completeness_error: float
    interpolations: int


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a network does at each step of an input; see `keras_rnn_zoo.inspect`.

    Attributes:
        run: the name of the run.
        architecture: the name of the architecture.
        task: the name of the task.
        input: the kind of input.
        prediction: the prediction, as `keras_rnn_zoo.predict` returns it.
        summary: the prediction in words.
        timelines: the timelines by name. The first one is that of the input.
        layers: the recurrent layers, in the order in which the model runs them.
        outputs: the outputs at each step; `None` for inputs without steps that end, such as images.
        attention: the attention weights.
        beam: the best texts that the search found, best first; for generated texts.
        alignment: the tokens of a transcript with their frames.
        importance: the importance of each step; `None` if it was not asked for.
    """

    run: str
    architecture: str
    task: str
    input: str
    prediction: Mapping[str, Any]
    summary: str
    timelines: Mapping[str, Timeline]
    layers: tuple[LayerStates, ...]
    outputs: Outputs | None
    attention: tuple[Attention, ...]
    beam: tuple[Hypothesis, ...]
    alignment: tuple[Segment, ...]
    importance: Importance | None

    def to_dict(self, *, top: int = 5, digits: int = 5) -> dict[str, Any]:
        """Returns everything as plain Python values for JSON; docs/inspecting.md describes the format.

        Args:
            top: the number of most likely classes or tokens to list for each step, if there are more.
            digits: the number of significant digits of numbers.
        """
        from keras_rnn_zoo.inspection.document import document_of

        return document_of(self, top, digits)

    def to_text(self, width: int = PIPED_WIDTH) -> str:
        """Returns the prediction, the most important steps and the layers as tables.

        Args:
            width: the maximum number of characters of a line.
        """
        from keras_rnn_zoo.inspection.tables import tables_of

        return "\n\n".join([self.summary, *(table.to_text(width) for table in tables_of(self))])

    def __repr__(self) -> str:
        return self.to_text(shutil.get_terminal_size((PIPED_WIDTH, 24)).columns)
