"""Labeled data that a run is evaluated on: its own, or other data."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.datasets._prepared import recorded_dir
from keras_rnn_zoo.datasets.examples import Examples, joined_splits
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference import rebuild
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.options import OF_FILES, check_options
from keras_rnn_zoo.user_data.columns import ColumnError
from keras_rnn_zoo.user_data.dataset import OTHER_DATA
from keras_rnn_zoo.user_data.python_data import PythonData, bind_data


class LabeledData(NamedTuple):
    """Opened data.

    Attributes:
        name: name or address of the dataset.
        examples: the examples. Other data than the run's own has the split "all", with all of its rows.
        own: whether it is the data that the run was trained on, so that the splits are those of the training.
    """

    name: str
    examples: Examples
    own: bool


def open_labeled(config: RunConfig, dataset: Any, options: Mapping[str, Any], data_dir: str | None) -> LabeledData:
    """Opens data to evaluate a run on.

    Args:
        config: the description of the run.
        dataset: the data, as for `zoo.train`; `None` for that of the run.
        options: options of the data, such as `columns`.
        data_dir: folder of prepared TFDS datasets, or of files that have moved.

    Raises:
        DataError: the data cannot be read, or does not fit the run's task, kind of input or classes.
        OptionError: an option is unknown, or its value is invalid.
    """
    data, options = bind_data(dataset, options)
    other = replace(config, dataset=replace(config.dataset, name=OTHER_DATA))
    data = data.name if isinstance(data, registry.Dataset) else data
    found = _found(other, data, options, data_dir) if data is not None else None
    # The name of data in memory says nothing about its content.
    if found is None or (found.name == config.dataset.name and not isinstance(data, PythonData)):
        replaced = {**config.dataset.options, **options}
        config = replace(config, dataset=replace(config.dataset, options=replaced)) if options else config
        return LabeledData(config.dataset.name, rebuild.open_examples(config, data_dir), own=True)
    _check_fits(config, found)
    if not data_dir and found.source == "tfds":
        data_dir = recorded_dir(found.location, config.dataset.data_dir)
    values = {**_inherited(config, found), **check_options(found.options, options, f"the dataset {found.name}")}
    examples: Examples = found.open(data_dir, config.seed, values, rebuild.fault_of_examples(config))
    own = examples.checksum == config.dataset.checksum
    return LabeledData(found.name, examples if own or found.by_address else _whole(config, found.name, examples), own)


def _found(
    config: RunConfig, data: str | PythonData, options: Mapping[str, Any], data_dir: str | None
) -> registry.Dataset:
    """Returns a dataset whose columns are those of the training, unless the user names others or they do not exist."""
    training_columns = config.dataset.options.get("columns", "")
    given = {"columns": training_columns, "data_dir": data_dir, **options}
    try:
        return registry.find_dataset(data, (config.task.name,), given, config)
    except ColumnError:
        recorded = config.dataset.recorded
        if "columns" in options or not (recorded and recorded.columns):
            raise
    guessed = replace(config, dataset=replace(config.dataset, recorded=replace(recorded, columns={})))
    return registry.find_dataset(data, (config.task.name,), given, guessed)


def _inherited(config: RunConfig, found: registry.Dataset) -> dict[str, Any]:
    """Returns the values of options that stay as in training, such as the sample rate of recordings."""
    same = found.name == config.dataset.name
    values = {**config.task.reader, **config.dataset.options}
    return {
        name: values[name]
        for name in found.options
        if name in values and (same or name == "columns" or name not in OF_FILES)
    }


def _check_fits(config: RunConfig, found: registry.Dataset) -> None:
    task, input = config.task.name, config.task.input
    if found.task != task or found.model_options["input"] != input:
        raise DataError(
            f"The dataset {found.name!r} is for {found.task} of {found.model_options['input']}; the run {config.run!r} "
            f"is for {task} of {input}. Name data of that kind."
        )


def _whole(config: RunConfig, name: str, examples: Examples) -> Examples:
    """Returns a registered dataset with the class indices of a run, and with all of its examples as a split."""
    classes = config.task.classes
    if unknown := [label for label in examples.classes if label not in classes]:
        raise DataError(
            f"The dataset {name!r} has classes that the run {config.run!r} was not trained on: "
            f"{', '.join(map(repr, unknown[:5]))}. Its classes are {', '.join(map(repr, classes[:5]))}"
            f"{', ...' if len(classes) > 5 else ''}. Name data with these."
        )
    splits: dict[str, Callable[[], Any]] = {
        split: functools.partial(_renumbered, opened, examples.classes, classes)
        for split, opened in examples.splits.items()
    }
    everything = functools.partial(_all_of, tuple(splits.values()))
    return replace(examples, splits={**splits, "all": everything}, classes=classes, parts={})


def _all_of(splits: tuple[Callable[[], Any], ...]) -> Any:
    return joined_splits([split() for split in splits])


def _renumbered(opened: Callable[[], Any], old: tuple[str, ...], new: tuple[str, ...]) -> Any:
    """Returns examples whose targets are indices of the old classes as examples with those of the new ones."""
    data = opened()
    if old == new or not data.element_spec[1].dtype.is_integer:
        return data
    numbers = tf.constant([new.index(label) for label in old], data.element_spec[1].dtype)
    return data.map(tf.autograph.experimental.do_not_convert(lambda raw, index: (raw, tf.gather(numbers, index))))
