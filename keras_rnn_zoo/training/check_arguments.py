"""Checks of a training that need no framework, before the command loads one. Imports no framework."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.training.plan import ARGUMENTS, Request, new_config, requested_dataset
from keras_rnn_zoo.training.settings import SETTINGS
from keras_rnn_zoo.training.source import find_source


def check_arguments(name: str, arguments: Mapping[str, Any]) -> None:
    """Raises what a new training would raise, as far as that is known from its arguments.

    Args:
        name: the architecture.
        arguments: plain arguments of `keras_rnn_zoo.train` by name.
    """
    source, models_dir = arguments.get("from_run"), arguments.get("models_dir")
    request = Request(
        name,
        arguments.get("dataset"),
        arguments.get("data_dir"),
        {key: value for key, value in arguments.items() if key in SETTINGS},
        {key: value for key, value in arguments.items() if key not in SETTINGS and key not in ARGUMENTS},
        arguments.get("run"),
        models_dir,
        source=find_source(source, models_dir) if source else None,
    )
    architecture = registry.architectures.get(name)
    new_config(architecture, requested_dataset(architecture, request), request, request.path.name)
