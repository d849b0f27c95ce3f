"""Compares a streaming SavedModel, which gets random parts of inputs, with predictions of its run for whole inputs."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.exporting.check import batch_of, compare, run_stock
from keras_rnn_zoo.exporting.exporter import BATCH_SIZES
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.inference.predictor import plain_answers
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.streaming.program import FINAL, START, STEP
from keras_rnn_zoo.tasks._endpoint import Endpoint

PARTS = 4
"""Number of parts that each input is split into. Some may be empty."""


@dataclass(frozen=True)
class StreamedInputs:
    """The inputs whose parts a streaming export was compared on.

    Attributes:
        source: where the inputs come from, in words.
        examples: number of inputs.
        parts: number of parts of each.
        batch_sizes: numbers of streams in a batch.
    """

    source: str
    examples: int
    parts: int
    batch_sizes: tuple[int, ...]

    def __str__(self) -> str:
        return (
            f"{quantity(self.examples, 'input')} from {self.source}, each in {self.parts} parts of random lengths, in "
            f"batches of {', '.join(map(str, self.batch_sizes))} stream{'s' if max(self.batch_sizes) > 1 else ''}"
        )


@dataclass(frozen=True)
class StreamComparison(StreamedInputs):
    """Those inputs, and the differences from whole predictions.

    Attributes:
        differences: the largest difference of each numeric answer.
    """

    differences: Mapping[str, float]

    def __str__(self) -> str:
        numbers = ", ".join(f"{name} {value:.1e}" for name, value in self.differences.items()) or "no numbers"
        return (
            f"{super().__str__()}, run in a process with only TensorFlow. Labels and texts are those of whole inputs; "
            f"largest differences of numbers: {numbers}."
        )


def first_requests(loaded: LoadedRun, endpoints: Mapping[str, Endpoint]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields warm-up requests for streams: to start one, and eight, and to advance them."""
    reader = loaded.task.reader
    for rows in (1, 8):
        states = endpoints[START].call(tf.constant(rows))
        raw = reader.to_parts([reader.dummy_input(index) for index in range(rows)])
        inputs = dict(zip((spec.name for spec in endpoints[STEP].signature), [*states.values(), *raw], strict=False))
        if FINAL in {spec.name for spec in endpoints[STEP].signature}:
            inputs[FINAL] = tf.zeros([rows], tf.bool)
        yield START, {"rows": np.int32(rows)}
        yield STEP, {name: np.asarray(value) for name, value in inputs.items()}


def check_stream(loaded: LoadedRun, folder: Path, inputs: Sequence[Any], source: str) -> StreamComparison:
    """Compares the streaming SavedModel in `folder` with predictions of its run for whole inputs.

    Args:
        loaded: the run.
        folder: the SavedModel's folder.
        inputs: raw inputs.
        source: where they come from, in words.

    Raises:
        ExportError: an answer differs, or the SavedModel cannot be loaded or run.
    """
    task = loaded.task
    batches: list[tuple[range, list[str]]] = []
    arrays: dict[str, Any] = {}
    parts = [random_parts(task.reader, raw, number) for number, raw in enumerate(inputs)]
    for size in BATCH_SIZES:
        for start in range(0, len(inputs), size):
            rows = range(start, min(start + size, len(inputs)))
            keys = [f"{len(batches)}.{number}" for number in range(PARTS)]
            for number, key in enumerate(keys):
                raw = task.reader.to_parts([parts[row][number] for row in rows])
                arrays |= {
                    f"{key}/{spec.name}": value for spec, value in zip(task.reader.part_signature(), raw, strict=True)
                }
                if task.answers == "steps":
                    arrays[f"{key}/{FINAL}"] = np.full(len(rows), number == PARTS - 1)
            batches.append((rows, keys))
    requests = [{"signature": STEP, "rows": len(rows), "batches": [[key] for key in keys]} for rows, keys in batches]
    outputs = run_stock(folder, requests, arrays)
    expected, differences = whole_predictions(loaded, inputs), dict[str, float]()
    for index, (rows, _) in enumerate(batches):
        answers = [plain_answers(loaded, batch_of(outputs, index, number), len(rows)) for number in range(PARTS)]
        for row, of_row in zip(rows, zip(*answers, strict=True), strict=True):
            compare(STEP, expected[row], task.joined_answers(of_row), inputs[row], len(rows), differences)
    return StreamComparison(source, len(inputs), PARTS, BATCH_SIZES, differences)


def random_parts(reader: Any, raw: Any, seed: int) -> list[Any]:
    """Returns a raw input in `PARTS` parts of random lengths."""
    return [reader.cut(raw, start, end) for start, end in random_bounds(reader.part_steps(raw), seed)]


def random_bounds(steps: int, seed: int) -> Iterator[tuple[int, int]]:
    """Returns where the `PARTS` parts of random lengths of so many steps begin and end."""
    cuts = sorted(np.random.default_rng(seed).integers(0, steps + 1, PARTS - 1).tolist())
    return itertools.pairwise([0, *cuts, steps])


def whole_predictions(loaded: LoadedRun, inputs: Sequence[Any]) -> list[dict[str, Any]]:
    """Returns what a stream must answer in the end: the run's predictions for whole inputs, of any length."""
    from keras_rnn_zoo.layers.portable import on_cpu

    task = loaded.task
    with task.reader.without_limit(), on_cpu(loaded.model):
        fresh = LoadedRun(loaded.run, task, loaded.model)  # What is traced already has the limit.
        return _next_tokens(fresh, inputs) if task.answers == "next" else fresh.predict(inputs)


def _next_tokens(loaded: LoadedRun, inputs: Sequence[Any]) -> list[dict[str, Any]]:
    """Returns the answers of a language model after each of some texts."""
    task, rows = loaded.task, []
    logits_of = tf.function(lambda ids: loaded.model(ids, training=False), reduce_retracing=True)
    for text in inputs:
        ids = task.model_inputs(*task.to_batch([text]))
        last = tf.reduce_sum(tf.cast(ids != 0, tf.int32), axis=1)
        answers = task.decode_next(tf.gather(logits_of(ids), last, batch_dims=1))
        rows += plain_answers(loaded, {name: value.numpy() for name, value in answers.items()}, 1)
    return rows
