"""`zoo runs`."""

import click

import keras_rnn_zoo as zoo
from keras_rnn_zoo.display.printing import one_line
from zoo_cli.options import models_dir_option
from zoo_cli.tables import print_json, print_tables


@click.command("runs")
@models_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(models_dir: str | None, as_json: bool) -> None:
    """List the runs, and how well they do.

    The metric is the main one of the run's task, on the test split. Damaged runs and unfinished trainings are listed as
    such.

    \b
    Example:
      zoo runs
    """
    runs = zoo.runs(models_dir)
    if as_json:
        print_json(runs)
    elif runs:
        print_tables([runs])
        for run in runs:
            if run["fault"]:
                click.echo(one_line(f"{run['run']}: {run['fault']}"))
    else:
        click.echo(f"{runs.title}\nNext:\n  zoo train NAME")
