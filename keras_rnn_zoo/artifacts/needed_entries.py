"""Whether the entries that a run needs are registered: a plugin may be missing. Imports no framework."""

from pathlib import Path

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import RunError, UnknownNameError
from keras_rnn_zoo.options import NamesIn, split_entry


def check_entries(config: RunConfig, path: Path) -> None:
    """Raises `RunError` if the architecture, the task, the reader or the cell of a run is not registered.

    Args:
        config: the description of the run.
        path: the folder of the run, for the message.
    """
    try:
        architecture = registry.architectures.get(config.architecture)
        registry.reader_of(registry.tasks.get(config.task.name), config.task.input)
        for name, value in config.options.items():
            option = architecture.options.get(name)
            if option and isinstance(option.choices, NamesIn) and isinstance(value, str):
                option.choices.catalog.get(split_entry(value)[0])
    except UnknownNameError as error:
        raise RunError(missing_plugin(f"The run {path}", error)) from None


def missing_plugin(owner: str, error: UnknownNameError) -> str:
    """Returns the message for something that needs an entry that is not registered."""
    fault = str(error)
    return (
        f"{owner} cannot be used here: {fault[:1].lower()}{fault[1:]} A plugin that provides it may be missing: "
        "install the package that the run was trained with."
    )
