"""The base class of formats that export only the model, from tensors to logits, to a single file."""

import abc
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError, ExportError
from keras_rnn_zoo.exporting.exporter import BATCH_SIZES, Exporter, describe_endpoints, describe_inputs
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks._endpoint import inputs_by_name

if TYPE_CHECKING:
    from keras_rnn_zoo.exporting.stream_file import Function
    from keras_rnn_zoo.inference.load import LoadedRun
    from keras_rnn_zoo.tasks._endpoint import Endpoint

TOLERANCE = 1e-4
"""Maximum difference between two logits; the relative difference if they are larger than 1."""
MAX_EXAMPLES = 1000
"""Maximum number of examples on which a quantized model is evaluated."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LogitsComparison:
    """The differences between the logits of an export and those of its run.

    Attributes:
        source: where the inputs come from, in words.
        examples: number of inputs.
        batch_sizes: sizes of the batches.
        difference: the largest difference.
        same_classes: fraction of predictions whose most likely class is the same; `None` if logits are not of classes.
    """

    source: str
    examples: int
    batch_sizes: tuple[int, ...]
    difference: float
    same_classes: float | None

    def __str__(self) -> str:
        classes = (
            "" if self.same_classes is None else f"; {self.same_classes:.2%} of the most likely classes are the same"
        )
        return (
            f"{quantity(self.examples, 'input')} from {self.source}, in batches of "
            f"{', '.join(map(str, self.batch_sizes))}. Largest difference of logits: {self.difference:.1e}{classes}."
        )


class ModelFile(Exporter):
    """A format whose exports are a single file with only the model.

    Subclasses define how the file is written and how its interpreter opens it. The comparison with the run and the
    metrics of quantized models are the same for all.
    """

    batch_sizes: Sequence[int] = BATCH_SIZES
    """Sizes of the batches in which an export is compared with its run."""

    @abc.abstractmethod
    def write_model(self, model: Any, path: Path, *, quantize: bool) -> None:
        """Writes a Keras model to a file that accepts inputs of any length."""

    @abc.abstractmethod
    def open(self, path: Path) -> Callable[[Mapping[str, Any]], Any]:
        """Returns the function of an exported model, from NumPy arrays by input name to logits."""

    def write(self, loaded: "LoadedRun", folder: Path, *, quantize: bool) -> dict[str, Any]:
        loaded = loaded.standalone()
        self.write_model(loaded.model, folder / self.entry.file, quantize=quantize)
        inputs = describe_inputs(loaded.task.endpoints(loaded.model)["logits"])
        return {"inputs": inputs, "quantized": quantize}

    def check(self, loaded: "LoadedRun", folder: Path, *, quantize: bool, data_dir: str | None) -> dict[str, Any]:
        from keras_rnn_zoo.exporting.check import check_inputs

        loaded, name, path = loaded.standalone(), self.entry.name, folder / self.entry.file
        inputs, source = check_inputs(loaded, data_dir)
        try:
            predict_logits = self.open(path)
            largest, same = _compare(loaded, predict_logits, inputs, self.batch_sizes)
        except (RuntimeError, ValueError) as error:
            raise ExportError(f"The {name} export cannot be run, and is not published: {error}") from error
        if largest > TOLERANCE and not quantize:
            raise ExportError(
                f"The {name} export gives different predictions from its run, and is not published: its logits differ "
                f"by up to {largest:.2g}. Use the format saved_model, and please report this with the run's "
                "config.json."
            )
        comparison = LogitsComparison(source, len(inputs), tuple(self.batch_sizes), largest, same)
        logger.info("Compared with the run: %s", comparison)
        facts: dict[str, Any] = {"check": asdict(comparison)}
        if quantize:
            facts |= {"bytes": self._sizes(loaded, path), "metrics": _measure(loaded, predict_logits, data_dir)}
        return facts

    stream_rows: int | None = None
    """Number of streams in a batch; `None` for any."""

    def write_stream_model(self, model: Any, endpoints: "Mapping[str, Endpoint]", folder: Path) -> None:
        """Writes the endpoints `start` and `step` of a model's stream, from tensors to logits, to a folder."""
        raise NotImplementedError  # Formats whose entry `streams` define it, and the next one.

    def open_stream(self, folder: Path) -> "Sequence[Function]":
        """Returns the functions `start` and `step` of an exported stream, from arrays to arrays by name."""
        raise NotImplementedError

    def write_stream(self, loaded: "LoadedRun", folder: Path) -> dict[str, Any]:
        from keras_rnn_zoo.streaming.windows import program_of

        endpoints = program_of(loaded.task, loaded.model).logits_endpoints(self.stream_rows)
        self.write_stream_model(loaded.model, endpoints, folder)
        return describe_endpoints(endpoints)

    def check_stream(self, loaded: "LoadedRun", folder: Path, *, data_dir: str | None) -> dict[str, Any]:
        from keras_rnn_zoo.exporting.check import check_inputs
        from keras_rnn_zoo.exporting.stream_file import compare_stream

        try:
            start, step = self.open_stream(folder)
            inputs, source = check_inputs(loaded, data_dir)
            comparison = compare_stream(loaded, start, step, inputs, source, self.batch_sizes)
        except (RuntimeError, ValueError) as error:
            raise ExportError(f"The {self.entry.name} stream cannot be run, and is not published: {error}") from error
        logger.info("Compared with the run: %s", comparison)
        return {"check": asdict(comparison)}

    def _sizes(self, loaded: "LoadedRun", path: Path) -> dict[str, int]:
        with tempfile.TemporaryDirectory() as folder:
            unquantized = Path(folder) / path.name
            self.write_model(loaded.model, unquantized, quantize=False)
            sizes = {"before": unquantized.stat().st_size, "after": path.stat().st_size}
        logger.info("Size of the file: %s bytes quantized, %s before.", f"{sizes['after']:,}", f"{sizes['before']:,}")
        return sizes


def _compare(
    loaded: "LoadedRun", predict_logits: Any, inputs: Sequence[Any], sizes: Sequence[int]
) -> tuple[float, float | None]:
    """Returns the largest difference of logits, and the fraction of most likely classes that are the same, if any."""
    from keras_rnn_zoo.exporting.check import difference
    from keras_rnn_zoo.layers.portable import on_cpu

    task, largest, same = loaded.task, 0.0, []
    logits = tf.function(lambda inputs: loaded.model(inputs, training=False), reduce_retracing=True)
    for size in sizes:
        for start in range(0, len(inputs), size):
            batch = task.model_inputs(*task.to_batch(inputs[start : start + size], **task.export_check_options))
            with on_cpu(loaded.model):
                expected = logits(batch).numpy()
            received = predict_logits(named(loaded.model, batch))
            if expected.shape != received.shape:
                raise ExportError(f"The logits have the shape {received.shape} instead of {expected.shape}.")
            largest = max(largest, difference(expected, received))
            same.append((expected.argmax(-1) == received.argmax(-1)).mean())
    return largest, float(np.mean(same)) if task.output_form == "class" else None


def input_specs(model: Any, batch: int | None) -> list[Any]:
    """Returns the input signature of a model for its export.

    Args:
        model: the Keras model.
        batch: the batch size; `None` for any.
    """

    def spec(tensor: Any) -> Any:
        return tf.TensorSpec([batch, *tensor.shape[1:]], tensor.dtype, name=tensor.name)

    return [keras.tree.map_structure(spec, model.input)]


def named(model: Any, inputs: Any) -> dict[str, Any]:
    """Returns a batch of a model's inputs as arrays by name, converted to the model's dtypes."""
    values = inputs if isinstance(model.input, dict) else {model.input.name: inputs}
    return {name: np.asarray(values[name]).astype(tensor.dtype) for name, tensor in inputs_by_name(model).items()}


def _measure(loaded: "LoadedRun", predict_logits: Any, data_dir: str | None) -> dict[str, dict[str, float]]:
    """Returns metrics of a run and of its export on examples of the test split; `{}` if the data is not available."""
    from keras_rnn_zoo.batching.batches import make_batches
    from keras_rnn_zoo.inference import rebuild
    from keras_rnn_zoo.inference.evaluate import BATCH_SIZE, score

    try:
        examples = rebuild.open_examples(loaded.run.config, data_dir).split("test").take(MAX_EXAMPLES)
    except DataError as error:
        logger.warning("The data is not available, so the quantized model is not evaluated. %s", error)
        return {}
    task = loaded.task

    def of_export(inputs: Any) -> Any:
        return predict_logits(named(loaded.model, inputs))

    # Skip generated outputs: step by step, an interpreter would take too long.
    metrics = {
        "before": score(task, loaded.to_logits, None, make_batches(examples, task, BATCH_SIZE, references=True))[0],
        "after": score(task, of_export, None, make_batches(examples, task, 1, references=True))[0],
    }
    changes = ", ".join(f"{k} {v:.4f} before, {metrics['after'][k]:.4f} after" for k, v in metrics["before"].items())
    logger.info("Quantization, on up to %s examples of the test split: %s.", f"{MAX_EXAMPLES:,}", changes)
    return metrics
