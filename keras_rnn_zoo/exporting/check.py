"""Compares the predictions of a SavedModel with those of its run, in a process that cannot import this package."""

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
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError, ExportError
from keras_rnn_zoo.exporting.exporter import BATCH_SIZES
from keras_rnn_zoo.inference import rebuild
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.inference.predictor import plain_rows
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.tasks._endpoint import Endpoint

EXAMPLES = 200
"""Maximum number of examples to compare."""
TOLERANCE = 1e-5
"""Maximum difference between two numbers; the relative difference if they are larger than 1."""
_PROGRAM = Path(__file__).with_name("run_saved_model.py")
_MAX_BYTES = 2**25
"""Maximum total size of the examples; at least one example is compared."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Comparison:
    """The inputs that an export was compared on, and the differences between its outputs and those of the run.

    Attributes:
        source: where the inputs come from, in words.
        examples: number of inputs of the default endpoint.
        batches: number of batches.
        padded: whether each batch was run a second time with a longer input added, so that all others were padded.
        differences: the largest difference of each numeric output, by `endpoint.output`.
        endpoints: the other endpoints that were compared.
    """

    source: str
    examples: int
    batches: int
    padded: bool
    differences: Mapping[str, float]
    endpoints: tuple[str, ...]

    def __str__(self) -> str:
        padding = "each with and without padding" if self.padded else "without padding"
        numbers = ", ".join(f"{name} {value:.1e}" for name, value in self.differences.items()) or "no numbers"
        batches = quantity(self.batches, "batch", "batches")
        return (
            f"{quantity(self.examples, 'input')} from {self.source}, in {batches} of "
            f"{', '.join(map(str, BATCH_SIZES))}, {padding}, and the endpoints "
            f"{', '.join(self.endpoints)}, run in a process with only TensorFlow. "
            f"Labels and texts are the same; largest differences of numbers: {numbers}."
        )


def check_inputs(loaded: LoadedRun, data_dir: str | None = None) -> tuple[list[Any], str]:
    """Returns raw inputs for comparing an export with its run, and where they come from, in words.

    They come from the test split; without the data, they are synthetic.
    """
    name = loaded.run.config.dataset.name
    try:
        with translate_record_errors(name):
            examples = rebuild.open_examples(loaded.run.config, data_dir)
            split = next(split for split in ("test", "validation", "train") if split in examples.splits)
            inputs = [raw for raw, _ in islice(examples.split(split).as_numpy_iterator(), EXAMPLES)]
        source = f"the {split} split of {name}"
    except DataError as error:
        logger.warning(
            "The data of %s is not available, so the export is checked with synthetic inputs. %s", name, error
        )
        inputs = [loaded.task.reader.dummy_input(index) for index in range(EXAMPLES)]
        source = f"synthetic data in the format of {name}"
    total = np.cumsum([getattr(raw, "nbytes", None) or len(raw) for raw in inputs])
    return inputs[: max(1, int(np.searchsorted(total, _MAX_BYTES)))], source


def check_saved_model(
    loaded: LoadedRun, endpoints: Mapping[str, Endpoint], folder: Path, inputs: Sequence[Any], source: str
) -> Comparison:
    """Compares the SavedModel in `folder` with its run.

    Args:
        loaded: the run.
        endpoints: the endpoints that were exported, by name, the default one first.
        folder: the SavedModel's folder.
        inputs: raw inputs.
        source: where they come from, in words.

    Raises:
        ExportError: an output differs, or the SavedModel cannot be loaded or run.
    """
    from keras_rnn_zoo.layers.portable import on_cpu

    task, differences = loaded.task, dict[str, float]()
    default, *others = endpoints
    batches, arrays = _default_batches(loaded, inputs)
    requests: list[dict[str, Any]] = [{"signature": default, "batches": batches}]
    expected = {}
    for name in others:
        arguments = endpoints[name].sample(*task.to_batch(inputs[: BATCH_SIZES[1]], **task.export_check_options))
        names = [spec.name for spec in endpoints[name].signature]
        arrays |= {f"{name}/{key}": value for key, value in zip(names, arguments, strict=True)}
        requests.append({"signature": name, "batches": [[name]]})
        with on_cpu(loaded.model):
            function = tf.function(endpoints[name].call, input_signature=endpoints[name].signature)
            expected[name] = {key: np.asarray(value) for key, value in function(*arguments).items()}
    outputs = run_stock(folder, requests, arrays)
    with on_cpu(loaded.model):
        # Functions that are already traced may contain GPU ops.
        on_cpu_only = LoadedRun(loaded.run, task, loaded.model) if tf.config.list_logical_devices("GPU") else loaded
        run_rows = on_cpu_only.predict(inputs, **task.export_check_options)
    for index, rows in enumerate(batches):
        export_rows = plain_rows(task, batch_of(outputs, 0, index))
        for row, export_row in zip(rows, export_rows, strict=True):
            if row < len(inputs):  # The longer input is only there for padding.
                compare(default, run_rows[row], export_row, inputs[row], len(rows), differences)
    for index, name in enumerate(others, 1):
        compare(name, expected[name], batch_of(outputs, index, 0), inputs[0], BATCH_SIZES[1], differences)
    return Comparison(source, len(inputs), len(batches), task.reader.variable, differences, tuple(others))


def _default_batches(loaded: LoadedRun, inputs: Sequence[Any]) -> tuple[list[list[int]], dict[str, Any]]:
    """Returns batches of each size, as indices of inputs, and the arrays of each input by `<index>/<name>`.

    If inputs vary in length, each batch occurs a second time with a longer input, whose index is `len(inputs)`.
    """
    task, count = loaded.task, len(inputs)
    extra = [task.reader.longer_than(inputs)] if task.reader.variable else []
    arrays: dict[str, Any] = {}
    for row, raw in enumerate([*inputs, *extra]):
        batch = task.to_batch([raw], **task.export_check_options)
        arrays |= {f"{row}/{spec.name}": value for spec, value in zip(task.input_signature(), batch, strict=True)}
    batches = [
        [*range(start, min(start + size, count)), *longer]
        for size in BATCH_SIZES
        for longer in ([[], [count]] if extra else [[]])
        for start in range(0, count, size)
    ]
    return batches, arrays


def run_stock(export: Path, requests: Sequence[Mapping[str, Any]], arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Runs a SavedModel in a process with TensorFlow but without this package; see `run_saved_model.py`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "requests.json").write_text(json.dumps(requests), encoding="utf-8")
        inputs: dict[str, Any] = {key: np.asarray(value) for key, value in arrays.items()}
        np.savez(folder / "inputs.npz", **inputs)
        command = [sys.executable, "-I", str(_PROGRAM), str(export.resolve()), name]
        done = subprocess.run(command, cwd=name, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ExportError(
                "The export does not run with TensorFlow alone, and is not published. Last output of that process:\n"
                + "\n".join(done.stderr.strip().splitlines()[-5:])
            )
        return dict(np.load(folder / "outputs.npz", allow_pickle=True))


def batch_of(outputs: Mapping[str, Any], request: int, batch: int) -> dict[str, Any]:
    """Returns the outputs of `run_stock` for a batch of a request, by name."""
    prefix = f"{request}/{batch}/"
    return {key.removeprefix(prefix): value for key, value in outputs.items() if key.startswith(prefix)}


def compare(
    endpoint: str,
    expected: Mapping[str, Any],
    received: Mapping[str, Any],
    raw: Any,
    size: int,
    differences: dict[str, float],
) -> None:
    """Updates the largest differences; raises `ExportError` if an output differs."""
    for name, value in expected.items():
        distance = difference(value, received[name]) if name in received else math.inf
        if _array(value).dtype.kind == "f":
            key = f"{endpoint}.{name}"
            differences[key] = max(differences.get(key, 0.0), distance)
        if distance > TOLERANCE:
            raise ExportError(
                f"The export gives different predictions from its run, and is not published: {name!r} of the endpoint "
                f"{endpoint!r}, for {raw!r:.80} in a batch of {size}, is {received.get(name)!r:.80} instead of "
                f"{value!r:.80}. Please report this with the run's config.json."
            )


def difference(value: Any, other: Any) -> float:
    """Returns the largest difference between two arrays, or numbers by name: absolute up to 1 and relative beyond.

    Values that are not floats have a difference of 0 if they are equal, else infinity.
    """
    first, second = _array(value), _array(other)
    if first.shape != second.shape or (isinstance(value, Mapping) and list(value) != list(other)):
        return math.inf
    if first.dtype.kind != "f":
        return 0.0 if np.array_equal(first, second) else math.inf
    same = (np.isnan(first) & np.isnan(second)) | (first == second)  # Includes infinities.
    with np.errstate(invalid="ignore"):
        distances = np.where(same, 0, np.abs(first - second) / np.maximum(1, np.abs(first)))
    return float(np.max(np.where(np.isnan(distances), np.inf, distances), initial=0))


def _array(value: Any) -> Any:
    """Returns a value as an array; numbers by name, such as the probabilities of classes, without their names."""
    return np.asarray(list(value.values()) if isinstance(value, Mapping) else value)
