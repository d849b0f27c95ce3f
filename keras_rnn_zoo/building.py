"""Builds an architecture's model by name."""

import os
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run, open_run
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.options import check_options, refuse_without_effect


def build(name: str, *, weights: Run | str | os.PathLike[str] | None = None, **options: Any) -> Any:
    """Builds the model of an architecture, untrained or with trained weights.

    Without `weights`, options that are not set fit the architecture's default dataset. With `weights`, they are those
    of the trained network, whose head is replaced by a new one if `num_classes` is another number.

    Args:
        name: the architecture's name or an alias.
        weights: a trained network by its name, such as `"toy_reviews"` (see `list_models`), or a run; `None` for random
            weights.
        **options: the architecture's options, as listed by `zoo show NAME`. Options of the task, such as `max_length`,
            are checked but do not change the model, which reads sequences of any length.

    Returns:
        An uncompiled functional `keras.Model`.

    Raises:
        UnknownNameError: no architecture has this name.
        OptionError: an option is unknown, does not accept its value, or contradicts the weights.
        RunError: there is no network or run of the name in `weights`, or it is damaged.

    Example:
        >>> build("sentiment", cell="gru", num_classes=5).output_shape
        (None, 5)
        >>> build("sentiment", weights="toy_reviews", num_classes=5).output_shape
        (None, 5)
    """
    architecture = registry.architectures.get(name)
    if weights is not None:
        return _build_trained(architecture, open_run(weights), options)
    dataset = registry.default_dataset(architecture, name)
    checked = check_options(registry.options_of(architecture, dataset), options, architecture.name)
    all_options = {**dataset.defaults, **dataset.model_options, **checked}
    model_options = {key: value for key, value in all_options.items() if key in architecture.options}
    refuse_without_effect(architecture.options, model_options, all_options["input"])
    return architecture.make(**model_options)


def _build_trained(architecture: registry.Architecture, run: Run, options: Mapping[str, Any]) -> Any:
    """Returns the model of a run, with a new head if the option `num_classes` differs from that of the run."""
    from keras_rnn_zoo.inference.load import load_run

    config = run.config
    if config.architecture != architecture.name:
        raise OptionError(
            f"The weights {run.name!r} are those of the architecture {config.architecture}, not of "
            f"{architecture.name}. Build {config.architecture}, or choose other weights."
        )
    task = registry.tasks.get(config.task.name)
    parts = (architecture, task, registry.reader_of(task, config.task.input))
    known = {name: option for part in reversed(parts) for name, option in part.options.items()}
    given = check_options(known, options, architecture.name)
    loaded = load_run(run)
    sizes = loaded.task.model_options()
    values = {name: option.default for name, option in known.items()}
    values |= {**config.task.options, **config.task.reader, **config.options, **sizes}
    for name, value in given.items():
        if name != "num_classes" and value != values[name]:
            raise OptionError(
                f"Option {name!r} is {short_repr(values[name])} in the weights {run.name!r}; received "
                f"{short_repr(value)}. Omit it, or build without these weights."
            )
    if given.get("num_classes", values.get("num_classes")) == values.get("num_classes"):
        return loaded.model
    model = build_again(config, {**sizes, "num_classes": given["num_classes"]})
    if model.output_shape == loaded.model.output_shape:
        raise OptionError(
            f"The weights {run.name!r} are for {config.task.name.replace('_', ' ')}, which has no classes; received "
            f"num_classes={given['num_classes']}. Omit it."
        )
    _copy_body(loaded.model, model)
    return model


def _copy_body(trained: Any, model: Any) -> None:
    """Copies the weights of all layers but the head, whose shapes depend on the number of classes."""
    for old, new in zip(trained.layers, model.layers, strict=True):
        if [weight.shape for weight in old.weights] == [weight.shape for weight in new.weights]:
            new.set_weights(old.get_weights())


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
