"""`zoo train`."""

import sys
from typing import Any

import click
from click.core import ParameterSource

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import TrainingInterrupted
from keras_rnn_zoo.options import parse_options
from keras_rnn_zoo.printing import one_line, shell_quote
from keras_rnn_zoo.training.config_file import PLACES, SETTINGS, read_config, split_config
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import (
    columns_option,
    data_dir_option,
    dataset_option,
    models_dir_argument,
    models_dir_option,
    split_pairs,
)

EXAMPLES = {"image": "IMAGE", "audio": "RECORDING", "series": '"[[...], ...]"'}
"""Placeholder for the input in the suggested `zoo predict` command, by kind of input other than text."""


@click.command("train")
@click.argument("name", required=False)
@click.option("--config", metavar="FILE", help="YAML with the same words as these options, which win over it.")
@dataset_option
@columns_option
@click.option("--validation", metavar="FILE", help="Your file to validate on [default: a tenth of the rows].")
@click.option("--test", metavar="FILE", help="Your file to test on [default: a tenth of the rows].")
@click.option("--skip-bad-rows", is_flag=True, default=None, help="Leave out rows that cannot be used.")
@data_dir_option
@click.option("--set", "pairs", metavar="KEY=VALUE", multiple=True, help="An option or setting; see zoo show NAME.")
@click.option("--epochs", type=int, help="Most passes over the training split.")
@click.option("--batch-size", type=int, help="Examples in a batch.")
@click.option("--learning-rate", type=float, help="The optimizer's first learning rate.")
@click.option("--patience", type=int, metavar="N", help="Epochs without improvement to stop after; 0: never.")
@click.option("--seed", type=int, help="Seed of all that is drawn at random [default: 0].")
@click.option("--run", help="Name of the run [default: the architecture's].")
@click.option(
    "--save-every-steps", type=int, metavar="N", help="Save the state every N steps, too [default: each epoch]."
)
@click.option("--deterministic", is_flag=True, default=None, help="The same numbers each time, if slower.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted training.")
@click.option("--overwrite", is_flag=True, help="Discard an interrupted training.")
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
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Train an architecture, test it on held-out data and write the run.

    Your own files are a dataset, too: csv:FILE, tsv:FILE, jsonl:FILE, text:FILE, conll:FILE, images:DIR, audio:DIR,
    npz:FILE, and tfds:NAME for any of TFDS.

    \b
    Example:
      zoo train many_to_one --dataset imdb_reviews --set units=128 --epochs 3
      zoo train many_to_one --dataset csv:reviews.csv --columns text=review,label=stars
      zoo train --config many_to_one.yaml --epochs 3
    """
    import keras_rnn_zoo as zoo

    files = {"columns": columns, "validation": validation, "test": test, "skip_bad_rows": skip_bad_rows}
    places, chosen = _merged(config, split_pairs(pairs), {**settings, **files}, name, dataset, models_dir)
    architecture, models_dir = registry.architectures.get(places.pop("architecture")), places.get("models_dir")
    bar = 0 if quiet else 1 if sys.stderr.isatty() else 2
    where = models_dir_argument() or (f" --models-dir {shell_quote(models_dir)}" if models_dir and config else "")
    try:
        with frameworks(quiet, verbose):
            run = zoo.train(architecture.name, verbose=bar, **places, **chosen)
    except TrainingInterrupted as error:
        if not error.resumable:
            raise
        again = f"zoo train {architecture.name} --run {shell_quote(places.get('run') or architecture.name)}{where}"
        raise TrainingInterrupted(f"{error}\nNext:\n  {again} --resume", resumable=True) from None
    measured = run.metrics
    metrics = ", ".join(f"{key} {value:.4f}" for key, value in measured["metrics"].items())
    click.echo(f"On the test split ({measured['examples']:,} examples): {metrics}")
    click.echo(one_line(f"The run is in {run.path}"))
    if not quiet:
        named = shell_quote(run.name) + where
        example = EXAMPLES.get(run.config["task"]["input"], '"..."')
        click.echo(f"Next:\n  zoo predict {named} {example}\n  zoo evaluate {named}\n  zoo export {named}")


def _merged(
    config: str | None,
    pairs: dict[str, str],
    options: dict[str, Any],
    name: str | None,
    dataset: str | None,
    models_dir: str | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the places and the options of a training: those of a configuration, and over them the command line's."""
    written = read_config(config) if config else {}
    places = {key: str(value) for key, value in written.items() if key in PLACES}
    if click.get_current_context().get_parameter_source("models_dir") is not ParameterSource.COMMANDLINE:
        models_dir = places.get("models_dir", models_dir)
    said = {"architecture": name, "dataset": dataset, "models_dir": models_dir}
    said |= {key: options.pop(key) for key in ("data_dir", "run")}
    places |= {key: value for key, value in said.items() if value is not None}
    given = {key: value for key, value in options.items() if value is not None and value is not False}
    if "architecture" not in places:
        raise click.UsageError("Name an architecture, or a configuration that does: zoo train NAME, or --config FILE.")
    architecture = registry.architectures.get(places["architecture"])
    if "dataset" in places:
        wanted = {**written, **pairs, **given, "data_dir": places.get("data_dir")}
        data = registry.find_dataset(places["dataset"], architecture.tasks, wanted)
    else:
        data = registry.default_dataset(architecture)
    registry.check_pair(architecture, data)
    known = registry.options_of(architecture, data)
    chosen = split_config(written, known, config) if config else {}
    return places, {**chosen, **parse_options({**SETTINGS, **known}, pairs, architecture.name), **given}
