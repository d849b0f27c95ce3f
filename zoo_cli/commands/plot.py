"""`zoo plot`."""

from typing import Any, Literal

import click

from keras_rnn_zoo.artifacts.run import open_run
from keras_rnn_zoo.display.printing import one_line
from keras_rnn_zoo.tuning.trials import without_study
from zoo_cli.completion import complete_plot
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.inputs import input_of
from zoo_cli.options import data_dir_option, models_dir_option, run_argument
from zoo_cli.tables import print_json


@click.command("plot")
@run_argument("INPUT is as in zoo inspect.", required=True)
@click.argument("kinds", metavar="[KIND]...", nargs=-1, shell_complete=complete_plot)
@click.option(
    "--format", type=click.Choice(["svg", "png"]), default="svg", show_default=True, help="Format of the files."
)
@click.option("--split", metavar="SPLIT", show_default="test", help="Split that scores are of.")
@click.option("--input", metavar="INPUT", show_default="an example in the run", help="Input to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_dir_option
@models_dir_option
@with_verbosity
def command(
    run: str,
    kinds: tuple[str, ...],
    format: Literal["svg", "png"],
    split: str | None,
    input: str | None,
    as_json: bool,
    data_dir: str | None,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Draw plots of a run: of its training, its scores, or an input.

    Writes them to the folder plots of the run, and those that show no input to its model card. Without KIND, draws all
    kinds that make sense for the run; see docs/plotting.md. RUN may be the folder of a search by zoo tune.

    \b
    Example:
      zoo plot many_to_one
      zoo plot many_to_one confusion_matrix --split validation --format png
      zoo plot many_to_one_tuned tuning_history tuning_importance
      zoo plot many_to_one hidden_states --input "not only moving but also funny"
    """
    import keras_rnn_zoo as zoo

    found = open_run(without_study(run), models_dir)
    value: Any = None if input is None else input_of(found, input)
    with frameworks(quiet, verbose):
        paths = zoo.plot(
            found,
            list(kinds) or None,
            split=split,
            input=value,
            format=format,
            data_dir=data_dir,
            models_dir=models_dir,
        )
    if as_json:
        print_json({"run": found.name, "plots": {kind: str(path) for kind, path in paths.items()}})
    else:
        for path in paths.values():
            click.echo(one_line(str(path)))
