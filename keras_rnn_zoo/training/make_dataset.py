"""The preprocessed data of a training, for a training loop of one's own."""

from dataclasses import replace
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run as RunFolder
from keras_rnn_zoo.batching.batches import Batches, make_batches
from keras_rnn_zoo.batching.buckets import without_autograph
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.inference import rebuild
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.training.plan import Request, new_config, requested_dataset
from keras_rnn_zoo.training.settings import SETTINGS
from keras_rnn_zoo.user_data.python_data import bind_data


def make_dataset(
    name: str | RunFolder | LoadedRun,
    *,
    dataset: Any = None,
    split: str = "train",
    batch_size: int = 32,
    task: Task | None = None,
    seed: int = 0,
    data_dir: str | None = None,
    **options: Any,
) -> tuple[Any, Task]:
    """Returns the batches that an architecture is trained on, for a training loop of one's own.

    Args:
        name: the architecture's name or an alias; or a run, for batches as it was trained on.
        dataset: as in `keras_rnn_zoo.train`; by default, the architecture's embedded dataset. Of a run, its dataset.
        split: `"train"`, `"validation"` or `"test"`.
        batch_size: number of examples in a batch.
        task: a task that this function returned before. By default, a new one is fitted on the training split, which
            gives the vocabulary, among others. Splits that belong together need the same task.
        seed: seed of the order of the training examples, which differs in each epoch, and of the validation split.
        data_dir: folder of prepared TFDS datasets; by default, that of TFDS.
        **options: options of the architecture, the task and the dataset, as in `keras_rnn_zoo.train`.

    Returns:
        A `tf.data.Dataset` of `(inputs, targets)`, padded batches for `fit` and `evaluate`, and the fitted task.
        `task.loss()` and `task.training_metrics()` are for `compile`, and `task.model_options()` are the sizes
        that the data determines, for `keras_rnn_zoo.build`.

    Raises:
        UnknownNameError: the architecture or dataset is unknown.
        OptionError: an option is unknown, or its value is invalid.
        DataError: the dataset cannot be read, or has no such split.

    Example:
        >>> batches, task = make_dataset("many_to_one", max_length=50)              # doctest: +SKIP
        >>> model = zoo.build("many_to_one", **task.model_options())                # doctest: +SKIP
        >>> model.compile("adam", task.loss(), metrics=task.training_metrics())     # doctest: +SKIP
        >>> model.fit(batches, epochs=3)                                            # doctest: +SKIP
    """
    settings = check_options(SETTINGS, {"batch_size": batch_size, "seed": seed}, "a dataset")
    if isinstance(name, str):
        architecture = registry.architectures.get(name)
        dataset, options = bind_data(dataset, options)
        request = Request(name, dataset, data_dir, {"seed": settings["seed"]}, options, None, None)
        found = requested_dataset(architecture, request)
        config = new_config(architecture, found, request, architecture.name)
        if config.task.reader.get("vectors"):
            raise OptionError(
                "Option 'vectors' sets the first weights of the model, which only a training does. Omit it."
            )
        examples = rebuild.open_examples(config, config.dataset.data_dir, found)
    else:
        if dataset is not None or options:
            raise OptionError("A run has its own dataset and options. Omit them, or name an architecture.")
        loaded = name if isinstance(name, LoadedRun) else Run.find(name)
        task = task or loaded.task
        config = loaded.run.config if isinstance(loaded, LoadedRun) else loaded.config
        examples = rebuild.open_examples(config, data_dir)
    if task is None:
        task = rebuild.make_task(replace(config.task, classes=examples.classes))
        task.fit(examples.split("train"))
    shuffle_seed = settings["seed"] if split == "train" else None
    batches = make_batches(examples.split(split), task, settings["batch_size"], shuffle_seed)
    return batches.data if shuffle_seed is None else _in_new_order(batches), task


def _in_new_order(batches: Batches) -> Any:
    """Returns batches whose order is another in each iteration; the first is that of the first epoch of a training."""
    batches.epoch.assign(-1)

    def next_epoch(_: Any) -> Any:
        return batches.epoch.assign_add(1)

    data = tf.data.Dataset.from_tensors(0).map(without_autograph(next_epoch))
    data = data.flat_map(without_autograph(lambda _: batches.data))
    data = data.apply(tf.data.experimental.assert_cardinality(batches.count))
    data.zoo_batches = batches  # Keeps the variable: TensorFlow deletes it with its last reference in Python.
    return data
