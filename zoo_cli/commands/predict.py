"""`zoo predict`."""

import os
import sys

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.options import parse_options
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import models_dir_option, split_pairs
from zoo_cli.tables import print_json

SHOWN = 60
"""Characters of an input that are shown beside its answer."""


@click.command("predict")
@click.argument("run", required=False)
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@click.option(
    "--set", "pairs", metavar="KEY=VALUE", multiple=True, help="How to answer, such as --set temperature=0.5."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@models_dir_option
@with_verbosity
def command(
    run: str | None,
    inputs: tuple[str, ...],
    pairs: tuple[str, ...],
    as_json: bool,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Answer the INPUTs, or each line of standard input where there are none.

    RUN is the run's name, by default that of its architecture. The first argument is always the RUN; it may be left
    out when there is one run and the inputs come by standard input. An INPUT is a text; the path of an image or of a
    WAV file; or a series as JSON. What a language model writes is set by temperature, length and seed.

    \b
    Example:
      zoo predict many_to_one "not only moving but also funny"
      zoo predict many_to_one --json < reviews.txt
      zoo predict ctc scans/page1.png scans/page2.png
      zoo predict sync_many_to_many "ROMEO:" --set temperature=0.5 --set length=200
    """
    import keras_rnn_zoo as zoo
    from keras_rnn_zoo.runs import open_run

    if not inputs and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError("Nothing to answer: give RUN and INPUT, or pipe lines to standard input.")
    found = open_run(run, models_dir)
    options = parse_options(
        registry.tasks.get(found.config["task"]["name"]).answer_options, split_pairs(pairs), "an answer of this run"
    )
    lines = [os.fsencode(text) for text in inputs] or sys.stdin.buffer.read().splitlines()
    files = found.config["task"]["input"] in ("image", "audio")
    with frameworks(quiet, verbose):
        loaded = zoo.load(found)
        answers = zoo.predict(loaded, [os.fsdecode(line) for line in lines] if files else lines, **options)
    if as_json:
        print_json(answers)
        return
    for item, answer in zip(lines, answers, strict=True):
        text = " ".join(item.decode("utf-8", "replace").split())
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
        click.echo(f"{loaded.task.describe(answer)}  {shown}".rstrip())
