"""Exports of the model alone, from tensors to logits, in one file: what such formats share."""

import abc
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keras_rnn_zoo.batching import make_batches
from keras_rnn_zoo.errors import DataError, ExportError
from keras_rnn_zoo.exporting.check import BATCH_SIZES, check_inputs, difference
from keras_rnn_zoo.exporting.exporter import Exporter, describe_inputs
from keras_rnn_zoo.inference import rebuild
from keras_rnn_zoo.inference.evaluate import BATCH_SIZE, score
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.lazy import keras, np, tf

TOLERANCE = 1e-4
"""Largest difference of two logits, or of logits beyond 1 the largest relative one."""
MEASURED = 1000
"""Examples that a quantized model is measured on."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LogitsComparison:
    """How far the logits of an export were from those of its run.

    Attributes:
        source: where the inputs are from.
        examples: number of inputs.
        batch_sizes: sizes of the batches that they were asked in.
        difference: the largest difference.
        same_classes: share of the likeliest classes that are the same.
    """

    source: str
    examples: int
    batch_sizes: tuple[int, ...]
    difference: float
    same_classes: float


class ModelFile(Exporter):
    """A format whose exports are one file, with the model alone.

    A format says how the file is written and how its interpreter opens it; the comparison with the run, and the
    metrics of quantized models, are the same for all.
    """

    batch_sizes: Sequence[int] = BATCH_SIZES
    """Sizes of the batches that an export is compared in."""

    @abc.abstractmethod
    def write_model(self, model: Any, path: Path, *, quantize: bool) -> None:
        """Writes a Keras model to a file; inputs of any length must be possible."""

    @abc.abstractmethod
    def open(self, path: Path) -> Callable[[Mapping[str, Any]], Any]:
        """Returns the function of an exported model, from NumPy arrays by input name to logits."""

    def write(self, loaded: LoadedRun, folder: Path, *, quantize: bool) -> dict[str, Any]:
        self.write_model(loaded.model, folder / self.entry.file, quantize=quantize)
        inputs = describe_inputs(loaded.task.endpoints(loaded.model)["logits"])
        return {"inputs": inputs, "quantized": quantize}

    def check(self, loaded: LoadedRun, folder: Path, *, quantize: bool, data_dir: str | None) -> dict[str, Any]:
        name, path = self.entry.name, folder / self.entry.file
        inputs, source = check_inputs(loaded, data_dir)
        try:
            predict_logits = self.open(path)
            largest, same = _compare(loaded, predict_logits, inputs, self.batch_sizes)
        except (RuntimeError, ValueError) as error:
            raise ExportError(f"The {name} export cannot be run, and is not published: {error}") from error
        if largest > TOLERANCE and not quantize:
            raise ExportError(
                f"The {name} export answers otherwise than its run, and is not published: its logits differ by up to "
                f"{largest:.2g}. Use the format saved_model, and please report this with the run's config.json."
            )
        found = LogitsComparison(source, len(inputs), tuple(self.batch_sizes), largest, same)
        logger.info(
            "Compared with the run by the interpreter: %d inputs from %s, in batches of %s. Largest difference of "
            "logits: %.1e; %.2f%% of the likeliest classes are the same.",
            found.examples,
            source,
            ", ".join(map(str, self.batch_sizes)),
            largest,
            100 * same,
        )
        facts: dict[str, Any] = {"check": asdict(found)}
        if quantize:
            facts |= {"bytes": self._sizes(loaded, path), "metrics": _measure(loaded, predict_logits, data_dir)}
        return facts

    def _sizes(self, loaded: LoadedRun, path: Path) -> dict[str, int]:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / path.name
            self.write_model(loaded.model, whole, quantize=False)
            sizes = {"before": whole.stat().st_size, "after": path.stat().st_size}
        logger.info("Quantized, the file has %s bytes; before, %s.", f"{sizes['after']:,}", f"{sizes['before']:,}")
        return sizes


def _compare(
    loaded: LoadedRun, predict_logits: Any, inputs: Sequence[Any], sizes: Sequence[int]
) -> tuple[float, float]:
    """Returns the largest difference of logits, and the share of the likeliest classes that are the same."""
    from keras_rnn_zoo.layers.portable import on_cpu

    task, largest, same = loaded.task, 0.0, []
    logits = tf.function(lambda inputs: loaded.model(inputs, training=False), reduce_retracing=True)
    for size in sizes:
        for start in range(0, len(inputs), size):
            batch = task.model_inputs(*task.to_batch(inputs[start : start + size], **task.export_check_options))
            with on_cpu(loaded.model):
                wanted = logits(batch).numpy()
            got = predict_logits(named(loaded.model, batch))
            if wanted.shape != got.shape:
                raise ExportError(f"The logits have the shape {got.shape} instead of {wanted.shape}.")
            largest = max(largest, difference(wanted, got))
            same.append((wanted.argmax(-1) == got.argmax(-1)).mean())
    return largest, float(np.mean(same))


def input_specs(model: Any, batch: int | None) -> list[Any]:
    """Returns the input signature of a model for its export: inputs of any length, in batches of one size or any."""

    def spec(tensor: Any) -> Any:
        return tf.TensorSpec([batch, *tensor.shape[1:]], tensor.dtype, name=tensor.name)

    return [keras.tree.map_structure(spec, model.input)]


def named(model: Any, inputs: Any) -> dict[str, Any]:
    """Returns a batch of a model's inputs as arrays by name, in the model's types."""
    tensors = model.input if isinstance(model.input, dict) else {model.input.name: model.input}
    values = inputs if isinstance(model.input, dict) else {model.input.name: inputs}
    return {name: np.asarray(values[name]).astype(tensor.dtype) for name, tensor in tensors.items()}


def _measure(loaded: LoadedRun, predict_logits: Any, data_dir: str | None) -> dict[str, dict[str, float]]:
    """Returns metrics of a run and of its export on examples of the test split; none where the data is not at hand."""
    try:
        examples = rebuild.open_examples(loaded.run.config, data_dir).split("test").take(MEASURED)
    except DataError as error:
        logger.warning("The data is not at hand, so the metric of the quantized model is not measured. %s", error)
        return {}
    task = loaded.task

    def of_export(inputs: Any) -> Any:
        return predict_logits(named(loaded.model, inputs))

    # Without what generates: step by step, an interpreter would take too long.
    measured = {
        "before": score(task, loaded.to_logits, None, make_batches(examples, task, BATCH_SIZE, references=True))[0],
        "after": score(task, of_export, None, make_batches(examples, task, 1, references=True))[0],
    }
    shown = ", ".join(f"{k} {v:.4f} before, {measured['after'][k]:.4f} after" for k, v in measured["before"].items())
    logger.info("Quantized, on up to %s examples of the test split: %s.", f"{MEASURED:,}", shown)
    return measured
