"""`zoo models`."""

import click

import keras_rnn_zoo as zoo
from zoo_cli.tables import print_json, print_tables


@click.command("models")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List the trained networks, which need no training.

    A network bears the name of its dataset. Every command that takes the name of a run takes that of a network.

    \b
    Example:
      zoo models
      zoo predict toy_reviews "not only moving but also funny"
    """
    models = zoo.models()
    if as_json:
        print_json(models)
    elif models:
        print_tables([models])
        click.echo("Next:\n  zoo show NAME\n  zoo predict NAME INPUT")
    else:
        click.echo(models.title)
