"""Which architectures can be trained on a dataset, for `zoo train` without the name of one."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource

from keras_rnn_zoo import registry
from keras_rnn_zoo.display.printing import command_line
from keras_rnn_zoo.errors import ZooError


def propose_architecture(dataset: str, options: Mapping[str, Any]) -> str:
    """Returns the name of the only architecture that can be trained on a dataset.

    Args:
        dataset: the dataset's name or address.
        options: options set by the user, as in `registry.find_dataset`.

    Raises:
        UsageError: there are several; the message has a command for each.
        ZooError: the dataset is unknown, its files cannot be read, or no architecture can be trained on it.
    """
    fitting = _fitting(dataset, options)
    if len(fitting) == 1:
        (name,) = fitting
        click.echo(f"Training {name}, the only architecture for {fitting[name]}.", err=True)
        return name
    words = _given_words(click.get_current_context())
    lines = [
        f"  {command_line(['zoo', 'train', name, *words])}\n      {data}. {registry.architectures.get(name).summary}"
        for name, data in fitting.items()
    ]
    raise click.UsageError("\n".join(["Which architecture? Those for this dataset are:", *lines]))


def _fitting(dataset: str, options: Mapping[str, Any]) -> dict[str, str]:
    """Returns the names of the architectures for a dataset, each with the task and the input in words."""
    every = registry.tasks.names()
    try:
        found = [registry.find_dataset(dataset, tuple(every), options)]
    except ZooError:
        # The names of a table's columns may fit another task than the most likely one, such as translation.
        found = _found_for_a_task(dataset, every, options)
        if not found:
            raise
    names: dict[str, str] = {}
    for data in found:
        for entry in reversed(registry.architectures_of(data)):  # The baseline comes last.
            names.setdefault(entry.name, f"{data.task.replace('_', ' ')} of {data.model_options['input']} inputs")
    if not names:
        registry.check_pair(registry.architectures.entries()[0], found[0])  # Says that there is none.
    return names


def _found_for_a_task(dataset: str, tasks: Sequence[str], options: Mapping[str, Any]) -> list[registry.Dataset]:
    found = []
    for task in tasks:
        try:
            found.append(registry.find_dataset(dataset, (task,), options))
        except ZooError:
            continue
    return found


def _given_words(context: click.Context) -> list[str]:
    """Returns the options of this command as they were given on the command line."""
    words = []
    for option in context.command.params:
        name = option.name or ""
        if not isinstance(option, click.Option) or name not in context.params:
            continue
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        for item in value if option.multiple else [value]:
            words += [option.opts[-1]] if option.is_flag else [option.opts[-1], str(item)]
    return words
