"""The command that repeats a training. Imports no framework."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.card_metadata import registered_dataset
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import command_line
from keras_rnn_zoo.training.settings import SETTINGS


def training_command(config: RunConfig) -> str:
    """Returns the command that repeats a training, with the options that differ from their defaults for the dataset.

    Returns:
        The command, or "" if there is none: of data in memory and with objects of Keras, only Python can train.

    Example:
        >>> from keras_rnn_zoo.training.plan import Request, make_plan
        >>> request = Request("many_to_one", None, None, {}, {"units": 8}, "mine", "models")
        >>> training_command(make_plan(request, resume=False, overwrite=False).config)
        'zoo train many_to_one --dataset toy_reviews --seed 0 --set units=8'
    """
    if config.training.objects or config.dataset.name.startswith("memory:"):
        return ""
    words = ["zoo", "train", config.architecture, "--dataset", config.dataset.name, "--seed", str(config.seed)]
    if config.source:
        words += ["--from", config.source.run]
    for name, value in _chosen(config).items():
        words += ["--set", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
    return command_line(words)


def _chosen(config: RunConfig) -> dict[str, Any]:
    """Returns the options and settings that differ from the defaults for the dataset, by name."""
    task, dataset = registry.tasks.get(config.task.name), registered_dataset(config.dataset)
    parts = [
        (config.training.to_json(), SETTINGS),
        (config.options, registry.architectures.get(config.architecture).options),
        (config.task.options, task.options),
        (config.task.reader, registry.reader_of(task, config.task.input).options),
        (config.dataset.options, dataset.options if dataset else {}),
    ]
    defaults = {name: option.default for _, options in parts for name, option in options.items()}
    defaults |= dict(dataset.defaults) if dataset else {}
    values = {name: value for part, _ in parts for name, value in part.items()}
    return {name: value for name, value in values.items() if value is not None and value != defaults.get(name)}
