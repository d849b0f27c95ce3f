"""`zoo pull`."""

import click

import keras_rnn_zoo as zoo
from keras_rnn_zoo.display.printing import one_line, shell_quote
from zoo_cli.options import models_dir_argument, models_dir_option, read_token, token_option


@click.command("pull")
@click.argument("address", metavar="hf://OWNER/NAME[@REVISION]")
@click.option("--run", show_default="name of the repository", help="Name of the run.")
@click.option("--overwrite", is_flag=True, help="Replace a run of that name.")
@token_option
@models_dir_option
def command(address: str, run: str | None, overwrite: bool, token_file: str | None, models_dir: str | None) -> None:
    """Download a run from the Hugging Face Hub.

    REVISION is a branch, a tag or a commit. Only the files of a run are downloaded, and they are checked before they
    become one. Needs the extra hub: pip install "keras-rnn-zoo[hub]".

    \b
    Example:
      zoo pull hf://jane/reviews
      zoo pull hf://jane/reviews@v2 --run newer_reviews
    """
    pulled = zoo.pull(address, run=run, overwrite=overwrite, token=read_token(token_file), models_dir=models_dir)
    click.echo(one_line(f"Wrote the run to {pulled.path}"))
    named = f"{shell_quote(pulled.name)}{models_dir_argument()}"
    click.echo(f"Next:\n  zoo show {shell_quote(pulled.path)}\n  zoo evaluate {named}")
