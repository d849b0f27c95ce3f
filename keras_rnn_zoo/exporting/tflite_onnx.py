"""Exports of the model alone, from tensors to logits: LiteRT (TensorFlow Lite) and ONNX, by Keras's own exporters."""

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keras_rnn_zoo.batching import Batches, make_batches
from keras_rnn_zoo.errors import DataError, ExportError
from keras_rnn_zoo.exporting.check import BATCH_SIZES, check_inputs, difference
from keras_rnn_zoo.exporting.formats import FILES
from keras_rnn_zoo.inference.evaluate import BATCH_SIZE, score
from keras_rnn_zoo.inference.load import LoadedRun, open_examples
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks._text_generation import TextGenerationTask

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


def write_model(loaded: LoadedRun, format: str, quantize: bool, folder: Path) -> None:
    """Writes the model of a run to a folder: inputs of any length, and of any batch size in ONNX, of one in LiteRT."""
    from keras_rnn_zoo.layers.portable import onnx_operators, plain_loops, without_cudnn

    model, path = loaded.model, str(folder / FILES[format])
    batch = 1 if format == "tflite" else None

    def spec(tensor: Any) -> Any:
        return tf.TensorSpec([batch, *tensor.shape[1:]], tensor.dtype, name=tensor.name)

    signature = [keras.tree.map_structure(spec, model.input)]
    if format == "onnx":
        import keras_rnn_zoo.exporting.onnx_operators  # noqa: F401  Tells tf2onnx of them.

        with without_cudnn(model), onnx_operators(model):
            model.export(path, format="onnx", verbose=False, input_signature=signature)
        return
    with without_cudnn(model), plain_loops(model):
        settings: dict[str, Any] = {"target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}}
        if quantize:
            settings["optimizations"] = [tf.lite.Optimize.DEFAULT]
        model.export(path, format="litert", verbose=False, input_signature=signature, **settings)


def open_model(format: str, path: Path) -> Callable[[Mapping[str, Any]], Any]:
    """Returns the function of an exported model, from arrays by name to logits."""
    if format == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return lambda arrays: session.run(None, dict(arrays))[0]
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(path)).get_signature_runner()
    return lambda arrays: next(iter(runner(**arrays).values()))


def check_model(loaded: LoadedRun, format: str, quantize: bool, folder: Path, data_dir: str | None) -> dict[str, Any]:
    """Compares an exported model with its run, and returns what to tell of it.

    Raises:
        ExportError: its interpreter cannot run it, or a logit differs by more than `TOLERANCE`, unless it is quantized.
    """
    path = folder / FILES[format]
    inputs, source = check_inputs(loaded, data_dir)
    sizes = BATCH_SIZES if format == "onnx" else (1,)
    try:
        ask = open_model(format, path)
        largest, same = _compare(loaded, ask, inputs, sizes)
    except (RuntimeError, ValueError) as error:
        raise ExportError(f"The {format} export cannot be run, and is not published: {error}") from error
    if largest > TOLERANCE and not quantize:
        raise ExportError(
            f"The {format} export answers otherwise than its run, and is not published: its logits differ by up to "
            f"{largest:.2g}. Use the format saved_model, and please report this with the run's config.json."
        )
    found = LogitsComparison(source, len(inputs), sizes, largest, same)
    logger.info(
        "Compared with the run by the interpreter: %d inputs from %s, in batches of %s. Largest difference of logits: "
        "%.1e; %.2f%% of the likeliest classes are the same.",
        found.examples,
        source,
        ", ".join(map(str, sizes)),
        largest,
        100 * same,
    )
    facts: dict[str, Any] = {"check": asdict(found)}
    if quantize:
        facts |= {"bytes": _sizes(loaded, format, path), "metrics": _measure(loaded, ask, data_dir)}
    return facts


def _sizes(loaded: LoadedRun, format: str, path: Path) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        write_model(loaded, format, False, Path(folder))
        sizes = {"before": (Path(folder) / path.name).stat().st_size, "after": path.stat().st_size}
    logger.info("Quantized, the file has %s bytes; before, %s.", f"{sizes['after']:,}", f"{sizes['before']:,}")
    return sizes


def _compare(loaded: LoadedRun, ask: Any, inputs: Sequence[Any], sizes: Sequence[int]) -> tuple[float, float]:
    """Returns the largest difference of logits, and the share of the likeliest classes that are the same."""
    from keras_rnn_zoo.layers.portable import on_cpu

    task, largest, same = loaded.task, 0.0, []
    logits = tf.function(lambda inputs: loaded.model(inputs, training=False), reduce_retracing=True)
    for size in sizes:
        for start in range(0, len(inputs), size):
            batch = task.model_inputs(*task.to_batch(inputs[start : start + size], **task.export_check_options))
            with on_cpu(loaded.model):
                wanted = logits(batch).numpy()
            got = ask(named(loaded.model, batch))
            if wanted.shape != got.shape:
                raise ExportError(f"The logits have the shape {got.shape} instead of {wanted.shape}.")
            largest = max(largest, difference(wanted, got))
            same.append((wanted.argmax(-1) == got.argmax(-1)).mean())
    return largest, float(np.mean(same))


def named(model: Any, inputs: Any) -> dict[str, Any]:
    """Returns a batch of a model's inputs as arrays by name, in the model's types."""
    tensors = model.input if isinstance(model.input, dict) else {model.input.name: model.input}
    values = inputs if isinstance(model.input, dict) else {model.input.name: inputs}
    return {name: np.asarray(values[name]).astype(tensor.dtype) for name, tensor in tensors.items()}


@dataclass(frozen=True)
class _ExportedModel:
    """An exported model in the place of a loaded run, for `score`."""

    task: Any
    to_logits: Callable[[Any], Any]
    outputs: Any = None


def _measure(loaded: LoadedRun, ask: Any, data_dir: str | None) -> dict[str, dict[str, float]]:
    """Returns metrics of a run and of its export on examples of the test split; none where the data is not at hand."""
    try:
        examples = open_examples(loaded.run.config, data_dir).split("test").take(MEASURED)
    except DataError as error:
        logger.warning("The data is not at hand, so the metric of the quantized model is not measured. %s", error)
        return {}
    exported = _ExportedModel(loaded.task, lambda inputs: ask(named(loaded.model, inputs)))
    measured = {
        "before": _metrics(loaded, make_batches(examples, loaded.task, BATCH_SIZE, references=True)),
        "after": _metrics(exported, make_batches(examples, loaded.task, 1, references=True)),
    }
    shown = ", ".join(f"{k} {v:.4f} before, {measured['after'][k]:.4f} after" for k, v in measured["before"].items())
    logger.info("Quantized, on up to %s examples of the test split: %s.", f"{MEASURED:,}", shown)
    return measured


def _metrics(asked: Any, batches: Batches) -> dict[str, float]:
    """Returns loss and metrics, as `evaluate` does; of a task that writes step by step the loss alone."""
    if not isinstance(asked.task, TextGenerationTask):
        return score(asked, batches)[0]
    loss = asked.task.loss()
    parts = [
        (float(loss(right, asked.to_logits(inputs))), asked.task.loss_weight(right))
        for inputs, right, _ in batches.data
    ]
    losses, weights = zip(*parts, strict=True)
    return {"loss": float(np.average(losses, weights=weights))}
