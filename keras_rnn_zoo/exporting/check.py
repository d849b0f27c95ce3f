"""Whether an export answers as its run does: asked in a process that cannot import this package."""

import json
import logging
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from keras_rnn_zoo.datasets._prepared import translate_record_errors
from keras_rnn_zoo.errors import DataError, ExportError
from keras_rnn_zoo.inference import rebuild
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.inference.predictor import plain_rows
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.tasks._endpoint import Endpoint

EXAMPLES = 200
"""Examples that an export is asked."""
BATCH_SIZES = (1, 7, 64)
TOLERANCE = 1e-5
"""Largest difference of two numbers, or of numbers beyond 1 the largest relative one."""
_PROGRAM = Path(__file__).with_name("ask_savedmodel.py")
_MOST_BYTES = 2**25
"""Examples are as many as fit in so many bytes, at least one."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Comparison:
    """What an export was asked, and how far its answers were from those of the run.

    Attributes:
        source: where the inputs are from.
        examples: number of inputs of the default endpoint.
        batches: number of batches that they were asked in.
        padded: whether half of the batches held a longer input, too, so that all others were padded.
        differences: the largest difference of each answer that is a number, by `endpoint.answer`.
        endpoints: the further endpoints that were compared.
    """

    source: str
    examples: int
    batches: int
    padded: bool
    differences: Mapping[str, float]
    endpoints: tuple[str, ...]

    def __str__(self) -> str:
        padding = "each padded and not" if self.padded else "of one size each, so that nothing is padded"
        numbers = ", ".join(f"{name} {value:.1e}" for name, value in self.differences.items()) or "no numbers"
        return (
            f"{self.examples} inputs from {self.source}, in {self.batches} batches of "
            f"{', '.join(map(str, BATCH_SIZES))}, {padding}, and the endpoints "
            f"{', '.join(self.endpoints)}, asked in a process with TensorFlow alone. "
            f"Labels and texts are the same; largest differences of numbers: {numbers}."
        )


def check_inputs(loaded: LoadedRun, data_dir: str | None = None) -> tuple[list[Any], str]:
    """Returns raw inputs to ask an export, and where they are from: of the test split, or made up without the data."""
    name = loaded.run.config.dataset.name
    try:
        with translate_record_errors(name):
            examples = rebuild.open_examples(loaded.run.config, data_dir)
            split = next(split for split in ("test", "validation", "train") if split in examples.splits)
            inputs = [raw for raw, _ in islice(examples.split(split).as_numpy_iterator(), EXAMPLES)]
        source = f"the {split} split of {name}"
    except DataError as error:
        logger.warning("The data of %s is not at hand, so the export is asked made-up inputs. %s", name, error)
        inputs = [loaded.task.reader.dummy_input(number) for number in range(EXAMPLES)]
        source = f"no data set, made up in the form of {name}"
    total = np.cumsum([getattr(raw, "nbytes", None) or len(raw) for raw in inputs])
    return inputs[: max(1, int(np.searchsorted(total, _MOST_BYTES)))], source


def check_saved_model(
    loaded: LoadedRun, endpoints: Mapping[str, Endpoint], folder: Path, inputs: Sequence[Any], source: str
) -> Comparison:
    """Compares the SavedModel in `folder` with its run.

    Args:
        loaded: the run.
        endpoints: the endpoints that were exported, by name, the default one first.
        folder: the SavedModel's folder.
        inputs: raw inputs.
        source: where they are from, in words.

    Raises:
        ExportError: an answer differs, or the SavedModel cannot be loaded or asked.
    """
    from keras_rnn_zoo.layers.portable import on_cpu

    task, differences = loaded.task, dict[str, float]()
    default, *further = endpoints
    batches, arrays = _ask_default(loaded, inputs)
    questions: list[dict[str, Any]] = [{"signature": default, "batches": batches}]
    expected = {}
    for name in further:
        arguments = endpoints[name].sample(*task.to_batch(inputs[: BATCH_SIZES[1]], **task.export_check_options))
        names = [spec.name for spec in endpoints[name].signature]
        arrays |= {f"{name}/{key}": value for key, value in zip(names, arguments, strict=True)}
        questions.append({"signature": name, "batches": [[name]]})
        with on_cpu(loaded.model):
            function = tf.function(endpoints[name].call, input_signature=endpoints[name].signature)
            expected[name] = {key: np.asarray(value) for key, value in function(*arguments).items()}
    answers = ask(folder, questions, arrays)
    with on_cpu(loaded.model):
        # What was traced before may have ops of the GPU in it.
        asked = LoadedRun(loaded.run, task, loaded.model) if tf.config.list_logical_devices("GPU") else loaded
        wanted = asked.predict(inputs, **task.export_check_options)
    for number, rows in enumerate(batches):
        got = plain_rows(task, _batch(answers, 0, number))
        for row, answer in zip(rows, got, strict=True):
            if row < len(inputs):  # The longer one beside them only pads.
                _compare(default, wanted[row], answer, inputs[row], len(rows), differences)
    for number, name in enumerate(further, 1):
        _compare(name, expected[name], _batch(answers, number, 0), inputs[0], BATCH_SIZES[1], differences)
    return Comparison(source, len(inputs), len(batches), task.reader.variable, differences, tuple(further))


def _ask_default(loaded: LoadedRun, inputs: Sequence[Any]) -> tuple[list[list[int]], dict[str, Any]]:
    """Returns batches of numbers of inputs, of each size, and the arrays of each input by `<number>/<name>`.

    Where inputs differ in length, each batch comes once more with a longer input, whose number is `len(inputs)`.
    """
    task, count = loaded.task, len(inputs)
    beside = [task.reader.longer_than(inputs)] if task.reader.variable else []
    arrays: dict[str, Any] = {}
    for row, raw in enumerate([*inputs, *beside]):
        batch = task.to_batch([raw], **task.export_check_options)
        arrays |= {f"{row}/{spec.name}": value for spec, value in zip(task.input_signature(), batch, strict=True)}
    batches = [
        [*range(start, min(start + size, count)), *longer]
        for size in BATCH_SIZES
        for longer in ([[], [count]] if beside else [[]])
        for start in range(0, count, size)
    ]
    return batches, arrays


def ask(export: Path, questions: Sequence[Mapping[str, Any]], arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Asks a SavedModel in a process that has TensorFlow and not this package; see `stock`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "questions.json").write_text(json.dumps(questions), encoding="utf-8")
        inputs: dict[str, Any] = {key: np.asarray(value) for key, value in arrays.items()}
        np.savez(folder / "inputs.npz", **inputs)
        command = [sys.executable, "-I", str(_PROGRAM), str(export.resolve()), name]
        done = subprocess.run(command, cwd=name, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ExportError(
                "The export cannot be asked by TensorFlow alone, and is not published. What that process wrote last:\n"
                + "\n".join(done.stderr.strip().splitlines()[-5:])
            )
        return dict(np.load(folder / "answers.npz", allow_pickle=True))


def _batch(answers: Mapping[str, Any], question: int, batch: int) -> dict[str, Any]:
    prefix = f"{question}/{batch}/"
    return {key.removeprefix(prefix): value for key, value in answers.items() if key.startswith(prefix)}


def _compare(
    endpoint: str,
    wanted: Mapping[str, Any],
    got: Mapping[str, Any],
    raw: Any,
    size: int,
    differences: dict[str, float],
) -> None:
    """Notes the largest differences; raises `ExportError` where an answer is another one."""
    for name, value in wanted.items():
        apart = difference(value, got[name]) if name in got else math.inf
        if np.asarray(value).dtype.kind == "f":
            key = f"{endpoint}.{name}"
            differences[key] = max(differences.get(key, 0.0), apart)
        if apart > TOLERANCE:
            raise ExportError(
                f"The export answers otherwise than its run, and is not published: {name!r} of the endpoint "
                f"{endpoint!r}, for {raw!r:.80} in a batch of {size}, is {got.get(name)!r:.80} instead of "
                f"{value!r:.80}. Please report this with the run's config.json."
            )


def difference(value: Any, other: Any) -> float:
    """Returns the largest difference of numbers, relative beyond 1; of anything else 0 if it is equal, or infinity."""
    first, second = np.asarray(value), np.asarray(other)
    if first.shape != second.shape:
        return math.inf
    if first.dtype.kind != "f":
        return 0.0 if np.array_equal(first, second) else math.inf
    same = (np.isnan(first) & np.isnan(second)) | (first == second)  # Also of infinities.
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0, np.abs(first - second) / np.maximum(1, np.abs(first)))
    return float(np.max(np.where(np.isnan(apart), np.inf, apart), initial=0))
