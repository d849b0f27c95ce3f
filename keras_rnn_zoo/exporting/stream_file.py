"""Streams of the model alone, from its tensors to logits, as files for LiteRT and ONNX Runtime."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.errors import ExportError
from keras_rnn_zoo.exporting.check import difference
from keras_rnn_zoo.exporting.model_file import TOLERANCE, named
from keras_rnn_zoo.exporting.stream_check import PARTS, StreamedInputs, random_bounds
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
    largest = 0.0
    expected, wholes = expected_logits(loaded, inputs)
    for size in sizes:
        for first in range(0, len(wholes), size):
            rows = range(first, min(first + size, len(wholes)))
            received = streamed(loaded, start, step, [wholes[row] for row in rows])
            for row, logits in zip(rows, received, strict=True):
                largest = max(largest, difference(expected[row], logits))
    if largest > TOLERANCE:
        raise ExportError(
            f"The stream gives different predictions from its run, and is not published: its logits differ by up to "
            f"{largest:.2g}. Use the format saved_model, and please report this with the run's config.json."
        )
    return StreamedLogits(source, len(inputs), PARTS, tuple(sizes), largest)


def expected_logits(loaded: LoadedRun, inputs: Sequence[Any]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Returns the logits with which streams of inputs must end, and the model's inputs as arrays by name."""
    specs = tf.nest.map_structure(lambda tensor: tf.TensorSpec(tensor.shape, tensor.dtype), loaded.model.input)
    logits_of = tf.function(lambda x: loaded.model(x, training=False), input_signature=[specs], autograph=False)
    task = loaded.task
    with task.reader.without_limit():
        read = [task.model_inputs(*task.to_batch([raw])) for raw in inputs]
    expected = [logits_of(tf.nest.map_structure(tf.cast, whole, _dtypes(specs))).numpy()[0] for whole in read]
    wholes = [{name: array[0] for name, array in named(loaded.model, whole).items()} for whole in read]
    if task.answers == "next":
        expected = [logits[-1] for logits in expected]
    return expected, wholes


def _dtypes(specs: Any) -> Any:
    return tf.nest.map_structure(lambda spec: spec.dtype, specs)


def streamed(
    loaded: LoadedRun, start: Function, step: Function, wholes: Sequence[Mapping[str, Any]], seed: int = 0
) -> list[Any]:
    """Returns the logits of a stream for each of some inputs of the model, read in parts.

    Args:
        loaded: the run.
        start: the function `start` of the export.
        step: its function `step`.
        wholes: the inputs, arrays by name, as `expected_logits` returns them.
        seed: seed of the lengths of the parts of the first input.
    """
    task = loaded.task
    if task.answers == "next":  # A stream begins with the zero that begins the input of a language model.
        wholes = [{name: array[1:] for name, array in whole.items()} for whole in wholes]
    lengths = [min(map(len, whole.values())) for whole in wholes]
    bounds = [list(random_bounds(length, number)) for number, length in enumerate(lengths, seed)]
    states: Mapping[str, Any] = start(rows=np.array(len(wholes), "int32"))
    logits: list[list[Any]] = [[] for _ in wholes]
    for number in range(PARTS):
        places = [of_row[number] for of_row in bounds]
        batch = {name: _joined([whole[name] for whole in wholes], places, lengths) for name in wholes[0]}
        batch["lengths"] = np.array([end - begin for begin, end in places], "int32")
        final = {FINAL: np.full(len(wholes), number == PARTS - 1)} if task.answers == "steps" else {}
        outputs = step(**states, **batch, **final)
        states = {key: value for key, value in outputs.items() if key.startswith(PREFIX)}
        for row, found in enumerate(logits):
            new = outputs["logits"][row]
            found.append(new[: outputs["steps"][row]] if task.answers == "steps" else new)
    return [np.concatenate(found) if task.answers == "steps" else found[-1] for found in logits]


def _joined(arrays: Sequence[Any], places: Sequence[tuple[int, int]], lengths: Sequence[int]) -> Any:
    """Returns the parts of arrays at some places as a batch; an array may be longer than its length, by steps ahead."""
    parts = [
        array[begin : end + len(array) - length]
        for array, (begin, end), length in zip(arrays, places, lengths, strict=True)
    ]
    batch = np.zeros((len(parts), max(1, *map(len, parts)), *arrays[0].shape[1:]), arrays[0].dtype)
    for row, part in zip(batch, parts, strict=True):
        row[: len(part)] = part
    return batch
