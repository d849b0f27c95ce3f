"""`zoo predict`."""

import os
import sys

import click

from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import models_dir_option
from zoo_cli.tables import print_json

SHOWN = 60
"""Characters of an input that are shown beside its answer."""


@click.command("predict")
@click.argument("run", required=False)
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@models_dir_option
@with_verbosity
def command(
    run: str | None, inputs: tuple[str, ...], as_json: bool, models_dir: str | None, quiet: bool, verbose: bool
) -> None:
    """Answer the INPUTs, or each line of standard input where there are none.

    RUN is the run's name, by default that of its architecture. The first argument is always the RUN; it may be left
    out when there is one run and the inputs come by standard input.

    \b
    Example:
      zoo predict many_to_one "not only moving but also funny"
      zoo predict many_to_one --json < reviews.txt
    """
    import keras_rnn_zoo as zoo
    from keras_rnn_zoo.runs import open_run

    if not inputs and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError("Nothing to answer: give RUN and INPUT, or pipe lines to standard input.")
    found = open_run(run, models_dir)
    raw = [os.fsencode(text) for text in inputs] or sys.stdin.buffer.read().splitlines()
    with frameworks(quiet, verbose):
        loaded = zoo.load(found)
        answers = zoo.predict(loaded, raw)
    if as_json:
        print_json(answers)
        return
    for item, answer in zip(raw, answers, strict=True):
        text = " ".join(item.decode("utf-8", "replace").split())
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
        click.echo(f"{loaded.task.describe(answer)}  {shown}")
