"""`zoo inspect`."""

import os
from pathlib import Path
from typing import Any

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.export import find_export
from keras_rnn_zoo.artifacts.run import open_run
from keras_rnn_zoo.display.printing import printable
from keras_rnn_zoo.options import parse_options
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.inputs import input_of
from zoo_cli.options import models_dir_option, prediction_options, run_argument, split_pairs
from zoo_cli.tables import print_json, width_of_output


@click.command("inspect")
@run_argument(required=True)
@click.argument("input")
@prediction_options("max_new_tokens=50")
@click.option(
    "--explain",
    metavar="NAME",
    show_default="the whole prediction",
    help="Class or target that importance is for, or the index of a step of the output, from 0.",
)
@click.option("--layers", metavar="NAME,...", show_default="all", help="Recurrent layers to include.")
@click.option("--no-gates", is_flag=True, help="Leave out the gates.")
@click.option("--no-importance", is_flag=True, help="Leave out the importance of steps, which takes most of the time.")
@click.option(
    "--top",
    type=click.IntRange(1),
    metavar="N",
    default=5,
    show_default=True,
    help="With --json: how many of the most likely classes or tokens to list for each step.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@models_dir_option
@with_verbosity
def command(
    run: str,
    input: str,
    pairs: tuple[str, ...],
    explain: str | None,
    layers: str | None,
    no_gates: bool,
    no_importance: bool,
    top: int,
    as_json: bool,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Show what a network does at each step of an input.

    For each step, that is its importance for the prediction, and the prediction as if the input ended there, or the one
    for the step. With --json also the states and gates of each recurrent layer, attention weights, and alternatives;
    see docs/inspecting.md.

    INPUT is as in zoo predict: a text, the path of an image or a WAV file, or a series as JSON. It may also be a file
    that holds one input.

    \b
    Example:
      zoo inspect many_to_one "not only moving but also funny"
      zoo inspect many_to_one "a dull film" --json --layers bidirectional_1 --no-gates
      zoo inspect ctc scans/page1.png
    """
    import keras_rnn_zoo as zoo

    settings = split_pairs(pairs)
    found = find_export(run) or open_run(run, models_dir)
    options: dict[str, Any] = {}
    value: Any = os.fsencode(input)
    if not isinstance(found, Path):
        entry = registry.tasks.get(found.config.task.name)
        options = parse_options(entry.prediction_options, settings, "a prediction of this run")
        value = input_of(found, input)
    with frameworks(quiet, verbose):
        inspection = zoo.inspect(
            zoo.load(found),
            value,
            explain=explain,
            layers=[name.strip() for name in layers.split(",")] if layers else None,
            gates=not no_gates,
            importance=not no_importance,
            **options,
        )
    if as_json:
        print_json(inspection.to_dict(top=top))
    else:
        click.echo(printable(inspection.to_text(width_of_output())))
