"""What answers raw inputs: a run in memory, with its task and model, or an export."""

import abc
import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.building import build_again
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.datasets.prepared import recorded_dir
from keras_rnn_zoo.errors import DataError, OptionError, RunError, ZooError
from keras_rnn_zoo.exports import FACTS, find_export, read_export
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.runs import Run, damaged, open_run
from keras_rnn_zoo.tasks.task import Task

BATCH_SIZE = 32
"""Inputs that are answered at once."""


class Answering(abc.ABC):
    """What answers raw inputs: a loaded run, or an export of one.

    Attributes:
        task: the fitted task.
    """

    task: Task

    @property
    @abc.abstractmethod
    def answer(self) -> Callable[..., Mapping[str, Any]]:
        """The function of a raw batch, as `task.to_batch` makes it, to its answers by name."""

    def predict(self, inputs: Sequence[Any], **options: Any) -> list[dict[str, Any]]:
        """Answers raw inputs; as `keras_rnn_zoo.predict`."""
        if isinstance(inputs, str | bytes | os.PathLike):
            raise DataError(
                f"A list of inputs is expected; received one input, {str(inputs)[:60]!r}. Put it in a list."
            )
        chosen = check_options(self.task.answer_options, options, "an answer of this run")
        rows = []
        for start in range(0, len(inputs), BATCH_SIZE):
            part = inputs[start : start + BATCH_SIZE]
            rows += plain_rows(self.task, self.answer(*self.task.to_batch(part, **chosen)))
        return rows


def plain_rows(task: Task, answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the answers to a batch, each a tensor `(batch, ...)`, as plain values by name for each input."""
    arrays = {name: np.asarray(values) for name, values in answers.items()}
    count = min(map(len, arrays.values()))
    return [task.trim({name: _plain(values[row]) for name, values in arrays.items()}) for row in range(count)]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    return value.item()


@dataclass(frozen=True)
class LoadedRun(Answering):
    """A run's fitted task and its model with the best weights."""

    run: Run
    task: Task
    model: Any

    @cached_property
    def answer(self) -> Any:
        """The function from a raw batch to its answers: `decode(model(preprocess(raw)))`.

        On TensorFlow it is a `tf.function` for any batch size; on another backend, whose models cannot be part of a
        TensorFlow graph, the three pieces run one after another.
        """
        endpoint = self.task.default_endpoint(self.outputs)
        if keras.backend.backend() == "tensorflow":
            return tf.function(endpoint.call, input_signature=endpoint.signature)
        return endpoint.call

    @cached_property
    def outputs(self) -> Any:
        """The function from preprocessed inputs to what the model makes of them: logits, or what it writes."""
        if keras.backend.backend() == "tensorflow":
            return tf.function(lambda inputs: self.task.outputs(self.model, inputs), reduce_retracing=True)
        return lambda inputs: tf.nest.map_structure(
            keras.ops.convert_to_numpy, self.task.outputs(self.model, _as_arrays(inputs))
        )

    def to_logits(self, inputs: Any) -> Any:
        """Returns the logits of the inputs of a batch of training or evaluation, as a NumPy array."""
        return self.model.predict_on_batch(_as_arrays(inputs))


@dataclass(frozen=True)
class LoadedExport(Answering):
    """An export of a run, which TensorFlow alone answers with.

    Attributes:
        path: the folder of the version.
        task: the fitted task, which makes batches and plain values; preprocessing and decoding are the export's own.
        saved_model: what `tf.saved_model.load` gives.
    """

    path: Path
    task: Task
    saved_model: Any

    @cached_property
    def answer(self) -> Any:
        """The default endpoint, as a function of a raw batch."""
        names = [spec.name for spec in self.task.input_signature()]
        endpoint = self.saved_model.signatures["serving_default"]
        return lambda *raw: endpoint(**dict(zip(names, raw, strict=True)))


def _as_arrays(inputs: Any) -> Any:
    """Returns TensorFlow's tensors as NumPy arrays, which Keras takes on any backend."""
    return tf.nest.map_structure(np.asarray, inputs)


def load(run: Run | str | os.PathLike[str] | None = None, *, models_dir: str | None = None) -> LoadedRun | LoadedExport:
    """Loads a run, or an export of one, ready to answer: `zoo.load("sentiment").predict(["a film to remember"])`.

    No code that lies in the folder is run: the model of a run is built by its architecture and takes the weights alone,
    and the graph of an export is refused where an op of it could read or write files; docs/security.md tells the rest.

    Args:
        run: the run or its name; the path of an export (`saved_models/<run>/<version>`); `None` for the only run
            there is.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.

    Returns:
        An object with a method `predict`, which the functions of this package take in the place of a run's name.

    Raises:
        RunError: no such run or export, or a file of it is missing or damaged.
    """
    path = find_export(run)
    return load_export(path) if path else load_run(run, models_dir=models_dir)


def load_export(path: Path) -> LoadedExport:
    """Loads an export from its folder; raises `RunError` where it is damaged."""
    from keras_rnn_zoo.graphs import check_graph

    facts = read_export(path)
    task = loaded_task(facts, path / FACTS, path / "assets")
    try:
        check_graph(path)
        saved_model = tf.saved_model.load(str(path))
    except ZooError:
        raise
    except Exception as error:  # TensorFlow reports damage by many kinds.
        raise RunError(f"The export {path} cannot be loaded: {error}. Export the run again.") from error
    return LoadedExport(path, task, saved_model)


def load_run(run: Run | str | os.PathLike[str] | None = None, *, models_dir: str | None = None) -> LoadedRun:
    """Loads a run's task, and builds its model with the weights that were trained.

    Args:
        run: the run or its name; `None` for the only one there is.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.

    Raises:
        RunError: no such run, or a file of it is missing or damaged.
    """
    run = open_run(run, models_dir)
    run.check()
    task = loaded_task(run.config, run.path / "config.json", run.task_path)

    from keras_rnn_zoo.weights import restored

    with _naming_config(run.path / "config.json"):
        model = restored(lambda: build_again(run.config, task.sizes()), run.model_path)
    return LoadedRun(run, task, model)


def loaded_task(config: dict[str, Any], document: Path, folder: Path) -> Task:
    """Returns the task that a run's or an export's description tells of, fitted.

    Args:
        config: the description.
        document: its file, for messages.
        folder: the folder with what the task learnt.

    Raises:
        RunError: an option is not as the task has it, or a file in the folder is not what the task writes.
    """
    with _naming_config(document):
        task = make_task(config)
    try:
        task.load(folder)
    except ZooError:
        raise
    except Exception as error:  # What a file holds may fail wherever it is used first.
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise damaged(folder, f"a file in it is not what training writes ({told[0]})") from error
    return task


@contextlib.contextmanager
def _naming_config(document: Path) -> Iterator[None]:
    """Turns an option that an entry refuses into an error that names the file with it."""
    try:
        yield
    except OptionError as error:
        raise damaged(document, str(error).removesuffix(".")) from None


def open_examples(config: dict[str, Any], data_dir: str | None = None) -> Examples:
    """Opens the data set that a run's `config.json` names.

    What is prepared in the folder that it names is read there. What is not is looked for, and prepared, in `data_dir`
    or in the user's own default folder: a run does not choose where to write.
    """
    dataset = _moved(config["dataset"], data_dir)
    entry = registry.dataset_of({**config, "dataset": dataset}, _fault_of_examples(config))
    options = check_options(entry.options, dataset["options"], f"the dataset {entry.name}")
    if not data_dir and entry.source == "tfds":
        data_dir = recorded_dir(entry.location, dataset.get("data_dir"))
    return entry.make(data_dir, config["seed"], **options)


def _fault_of_examples(config: dict[str, Any]) -> Callable[[Any, Any], str] | None:
    """Returns what tells why an example cannot be learned from; `None` where any can that can be read."""
    frames = registry.architectures.get(config["architecture"]).frames
    if config["task"]["name"] != "transcription" or frames is None:
        return None

    @cache
    def task() -> Any:  # Made for the first example, since it loads the frameworks.
        return make_task({"task": {"classes": (), **config["task"]}})

    def fault(raw: Any, target: Any) -> str:
        sizes = {**config["options"], **task().reader.sizes()}
        return str(task().fault(raw, target, lambda steps: frames(steps, **sizes)))

    return fault


def _moved(dataset: dict[str, Any], data_dir: str | None) -> dict[str, Any]:
    """Returns what `config.json` says of a data set, a user's own files looked for in `data_dir` where it is given.

    Their names are what they were; the checksum tells whether they are what they were, too.
    """
    form, colon, place = dataset["name"].partition(":")
    if not colon or not data_dir or form == "tfds":
        return dataset

    def moved(paths: str) -> str:
        parts = paths.split(",") if form == "text" else [paths]
        return ",".join(str(Path(data_dir) / Path(part.strip()).name) for part in parts)

    files = {part: moved(dataset["options"][part]) for part in ("validation", "test") if dataset["options"].get(part)}
    return {**dataset, "name": f"{form}:{moved(place)}", "options": {**dataset["options"], **files}}


def make_task(config: dict[str, Any]) -> Task:
    """Returns the task that a run's `config.json` describes, not yet fitted."""
    described = config["task"]
    entry = registry.tasks.get(described["name"])
    reader = registry.reader_of(entry, described["input"])
    reading = check_options(reader.options, described["reader"], f"the reader {reader.name}")
    options = check_options(entry.options, described["options"], f"the task {entry.name}")
    return entry.make(reader.make(**reading), tuple(described["classes"]), **options)
