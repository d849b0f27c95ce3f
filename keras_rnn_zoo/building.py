"""An architecture's model by name."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.options import check_options, refuse_for_input


def build(name: str, **options: Any) -> Any:
    """Builds the model of an architecture, sized for its embedded data set where `options` say nothing else.

    Args:
        name: the architecture's name or an alias.
        **options: its options, as `zoo show NAME` lists them. Those of the task, such as `max_length`, are checked but
            leave the model as it is: it reads any length.

    Returns:
        An uncompiled functional `keras.Model`.

    Raises:
        UnknownNameError: no architecture has that name.
        OptionError: an unknown option, or a value that it does not accept.

    Example:
        >>> build("sentiment", cell="gru", num_classes=5).output_shape
        (None, 5)
    """
    architecture = registry.architectures.get(name)
    dataset = registry.default_dataset(architecture)
    given = check_options(registry.options_of(architecture, dataset), options, architecture.name)
    wanted = {**dataset.defaults, **dataset.model_options, **given}
    chosen = {key: value for key, value in wanted.items() if key in architecture.options}
    refuse_for_input(architecture.options, chosen, wanted["input"])
    return architecture.make(**chosen)


def build_again(config: Mapping[str, Any], sizes: Mapping[str, Any]) -> Any:
    """Builds the model of a run anew, for weights that were trained.

    Args:
        config: the run's `config.json`.
        sizes: the options that its task takes from the data.

    Raises:
        UnknownNameError: no architecture has the name that stands there.
        OptionError: an unknown option, or a value that it does not accept.
    """
    architecture = registry.architectures.get(config["architecture"])
    chosen = check_options(architecture.options, {**config["options"], **sizes}, architecture.name)
    refuse_for_input(architecture.options, chosen, config["task"]["input"])
    if "pretrained" in chosen:
        chosen["pretrained"] = False  # The weights that would be downloaded are among those of the run.
    return architecture.make(**chosen)
