"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.options import parse_options, refuse_for_input, refuse_from_data
from keras_rnn_zoo.printing import shell_quote, short_repr
from keras_rnn_zoo.training.config_file import SETTINGS

models_dir_option = click.option(
    "--models-dir",
    type=click.Path(file_okay=False),
    envvar="ZOO_MODELS_DIR",
    help="Folder of the runs [default: $ZOO_MODELS_DIR or ./saved_models].",
)


data_dir_option = click.option(
    "--data-dir",
    type=click.Path(),
    help="Folder of prepared TFDS data sets [default: $TFDS_DATA_DIR or ~/tensorflow_datasets].",
)

dataset_option = click.option(
    "--dataset", metavar="D", help="Dataset, or files as FORM:PATH [default: the embedded one]."
)
columns_option = click.option("--columns", metavar="WORD=COLUMN,...", help="Which column of your files holds what.")


def data_options(set_help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Returns a decorator that gives a command the options `chosen_dataset` takes.

    Args:
        set_help: the help of `--set`.
    """
    pairs_option = click.option("--set", "pairs", metavar="KEY=VALUE", multiple=True, help=set_help)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (data_dir_option, pairs_option, columns_option, dataset_option):  # The last one is listed first.
            command = option(command)
        return command

    return decorate


def chosen_dataset(
    architecture: registry.Architecture,
    dataset: str | None,
    columns: str | None,
    data_dir: str | None,
    pairs: tuple[str, ...],
) -> tuple[registry.Dataset, dict[str, Any]]:
    """Returns the dataset of a command that trains nothing, and the values it was given for options.

    Args:
        architecture: the architecture that is to be trained.
        dataset: the dataset's name, or the address of files; the architecture's embedded one by default.
        columns: the option `columns`, if given by itself.
        data_dir: folder of prepared TFDS datasets.
        pairs: `KEY=VALUE` texts, for options of the architecture, the task, the data and the training.
    """
    given = split_pairs(pairs) | ({"columns": columns} if columns else {})
    if dataset:
        data = registry.find_dataset(dataset, architecture.tasks, {**given, "data_dir": data_dir})
    else:
        data = registry.default_dataset(architecture)
    registry.check_pair(architecture, data)
    known = {**SETTINGS, **registry.options_of(architecture, data)}
    chosen = parse_options(known, given, architecture.name)
    refuse_from_data(known, chosen)
    refuse_for_input(known, chosen, data.model_options["input"])
    return data, chosen


def split_pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    """Returns `KEY=VALUE` texts as a dictionary, or raises `OptionError`."""
    for pair in pairs:
        if "=" not in pair:
            raise OptionError(f"--set expects KEY=VALUE, such as --set units=128; received {short_repr(pair)}.")
    return {key.strip(): value.strip() for key, _, value in (pair.partition("=") for pair in pairs)}


def models_dir_argument() -> str:
    """Returns what to add to a command that is suggested, so that it finds the runs that this command was told of."""
    context = click.get_current_context()
    if context.get_parameter_source("models_dir") is not ParameterSource.COMMANDLINE:
        return ""
    return f" --models-dir {shell_quote(context.params['models_dir'])}"
