"""What a shell completes: the names of architectures, datasets, runs and options."""

import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import list_runs, models_dir, open_run
from keras_rnn_zoo.errors import UnknownNameError, ZooError
from keras_rnn_zoo.listings.model_list import list_models
from keras_rnn_zoo.options import Option
from zoo_cli.usage import WORDS, named_architecture

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completes(words: Callable[[click.Context, str], Iterable[tuple[str, str]]]) -> Complete:
    """Returns a Click completion of words and their meanings, those that begin with what was typed."""

    @functools.wraps(words)
    def complete(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        with contextlib.suppress(ZooError, OSError):  # A message would garble the line that is being typed.
            found = words(context, typed)
            return [CompletionItem(word, help=help) for word, help in found if word.startswith(typed)]
        return []

    return complete


@_completes
def complete_architecture(context: click.Context, typed: str) -> list[tuple[str, str]]:
    """Completes names of architectures."""
    entries = registry.architectures.entries()
    return [(name, entry.summary) for entry in entries for name in (entry.name, *entry.aliases)]


@_completes
def complete_run(context: click.Context, typed: str) -> list[tuple[str, str]]:
    """Completes names of runs and trained networks."""
    return list(_runs_and_networks(context).items())


def _runs_and_networks(context: click.Context) -> dict[str, str]:
    names = dict.fromkeys(list_models(pretrained=True), "a trained network")
    return names | dict.fromkeys(list_runs(models_dir(context.params.get("models_dir"))), "a run")


@_completes
def complete_plot(context: click.Context, typed: str) -> list[tuple[str, str]]:
    """Completes kinds of plots."""
    return [(entry.name, entry.summary) for entry in registry.plots.entries()]


@_completes
def complete_shown(context: click.Context, typed: str) -> list[tuple[str, str]]:
    """Completes names of architectures, runs and trained networks, for `zoo show`."""
    names = _runs_and_networks(context)
    entries = registry.architectures.entries()
    return list((names | {name: entry.summary for entry in entries for name in (entry.name, *entry.aliases)}).items())


@_completes
def complete_dataset(context: click.Context, typed: str) -> list[tuple[str, str]]:
    """Completes names of datasets that fit the architecture, and formats of files."""
    entry = _architecture(context)
    datasets = registry.datasets_of(entry) if entry else registry.datasets.entries()
    files = [(f"{format.name}:", format.summary) for format in registry.file_formats.entries()]
    return [*((dataset.name, dataset.summary) for dataset in datasets), *files]


@_completes
def complete_setting(context: click.Context, typed: str) -> list[tuple[str, str]]:
    """Completes `KEY=VALUE` for a training: names of options, and then their choices."""
    from keras_rnn_zoo.training.config_file import SETTINGS

    entry = _architecture(context)
    options = {name: option for one in registry.architectures.entries() for name, option in one.options.items()}
    if entry:
        options = registry.relevant_options(entry, _dataset(context, entry))
    return _pairs({**SETTINGS, **options}, typed)


@_completes
def complete_prediction_option(context: click.Context, typed: str) -> list[tuple[str, str]]:
    """Completes `KEY=VALUE` for a prediction."""
    names = _runs_and_networks(context)
    # As for `_architecture`.
    run = next((word for word in context.meta.get(WORDS, ()) if word in names), context.params.get("run"))
    task = open_run(run, context.params.get("models_dir")).config.task
    return _pairs(registry.tasks.get(task.name).prediction_options, typed)


def _architecture(context: click.Context) -> registry.Architecture | None:
    # Click does not parse a command line that ends in an option without its value.
    name = named_architecture(context.meta.get(WORDS, ()))
    return registry.architectures.get(name) if name else None


def _dataset(context: click.Context, entry: registry.Architecture) -> registry.Dataset:
    """Returns the registered dataset that was named, or the default: no file is opened for a completion."""
    try:
        return registry.datasets.get(context.params.get("dataset") or "")
    except UnknownNameError:
        return registry.default_dataset(entry, named_architecture(context.meta.get(WORDS, ())))


def _pairs(options: Mapping[str, Option], typed: str) -> list[tuple[str, str]]:
    name, equals, _ = typed.partition("=")
    if not equals:
        return [(f"{option.name}=", option.help) for option in options.values() if not option.from_data]
    option = options.get(name)
    values: Iterable[Any] = ()
    if option:
        values = option.choices or (("true", "false") if option.type is bool else ())
    return [(f"{name}={value}", "") for value in values]
