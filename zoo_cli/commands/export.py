"""`zoo export`."""

import click

from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import models_dir_option


@click.command("export")
@click.argument("run", required=False)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["saved_model"]),
    default="saved_model",
    show_default=True,
    help="What to write.",
)
@models_dir_option
@with_verbosity
def command(run: str | None, format_: str, models_dir: str | None, quiet: bool, verbose: bool) -> None:
    """Write the next version of a run as a SavedModel, and print its path.

    The SavedModel takes raw inputs, returns answers and needs stock TensorFlow alone.
    RUN is the run's name, by default that of its architecture; it may be left out when there is one such run.

    \b
    Example:
      zoo export many_to_one
    """
    import keras_rnn_zoo as zoo

    with frameworks(quiet, verbose):
        path = zoo.export(run, models_dir=models_dir)
    click.echo(path)
