"""`zoo pack`."""

import click

import keras_rnn_zoo as zoo
from keras_rnn_zoo.display.printing import one_line, shell_quote
from zoo_cli.options import models_dir_option, run_argument


@click.command("pack")
@run_argument()
@click.option("--output", metavar="FILE", show_default="RUN.zip", help="File to write; its name ends in .zip.")
@click.option("--exports", is_flag=True, help="Include the exports of the run.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@models_dir_option
def command(run: str | None, output: str | None, exports: bool, overwrite: bool, models_dir: str | None) -> None:
    """Pack a run into one file.

    The file is an archive that every command takes in place of a run. It contains what is needed to use the run, its
    metrics and its model card, but no logs and no input of your data. The same run always gives the same bytes.

    \b
    Example:
      zoo pack many_to_one
      zoo predict many_to_one.zip "a film to remember"
      zoo export many_to_one.zip --output served
    """
    path = zoo.pack(run, output, exports=exports, overwrite=overwrite, models_dir=models_dir)
    click.echo(one_line(str(path)))
    click.echo(f"Next:\n  zoo show {shell_quote(path)}", err=True)
