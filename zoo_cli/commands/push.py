"""`zoo push`."""

import click

import keras_rnn_zoo as zoo
from keras_rnn_zoo.display.printing import one_line
from zoo_cli.options import models_dir_option, read_token, run_argument, token_option


@click.command("push")
@run_argument(required=True)
@click.argument("address", metavar="hf://OWNER/NAME")
@click.option("--private", is_flag=True, help="Let only you, and those you grant access, see the repository.")
@click.option("--overwrite", is_flag=True, help="Replace the run in an existing repository.")
@token_option
@models_dir_option
def command(
    run: str, address: str, private: bool, overwrite: bool, token_file: str | None, models_dir: str | None
) -> None:
    """Upload a run to the Hugging Face Hub.

    The repository gets the files that zoo pack packs: no logs, and no input of your data. config.json and the model
    card name the files that the run was trained on. Needs the extra hub: pip install "keras-rnn-zoo[hub]".

    \b
    Example:
      zoo push many_to_one hf://jane/reviews --private
    """
    url = zoo.push(
        run, address, private=private, overwrite=overwrite, token=read_token(token_file), models_dir=models_dir
    )
    click.echo(one_line(url))
    click.echo(f"Next:\n  zoo pull {address}", err=True)
