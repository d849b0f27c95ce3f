"""Options that several commands share."""

import click
from click.core import ParameterSource

from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.printing import shell_quote, short_repr

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
