"""A run in memory: its task and model, ready to answer."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.runs import Run, open_run
from keras_rnn_zoo.tasks.task import Task


@dataclass(frozen=True)
class LoadedRun:
    """A run's fitted task and its model with the best weights."""

    run: Run
    task: Task
    model: Any

    @cached_property
    def answer(self) -> Any:
        """The function from a raw batch to its answers: `decode(model(preprocess(raw)))`.

        On TensorFlow it is a `tf.function` for any batch size, which `zoo export` writes out as it stands; on another
        backend, whose models cannot be part of a TensorFlow graph, the three pieces run one after another.
        """
        if keras.backend.backend() == "tensorflow":
            return tf.function(self._answer, input_signature=self.task.input_signature())
        return self._answer

    def _answer(self, *raw: Any) -> dict[str, Any]:
        inputs = self.task.preprocess(*raw)
        return {**self.task.echo(*raw), **self.task.decode(self.outputs(inputs), inputs)}

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


def _as_arrays(inputs: Any) -> Any:
    """Returns TensorFlow's tensors as NumPy arrays, which Keras takes on any backend."""
    return tf.nest.map_structure(np.asarray, inputs)


def load_run(run: Run | str | None = None, *, models_dir: str | None = None) -> LoadedRun:
    """Loads a run's task and model, in Keras's safe mode.

    Args:
        run: the run or its name; `None` for the only one there is.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.

    Raises:
        RunError: no such run, or a file of it is missing or damaged.
    """
    import keras_rnn_zoo.layers  # noqa: F401  Keras finds the zoo's own layers by their registration.

    run = open_run(run, models_dir)
    run.check()
    task = make_task(run.config)
    task.load(run.task_path)
    try:
        model = keras.saving.load_model(run.model_path, compile=False, safe_mode=True)
    except Exception as error:  # Keras reports damage by many kinds, from zipfile's to its own.
        raise RunError(f"The model {run.model_path} cannot be loaded: {error}. Train the run again.") from error
    return LoadedRun(run, task, model)


def open_examples(config: dict[str, Any], data_dir: str | None = None) -> Examples:
    """Opens the data set that a run's `config.json` names, in `data_dir` where its folder has moved."""
    dataset = _moved(config["dataset"], data_dir)
    known = {**dataset, "classes": config["task"].get("classes", ())}
    entry = registry.find_dataset(dataset["name"], (config["task"]["name"],), dataset["options"], known)
    options = check_options(entry.options, dataset["options"], f"the dataset {entry.name}")
    return entry.make(data_dir or dataset.get("data_dir"), config["seed"], **options)


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
