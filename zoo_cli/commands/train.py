"""`zoo train`."""

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.example_input import example_argument
from keras_rnn_zoo.artifacts.run import is_resumable, open_run
from keras_rnn_zoo.artifacts.run import models_dir as models_folder
from keras_rnn_zoo.display.printing import one_line, printable, shell_quote
from keras_rnn_zoo.distributed.environment import is_chief
from keras_rnn_zoo.distributed.launch import LostProcess, check_launch, hold_lifeline, launch, launched
from keras_rnn_zoo.errors import LostPeers, TrainingError, TrainingInterrupted
from keras_rnn_zoo.options import parse_options
from keras_rnn_zoo.training.check_arguments import check_arguments
from keras_rnn_zoo.training.config_file import RUN_KEYS, SETTINGS, read_config, split_config
from zoo_cli.completion import complete_architecture, complete_run, complete_setting
from zoo_cli.drawings import can_draw, draw_curves, draw_matrix
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import (
    columns_option,
    data_dir_option,
    dataset_option,
    models_dir_argument,
    models_dir_option,
    own_files_options,
    split_pairs,
)
from zoo_cli.proposals import propose_architecture
from zoo_cli.usage import WORDS


@click.command("train")
@click.argument("name", required=False, shell_complete=complete_architecture)
@click.option("--config", metavar="FILE", help="YAML file with options. Options on the command line take precedence.")
@dataset_option
@columns_option
@own_files_options
@data_dir_option
@click.option(
    "--from",
    "from_run",
    metavar="RUN",
    shell_complete=complete_run,
    help="Start from the weights of a run (fine-tuning).",
)
@click.option(
    "--set",
    "pairs",
    metavar="KEY=VALUE",
    multiple=True,
    shell_complete=complete_setting,
    help="Set an option listed by zoo show NAME, such as units=128. May be repeated.",
)
@click.option("--epochs", type=int, help="Maximum number of epochs.")
@click.option("--batch-size", type=int, help="Examples per batch.")
@click.option("--learning-rate", type=float, help="Initial learning rate.")
@click.option("--patience", type=int, metavar="N", help="Stop after N epochs without improvement; 0 disables this.")
@click.option("--seed", type=int, show_default="0", help="Random seed.")
@click.option("--run", show_default="name of the architecture", help="Name of the run.")
@click.option(
    "--save-every-steps", type=int, metavar="N", help="Save a checkpoint every N steps, in addition to each epoch."
)
@click.option(
    "--deterministic", is_flag=True, default=None, help="Use only deterministic operations, which may be slower."
)
@click.option(
    "--track",
    metavar="TRACKER",
    multiple=True,
    help="Also record the training in mlflow:, mlflow:ADDRESS, or wandb:PROJECT. May be repeated.",
)
@click.option(
    "--processes",
    type=int,
    metavar="N",
    help="Train with N processes on this machine. Needs KERAS_BACKEND=jax.",
)
@click.option("--resume", is_flag=True, help="Resume an interrupted training.")
@click.option("--overwrite", is_flag=True, help="Discard an interrupted training and start from scratch.")
@models_dir_option
@with_verbosity
def command(
    name: str | None,
    config: str | None,
    dataset: str | None,
    columns: str | None,
    validation: str | None,
    test: str | None,
    skip_bad_rows: bool | None,
    pairs: tuple[str, ...],
    models_dir: str | None,
    track: tuple[str, ...],
    processes: int | None,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Train an architecture and evaluate it on the test split.

    NAME is an architecture; zoo list shows them. Without NAME, the command names those that fit the dataset, and trains
    it if there is only one. The defaults of many options depend on the dataset; zoo show NAME --dataset DATASET shows
    them.

    Train on your own files with --dataset FILE, or FORMAT:FILE with a format such as csv, tsv, jsonl, json, parquet,
    arrow, excel, sqlite, hf, text, conll, images, audio, or npz, and on any dataset of TFDS with tfds:NAME.

    With --from RUN, the training starts from the weights of that run, with its options, and NAME is by default its
    architecture. New tokens, and the head for other classes, start at random. --set freeze=frontend keeps the weights
    of what reads the input, --set freeze=encoder those of everything but the head.

    \b
    Example:
      zoo train many_to_one --dataset imdb_reviews --set units=128 --epochs 3
      zoo train many_to_one --dataset csv:reviews.csv --columns text=review,label=stars
      zoo train --config many_to_one.yaml --epochs 3
      zoo train --from many_to_one --dataset csv:reviews.csv --run own_reviews
    """
    import keras_rnn_zoo as zoo

    hold_lifeline()
    if processes is not None and not launched():
        check_launch(processes)
    files = {"columns": columns, "validation": validation, "test": test, "skip_bad_rows": skip_bad_rows}
    places, chosen = _merged(config, split_pairs(pairs), {**settings, **files}, name, dataset, models_dir)
    called, models_dir = places.pop("architecture"), places.get("models_dir")
    architecture = registry.architectures.get(called)
    bar = 0 if quiet else 1 if sys.stderr.isatty() else 2
    where = models_dir_argument() or (f" --models-dir {shell_quote(models_dir)}" if models_dir and config else "")
    resume = f"zoo train {architecture.name} --run {shell_quote(places.get('run') or architecture.name)}{where}"
    if not (chosen.get("resume") or launched()):
        with frameworks(quiet, verbose):  # What it logs is printed as ever; no framework is loaded.
            check_arguments(called, {**places, **chosen})
    if processes and processes > 1 and not launched():
        path = models_folder(models_dir) / (places.get("run") or architecture.name)
        _train_with_processes(processes, path, f"{resume} --processes {processes} --resume")
    chief = is_chief()
    try:
        with frameworks(quiet or not chief, verbose):
            run = zoo.train(called, verbose=bar, track=track, **places, **chosen)
    except LostPeers as error:
        click.echo(printable(f"Error: {error}"), err=True)
        # At the end of Python, JAX would wait for the lost process, and then abort this one with a stack trace.
        sys.stderr.flush()
        os._exit(1)
    except TrainingInterrupted as error:
        if not error.resumable:
            raise
        resume += f" --processes {processes}" if processes else ""
        raise TrainingInterrupted(f"{error}\nNext:\n  {resume} --resume", resumable=True) from None
    if not chief:  # Process 0 reports.
        return
    if can_draw(quiet):
        draw_curves(run.history)
        if matrix := run.measured.get("confusion_matrix"):
            draw_matrix(matrix)
    click.echo(run.result)
    click.echo(one_line(f"Wrote the run to {run.path}"))
    if not quiet:
        named = shell_quote(run.name) + where
        task = run.config.task
        reader = task.reader_entry
        example = example_argument(run.path) or reader.example
        click.echo(f"Next:\n  zoo predict {named} {example}\n  zoo evaluate {named}\n  zoo export {named}")


def _train_with_processes(count: int, path: Path, resume: str) -> NoReturn:
    """Runs this command in several processes, and ends with the exit status of process 0."""
    context = click.get_current_context()
    try:
        status = launch(context.meta[WORDS], count)
    except LostProcess as error:
        kept = f"Resume the training:\n  {resume}" if is_resumable(path) else "No checkpoint was saved. Start again."
        raise TrainingError(f"{error} {kept}") from None
    context.exit(status)


def _merged(
    config: str | None,
    pairs: dict[str, str],
    options: dict[str, Any],
    name: str | None,
    dataset: str | None,
    models_dir: str | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Merges a configuration and the command line, which takes precedence.

    Returns:
        The values of `RUN_KEYS`, such as the architecture and the dataset, and the options.
    """
    written = read_config(config) if config else {}
    places: dict[str, Any] = {key: str(value) for key, value in written.items() if key in RUN_KEYS}
    if click.get_current_context().get_parameter_source("models_dir") is not ParameterSource.COMMANDLINE:
        models_dir = places.get("models_dir", models_dir)
    overrides = {"architecture": name, "dataset": dataset, "models_dir": models_dir}
    overrides |= {key: options.pop(key) for key in ("data_dir", "from_run", "run")}
    places |= {key: value for key, value in overrides.items() if value is not None}
    given = {key: value for key, value in options.items() if value is not None and value is not False}
    wanted = {**written, **pairs, **given, "data_dir": places.get("data_dir")}
    if "architecture" not in places and "from_run" in places:
        places["architecture"] = open_run(places["from_run"], places.get("models_dir")).config.architecture
    if "architecture" not in places:
        if "dataset" not in places:
            raise click.UsageError(
                "No architecture is given. Pass zoo train NAME, --dataset DATASET to see those for it, or --config "
                "FILE with a file that names one."
            )
        places["architecture"] = propose_architecture(places["dataset"], wanted)
    architecture = registry.architectures.get(places["architecture"])
    if "dataset" in places:
        # Found once: `zoo.train` takes the dataset itself, and opens no file again.
        data = places["dataset"] = registry.find_dataset(places["dataset"], architecture.tasks, wanted)
    else:
        data = registry.default_dataset(architecture, places["architecture"])
    registry.check_pair(architecture, data)
    known = registry.options_of(architecture, data)
    chosen = split_config(written, known, config) if config else {}
    return places, {**chosen, **parse_options({**SETTINGS, **known}, pairs, architecture.name), **given}
