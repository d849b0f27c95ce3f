"""`zoo predict`."""

import codecs
import os
import sys

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.options import parse_options
from keras_rnn_zoo.printing import printable
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import models_dir_option, split_pairs
from zoo_cli.tables import data_stream, print_json

SHOWN = 60
"""Characters of an input that are shown beside its answer."""


@click.command("predict")
@click.argument("run", required=False)
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@click.option(
    "--set", "pairs", metavar="KEY=VALUE", multiple=True, help="How to answer, such as --set temperature=0.5."
)
@click.option("--input", "source", metavar="FILE", help="Answer a file (csv, tsv, jsonl, txt, conll) or a folder.")
@click.option("--output", metavar="FILE", help="File to write those answers to [default: standard output].")
@click.option("--columns", metavar="WORD=COLUMN", help="Column of the file with the inputs [default: as in training].")
@click.option(
    "--encoding", metavar="NAME", help="Encoding of the file, such as cp1252 [default: UTF-8, or as in training]."
)
@click.option("--skip-bad-rows", is_flag=True, help="Leave out rows of the file that cannot be read.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@models_dir_option
@with_verbosity
def command(
    run: str | None,
    inputs: tuple[str, ...],
    pairs: tuple[str, ...],
    source: str | None,
    output: str | None,
    columns: str | None,
    encoding: str | None,
    skip_bad_rows: bool,
    as_json: bool,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Answer the INPUTs, or each line of standard input where there are none, or a whole file.

    RUN is the run's name, by default that of its architecture, or the path of an export. The first argument is always
    the RUN; it may be left out when there is one run and the inputs come by standard input. An INPUT is a text; the
    path of an image or of a WAV file; or a series as JSON. What a language model writes is set by temperature, length
    and seed. Put -- before INPUTs that begin with a dash.

    \b
    Example:
      zoo predict many_to_one "not only moving but also funny"
      zoo predict many_to_one -- "-5 degrees, and no heating"
      zoo predict many_to_one --json < reviews.txt
      zoo predict ctc scans/page1.png scans/page2.png
      zoo predict many_to_one --input new.csv --output answered.csv
      zoo predict sync_many_to_many "ROMEO:" --set temperature=0.5 --set max_new_tokens=200
    """
    import keras_rnn_zoo as zoo
    from keras_rnn_zoo.artifacts.export import find_export, read_facts
    from keras_rnn_zoo.artifacts.run import open_run

    if source is None and (output or columns or encoding or skip_bad_rows):
        raise click.UsageError("--output, --columns, --encoding and --skip-bad-rows go with --input FILE.")
    if source is not None and (inputs or as_json):
        raise click.UsageError(
            "With --input FILE there are no INPUTs and no --json: answers have the form of the file."
        )
    if source is None and not inputs and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError("Nothing to answer: give RUN and INPUT, or pipe lines to standard input.")
    path = find_export(run)
    if path and source is not None:
        raise click.UsageError("Files are answered by a run, which knows their columns. Name it in the place of RUN.")
    found = path or open_run(run, models_dir)
    task = (read_facts(path) if path else open_run(found).config)["task"]
    settings = split_pairs(pairs)
    named, separator = settings.pop("encoding", None), settings.pop("separator", "")  # As they are set in training.
    if named and source is None:
        raise click.UsageError("An encoding goes with --input FILE; other inputs are UTF-8.")
    if separator and source is None:
        raise click.UsageError("A separator goes with --input FILE.")
    encoding = encoding or named
    options = parse_options(registry.tasks.get(task["name"]).prediction_options, settings, "an answer of this run")
    if source is not None:
        stdout = data_stream()
        with frameworks(quiet, verbose):
            counts = zoo.predict_file(
                open_run(run, models_dir),
                source,
                output,
                columns=columns or "",
                encoding=encoding or "",
                separator=separator,
                skip_bad_rows=skip_bad_rows,
                progress=_tell if not quiet else lambda done: None,
                to=stdout,
                **options,
            )
        skipped = f"; {counts['skipped']:,} rows could not be read" if counts["skipped"] else ""
        click.echo(
            printable(f"Answered {counts['answered']:,} inputs{skipped}." + (f" Wrote {output}" if output else "")),
            err=True,
        )
        return
    lines = [os.fsencode(text) for text in inputs] or _without_mark(sys.stdin.buffer.read()).splitlines()
    files = task["input"] in ("image", "audio")
    with frameworks(quiet, verbose):
        loaded = zoo.load(found)
        answers = zoo.predict(loaded, [os.fsdecode(line) for line in lines] if files else lines, **options)
    if as_json:
        print_json(answers)
        return
    for item, answer in zip(lines, answers, strict=True):
        text = " ".join(item.decode("utf-8", "replace").split())
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
        click.echo(printable(f"{loaded.task.describe(answer)}  {shown}".rstrip()))


def _without_mark(text: bytes) -> bytes:
    """Returns a text as UTF-8 without a byte order mark, which tells UTF-8 or UTF-16."""
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return text.decode("utf-16", "replace").encode()
    return text.removeprefix(codecs.BOM_UTF8)


def _tell(done: int) -> None:
    """Shows progress: a line that is written over on a terminal, else one now and then."""
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} answered", err=True, nl=False)
    elif done % 10_240 == 0:
        click.echo(f"{done:,} answered", err=True)
