"""Streams of the model alone, from its tensors to logits, as files for LiteRT and ONNX Runtime."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.errors import ExportError
from keras_rnn_zoo.exporting.check import difference
from keras_rnn_zoo.exporting.model_file import TOLERANCE
from keras_rnn_zoo.exporting.stream_check import PARTS, StreamedInputs, random_parts
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.streaming.program import FINAL, PREFIX

Function = Callable[..., Mapping[str, Any]]
"""A function from arrays to arrays by name."""


@dataclass(frozen=True)
class StreamedLogits(StreamedInputs):
    """Those inputs, and the difference between the logits of a stream and those of its run.

    Attributes:
        difference: the largest difference.
    """

    difference: float

    def __str__(self) -> str:
        return f"{super().__str__()}. Largest difference of logits: {self.difference:.1e}."


def compare_stream(
    loaded: LoadedRun, start: Function, step: Function, inputs: Sequence[Any], source: str, sizes: Sequence[int]
) -> StreamedLogits:
    """Compares the logits of a stream, which gets random parts of inputs, with those of the run for whole inputs.

    Args:
        loaded: the run.
        start: the function `start` of the export.
        step: its function `step`.
        inputs: raw inputs.
        source: where they come from, in words.
        sizes: numbers of streams in a batch.

    Raises:
        ExportError: the logits differ.
    """
    task, largest = loaded.task, 0.0
    spec = tf.TensorSpec(loaded.model.input.shape, loaded.model.input.dtype)
    logits_of = tf.function(lambda x: loaded.model(x, training=False), input_signature=[spec], autograph=False)
    with task.reader.without_limit():
        wholes = [task.model_inputs(*task.to_batch([raw])).numpy()[0] for raw in inputs]
    expected = [logits_of(whole[None]).numpy()[0] for whole in wholes]
    for size in sizes:
        for first in range(0, len(wholes), size):
            rows = range(first, min(first + size, len(wholes)))
            received = _streamed(loaded, start, step, [wholes[row] for row in rows])
            for row, logits in zip(rows, received, strict=True):
                whole = expected[row][-1] if task.answers == "next" else expected[row]
                largest = max(largest, difference(whole, logits))
    if largest > TOLERANCE:
        raise ExportError(
            f"The stream gives different predictions from its run, and is not published: its logits differ by up to "
            f"{largest:.2g}. Use the format saved_model, and please report this with the run's config.json."
        )
    return StreamedLogits(source, len(inputs), PARTS, tuple(sizes), largest)


def _streamed(loaded: LoadedRun, start: Function, step: Function, wholes: Sequence[Any]) -> list[Any]:
    """Returns the logits of a stream for each of some inputs of the model, read in parts."""
    task, name = loaded.task, loaded.model.input.name
    # A stream begins with the zero that begins the input of a language model.
    wholes = [whole[1:] for whole in wholes] if task.answers == "next" else wholes
    parts = [random_parts(whole, number) for number, whole in enumerate(wholes)]
    states: Mapping[str, Any] = start(rows=np.array(len(wholes), "int32"))
    logits: list[list[Any]] = [[] for _ in wholes]
    for number in range(PARTS):
        of_rows = [of_row[number] for of_row in parts]
        lengths = np.array([len(part) for part in of_rows], "int32")
        batch = np.zeros((len(wholes), max(1, *lengths), *wholes[0].shape[1:]), loaded.model.input.dtype)
        for row, part in zip(batch, of_rows, strict=True):
            row[: len(part)] = part
        final = {FINAL: np.full(len(wholes), number == PARTS - 1)} if task.answers == "steps" else {}
        outputs = step(**states, **{name: batch}, lengths=lengths, **final)
        states = {key: value for key, value in outputs.items() if key.startswith(PREFIX)}
        for row, found in enumerate(logits):
            new = outputs["logits"][row]
            found.append(new[: outputs["steps"][row]] if task.answers == "steps" else new)
    return [np.concatenate(found) if task.answers == "steps" else found[-1] for found in logits]
