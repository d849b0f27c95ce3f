"""Options that several commands share."""

import click

from keras_rnn_zoo.errors import OptionError

models_dir_option = click.option(
    "--models-dir",
    type=click.Path(file_okay=False),
    envvar="ZOO_MODELS_DIR",
    help="Folder of the runs [default: $ZOO_MODELS_DIR or ./saved_models].",
)


def split_pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    """Returns `KEY=VALUE` texts as a dictionary, or raises `OptionError`."""
    for pair in pairs:
        if "=" not in pair:
            raise OptionError(f"--set expects KEY=VALUE, such as --set units=128; received {pair!r}.")
    return {key.strip(): value.strip() for key, _, value in (pair.partition("=") for pair in pairs)}


def models_dir_argument(models_dir: str | None) -> str:
    """Returns what to add to a command that is suggested, so that it finds the same runs."""
    return f" --models-dir {models_dir}" if models_dir else ""
