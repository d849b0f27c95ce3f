"""Builds an architecture's model by name."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.options import check_options, refuse_without_effect


def build(name: str, **options: Any) -> Any:
    """Builds the untrained model of an architecture. Options that are not set fit its default dataset.

    Args:
        name: the architecture's name or an alias.
        **options: the architecture's options, as listed by `zoo show NAME`. Options of the task, such as `max_length`,
            are checked but do not change the model, which reads sequences of any length.

    Returns:
        An uncompiled functional `keras.Model`.

    Raises:
        UnknownNameError: no architecture has this name.
        OptionError: an option is unknown, or does not accept its value.

    Example:
        >>> build("sentiment", cell="gru", num_classes=5).output_shape
        (None, 5)
    """
    architecture = registry.architectures.get(name)
    dataset = registry.default_dataset(architecture, name)
    checked = check_options(registry.options_of(architecture, dataset), options, architecture.name)
    all_options = {**dataset.defaults, **dataset.model_options, **checked}
    model_options = {key: value for key, value in all_options.items() if key in architecture.options}
    refuse_without_effect(architecture.options, model_options, all_options["input"])
    return architecture.make(**model_options)


def build_again(config: RunConfig, sizes: Mapping[str, Any]) -> Any:
    """Builds the model of a run, to load trained weights into.

    Args:
        config: the description of the run.
        sizes: the options that training set from the data.

    Raises:
        UnknownNameError: no architecture has the name in the config.
        OptionError: an option is unknown, or does not accept its value.
    """
    architecture = registry.architectures.get(config.architecture)
    model_options = check_options(architecture.options, {**config.options, **sizes}, architecture.name)
    refuse_without_effect(architecture.options, model_options, config.task.input, config.task.name)
    if "pretrained" in model_options:
        model_options["pretrained"] = False  # The run's weights include the pretrained ones: no need to download them.
    return architecture.make(**model_options)
