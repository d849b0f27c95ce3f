"""Loads runs and exports for prediction."""

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.archive import shown_path
from keras_rnn_zoo.artifacts.digests import FACTS, damaged_export
from keras_rnn_zoo.artifacts.export import EXPORT_MODEL_FILES, check_export, find_export, read_facts
from keras_rnn_zoo.artifacts.run import Run as RunFolder
from keras_rnn_zoo.artifacts.run_config import ExportConfig
from keras_rnn_zoo.artifacts.snapshot import Snapshot, read_consistently
from keras_rnn_zoo.building import build_again
from keras_rnn_zoo.display.status import announce
from keras_rnn_zoo.errors import RunError, StreamingError
from keras_rnn_zoo.inference import rebuild
from keras_rnn_zoo.inference.predictor import Predictor
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.tasks._predictions import SIGNATURE, fault_of_signature
from keras_rnn_zoo.tasks.task import Task


@dataclass(frozen=True)
class LoadedRun(Predictor):
    """A run in memory.

    Attributes:
        run: the run.
        task: the fitted task.
        model: the Keras model with the best weights.
    """

    run: Run
    task: Task
    model: Any

    @property
    def name(self) -> str:
        """The name of the run."""
        return str(self.run.name)

    @property
    def title(self) -> str:
        return f"The run {shown_path(self.run.path)}"

    @property
    def remedy(self) -> str:
        return "Restore it from a copy, or train it again with a lower learning rate."

    def predict(self, inputs: Any, **options: Any) -> list[dict[str, Any]]:
        from keras_rnn_zoo.inference.predict_table import SERIES_TASKS, holds_rows, predict_table

        if self.run is None or not holds_rows(inputs) or self.run.config.task.name not in SERIES_TASKS:
            return super().predict(inputs, **options)
        rows: list[dict[str, Any]] = predict_table(self.run.config, super().predict, inputs, **options)
        return rows

    def standalone(self) -> "LoadedRun":
        """Returns the run with the task and the model of exports that hold only a model; see `Task.standalone`."""
        task, model = self.task.standalone(self.model)
        return replace(self, task=task, model=model)

    @cached_property
    def predict_batch(self) -> Any:
        """The function from a raw batch to its predictions: `decode(model(preprocess(raw)))`.

        With the TensorFlow backend, it is a `tf.function` for any batch size. Models of other backends cannot be part
        of a TensorFlow graph, so the three parts run one after another.
        """
        announce("Compiling the model")
        if keras.backend.backend() != "tensorflow":
            return self.task.default_endpoint(self.outputs).call
        endpoint = self.task.default_endpoint(functools.partial(self.task.outputs, self.model))
        # TensorFlow counts how often a function is traced by its code, which all runs share, and would warn. It cannot
        # see the code of a partial function.
        call = functools.partial(endpoint.call)
        return tf.function(call, input_signature=endpoint.signature, autograph=False)

    @cached_property
    def outputs(self) -> Any:
        """The function from preprocessed inputs to the model's outputs: logits, or generated tokens."""
        if keras.backend.backend() == "tensorflow":
            outputs = functools.partial(self.task.outputs, self.model)
            return tf.function(outputs, reduce_retracing=True, autograph=False)
        return lambda inputs: tf.nest.map_structure(
            keras.ops.convert_to_numpy, self.task.outputs(self.model, _as_arrays(inputs))
        )

    @cached_property
    def inspector(self) -> Any:
        """The `Inspector` of the run, whose functions are traced when it is first used."""
        from keras_rnn_zoo.inspection.inspector import Inspector

        return Inspector(self)

    def to_logits(self, inputs: Any) -> Any:
        """Returns the logits for the inputs of a batch of training or evaluation, as a NumPy array."""
        return self._logits(inputs)

    @cached_property
    def _logits(self) -> Callable[[Any], Any]:
        if keras.backend.backend() != "tensorflow":
            return lambda inputs: self.model.predict_on_batch(_as_arrays(inputs))
        # `Model.predict_on_batch` would be traced for the shape of the first batch, and again for any shape.
        specs = tf.nest.map_structure(lambda tensor: tf.TensorSpec(tensor.shape, tensor.dtype), self.model.input)
        call = functools.partial(self.model, training=False)
        function = tf.function(call, input_signature=[specs], autograph=False)
        return lambda inputs: function(
            tf.nest.map_structure(lambda tensor, spec: tf.cast(tensor, spec.dtype), inputs, specs)
        ).numpy()


@dataclass(frozen=True)
class LoadedExport(Predictor):
    """A SavedModel export of a run in memory.

    Attributes:
        path: the folder of the version.
        task: the fitted task, which creates batches and plain values. The export itself preprocesses and decodes.
        saved_model: the object that `tf.saved_model.load` returned.
    """

    path: Path
    task: Task
    saved_model: Any

    @property
    def title(self) -> str:
        return f"The export {self.path}"

    @property
    def remedy(self) -> str:
        return "Export the run again."

    def fault_of_signatures(self) -> str:
        """Returns how the signatures differ from those of the task, in words, or ""."""
        return fault_of_signature(self.task, self.saved_model)

    @cached_property
    def predict_batch(self) -> Any:
        """The default endpoint, as a function of a raw batch."""
        names = [spec.name for spec in self.task.input_signature()]
        endpoint = self.saved_model.signatures[SIGNATURE]
        return lambda *raw: self.in_order(endpoint(**dict(zip(names, raw, strict=True))))

    def in_order(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Returns outputs in the order of the task; TensorFlow's own depends on the hashes of a process."""
        declared = [*self.task.prediction_signature()]
        return {name: outputs[name] for name in [*declared, *sorted(outputs.keys() - {*declared})] if name in outputs}


@dataclass(frozen=True)
class LoadedStreamingExport(LoadedExport):
    """A streaming export of a run in memory, whose endpoints are `start` and `step`."""

    def fault_of_signatures(self) -> str:
        from keras_rnn_zoo.streaming.signatures import fault_of_stream

        return fault_of_stream(self.task, self.saved_model)

    def predict(self, inputs: Sequence[Any], **options: Any) -> list[dict[str, Any]]:
        """Predicts whole inputs, each as one part of a stream; see `keras_rnn_zoo.predict`."""
        if self.task.answers == "next":
            raise StreamingError(
                f"{self.title} answers with the next token of a text, and continues no prompts. Use zoo.stream, or "
                "predict with the run."
            )
        return super().predict(inputs, **options)

    @cached_property
    def predict_batch(self) -> Any:
        """The function from a raw batch to its predictions: one step with the whole inputs."""
        from keras_rnn_zoo.streaming.program import FINAL, PREFIX, START, STEP

        reader = self.task.reader
        names = [spec.name for spec in reader.part_signature()]
        start, step = self.saved_model.signatures[START], self.saved_model.signatures[STEP]

        def predict(*raw: Any) -> dict[str, Any]:
            rows = tf.shape(raw[0])[0]
            inputs = dict(zip(names, reader.as_parts(*raw), strict=True))
            if self.task.answers == "steps":
                inputs[FINAL] = tf.ones([rows], tf.bool)
            outputs = step(**start(rows=rows), **inputs)
            return self.in_order({name: value for name, value in outputs.items() if not name.startswith(PREFIX)})

        return predict


def _as_arrays(inputs: Any) -> Any:
    """Converts TensorFlow tensors to NumPy arrays, which Keras accepts with any backend."""
    return tf.nest.map_structure(np.asarray, inputs)


def load(
    run: RunFolder | str | os.PathLike[str] | list[Any] | tuple[Any, ...] | None = None,
    *,
    models_dir: str | None = None,
) -> LoadedRun | Predictor:
    """Loads a trained network, a run, or an export: `zoo.load("toy_reviews").predict(["the film is not dull"])`.

    No code from the folder is executed: the registry builds the model of a run, and only the weights are loaded. An
    export is rejected if its graph contains an op that could read or write files. See docs/security.md.

    Args:
        run: the run or its name; the name of a trained network (see `list_models`), of which a run of the same name
            comes first; the path of an export (`saved_models/<run>/<version>`); a list of runs, for their ensemble,
            which predicts by the mean of their probabilities or numbers; `None` for the only run.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.

    A `Run` loads its model itself when it is first needed. `load` is for exports, and for reading a run's files anew.

    Returns:
        An object with a method `predict`, the attribute `task`, and for a run `model` and `run`. The functions of this
        package accept it in place of a run's name.

    Raises:
        RunError: the run or export does not exist, or one of its files is missing or damaged; or the runs of an
            ensemble differ in their task, labels or vocabulary.
    """
    if isinstance(run, list | tuple):
        from keras_rnn_zoo.inference.ensemble import load_ensemble

        return load_ensemble(run, models_dir=models_dir)
    path = find_export(run)
    return load_export(path) if path else load_run(run, models_dir=models_dir)


def load_export(path: Path) -> Predictor:
    """Loads an export from its folder; raises `RunError` if it is damaged or does not match its task.

    How is up to its export format; see `keras_rnn_zoo.exporting.exporter.Exporter.load`.
    """
    try:
        return read_consistently(path, _loaded_export)
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"There is no export {path}. Export the run again.") from None


def _loaded_export(folder: Snapshot) -> Predictor:
    facts = read_facts(folder)
    entry = next((entry for entry in registry.export_formats.entries() if entry.name == facts.format), None)
    if entry is None:
        raise RunError(
            f"The export {folder.path} is in the format {facts.format!r}, which is not installed here. A plugin that "
            "provides it may be missing: install the package that the run was exported with."
        )
    loaded: Predictor = entry.make(entry).load(folder, facts)
    return loaded


def load_saved_model(folder: Snapshot, facts: ExportConfig) -> LoadedExport:
    """Loads a SavedModel from its folder, after its files and its graph are checked; see `Exporter.load`."""
    from keras_rnn_zoo.artifacts.graph_check import check_graph

    with folder.holding(EXPORT_MODEL_FILES):
        check_export(folder, facts)
        task = rebuild.load_task(facts.task, folder.path / FACTS, folder / "assets")
        check_graph(folder)
        try:
            saved_model = tf.saved_model.load(str(folder.path))
        except Exception as error:  # TensorFlow raises many kinds of exceptions for damaged files.
            fault = str(error).rstrip(".")
            raise RunError(f"The export {folder.path} cannot be loaded: {fault}. Export the run again.") from error
        # TensorFlow has read the files by their paths.
        if name := folder.changed(by_path=True):
            raise damaged_export(folder.path / name, "it was written to or replaced while it was being read")
    loaded = (LoadedStreamingExport if facts.streaming else LoadedExport)(folder.path, task, saved_model)
    if fault := loaded.fault_of_signatures():
        raise RunError(f"{loaded.title} cannot be used: {fault}. {loaded.remedy}")
    return loaded


def load_run(run: RunFolder | str | os.PathLike[str] | None = None, *, models_dir: str | None = None) -> LoadedRun:
    """Loads a run's task, and builds its model with the trained weights.

    Args:
        run: the run or its name; `None` for the only run.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.

    Raises:
        RunError: the run does not exist, or one of its files is missing or damaged.
    """
    run = Run.find(run, models_dir=models_dir)
    announce(f"Loading the run {run.name}")
    with run.reading():
        task = rebuild.load_task(run.config.task, run.path / "config.json", run.snapshot / "task")

        from keras_rnn_zoo.artifacts.weights import load_weights_safely

        with rebuild.blame_config(run.path / "config.json"), run.snapshot.opened("model.keras") as file:
            model = load_weights_safely(lambda: build_again(run.config, task.model_options()), file)
    return LoadedRun(run, task, model)
