"""Options that several commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import user_path
from keras_rnn_zoo.display.printing import shell_quote, short_repr
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.options import parse_options, refuse_from_data, refuse_without_effect
from keras_rnn_zoo.training.config_file import SETTINGS
from zoo_cli.completion import complete_dataset, complete_prediction_option, complete_run, complete_setting

RUN = (
    "RUN is the name of a run (by default, that of its architecture) or of a trained network, or the path of a run's "
    "folder or archive."
)
"""What the argument RUN of a command is."""
OMITTED = "You can omit it if there is only one run."


def run_argument(*notes: str, required: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Returns the argument RUN of a command, which its help describes before the examples.

    Args:
        *notes: further sentences of the description.
        required: whether it cannot be omitted.
    """

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        described = " ".join([RUN, *([] if required else [OMITTED]), *notes])
        command.__doc__ = re.sub(
            r"\n\n( *)\x08\n", lambda end: f"\n\n{end[1]}{described}{end[0]}", command.__doc__ or "", count=1
        )
        return click.argument("run", required=required, shell_complete=complete_run)(command)

    return decorated


models_dir_option = click.option(
    "--models-dir",
    type=click.Path(file_okay=False),
    envvar="ZOO_MODELS_DIR",
    show_envvar=True,
    show_default="./saved_models",
    help="Directory of the runs.",
)

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(),
    show_default="$TFDS_DATA_DIR or ~/tensorflow_datasets",
    help="Directory of prepared TFDS datasets.",
)

token_option = click.option(
    "--token-file",
    metavar="FILE",
    show_default="your login of hf auth login, or $HF_TOKEN",
    help="File with a token of the Hugging Face Hub.",
)


def prediction_options(example: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Returns the option `--set` of commands that predict, whose help shows an example such as "temperature=0.5"."""
    return click.option(
        "--set",
        "pairs",
        metavar="KEY=VALUE",
        multiple=True,
        shell_complete=complete_prediction_option,
        help=f"Set a prediction option, such as {example}. May be repeated.",
    )


def read_token(path: str | None) -> str | None:
    """Returns the token in a file, if one is named; raises `OptionError` if it cannot be read or contains none."""
    if path is None:
        return None
    try:
        token = user_path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise OptionError(f"The file {path} with the token cannot be read: {reason}. Name another.") from None
    if not re.fullmatch(r"[!-~]{1,500}", token):
        raise OptionError(f"The file {path} contains no token: a single word of letters and digits is expected.")
    return token


dataset_option = click.option(
    "--dataset",
    metavar="DATASET",
    shell_complete=complete_dataset,
    show_default="an embedded dataset",
    help="Name of a dataset, or your own files as FORMAT:PATH.",
)
skip_bad_rows_option = click.option(
    "--skip-bad-rows", is_flag=True, default=None, help="Skip invalid rows instead of stopping."
)
columns_option = click.option(
    "--columns",
    metavar="WORD=COLUMN,...",
    help="Columns of your files, such as text=review,label=stars.",
)


def engine_option(help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Returns the option `--engine` of a command, given its help text."""
    return click.option("--engine", type=click.Choice(["beam"]), help=help)


def own_files_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options for the user's own files that training has, besides `--columns`, to a command."""
    for option in (  # The help lists the last one first.
        skip_bad_rows_option,
        click.option("--test", metavar="FILE", show_default="a tenth of the rows", help="File for the test split."),
        click.option(
            "--validation", metavar="FILE", show_default="a tenth of the rows", help="File for the validation split."
        ),
    ):
        command = option(command)
    return command


def data_options(set_help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Returns a decorator that adds the options for `chosen_dataset` to a command.

    Args:
        set_help: the help text of `--set`.
    """
    pairs_option = click.option(
        "--set", "pairs", metavar="KEY=VALUE", multiple=True, shell_complete=complete_setting, help=set_help
    )

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            data_dir_option,
            pairs_option,
            columns_option,
            dataset_option,
        ):  # The help lists the last one first.
            command = option(command)
        return command

    return decorate


def chosen_dataset(
    name: str,
    dataset: str | None,
    columns: str | None,
    data_dir: str | None,
    pairs: tuple[str, ...],
) -> tuple[registry.Architecture, registry.Dataset, dict[str, Any]]:
    """Returns the architecture and the dataset for a command that doesn't train, and the options that were passed.

    Args:
        name: the name of the architecture, or an alias.
        dataset: the name of a dataset, or a dataset address; by default, the default dataset of that name.
        columns: the value of `--columns`, if any.
        data_dir: directory of prepared TFDS datasets.
        pairs: `KEY=VALUE` strings for options of the architecture, the task, the data, and the training.

    Raises:
        UnknownNameError: the architecture or the dataset is unknown.
        OptionError: an option is unknown, does not accept its value, or has no effect on this dataset.
    """
    architecture = registry.architectures.get(name)
    given = split_pairs(pairs) | ({"columns": columns} if columns else {})
    if dataset:
        data = registry.find_dataset(dataset, architecture.tasks, {**given, "data_dir": data_dir})
    else:
        data = registry.default_dataset(architecture, name)
    registry.check_pair(architecture, data)
    known = {**SETTINGS, **registry.options_of(architecture, data)}
    chosen = parse_options(known, given, architecture.name)
    refuse_from_data(known, chosen)
    refuse_without_effect(known, chosen, data.model_options["input"], data.task)
    return architecture, data, chosen


def split_pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    """Returns `KEY=VALUE` strings as a dictionary; raises `OptionError` if one has no "="."""
    for pair in pairs:
        if "=" not in pair:
            raise OptionError(f"--set expects KEY=VALUE, such as --set units=128; received {short_repr(pair)}.")
    return {key.strip(): value.strip() for key, _, value in (pair.partition("=") for pair in pairs)}


def models_dir_argument() -> str:
    """Returns the `--models-dir` argument for suggested commands, or "" if this command was called without it."""
    context = click.get_current_context()
    if context.get_parameter_source("models_dir") is not ParameterSource.COMMANDLINE:
        return ""
    return f" --models-dir {shell_quote(context.params['models_dir'])}"


def split_runs(run: str | None) -> list[str] | str | None:
    """Returns the names of the runs of an ensemble, between commas, as a list; any other RUN unchanged.

    Raises `OptionError` if a name is empty.
    """
    if not run or "," not in run or Path(run).exists():
        return run
    names = [name.strip() for name in run.split(",")]
    if "" in names:
        raise OptionError(f"The runs of an ensemble are expected as RUN,RUN; received {short_repr(run)}.")
    return names
