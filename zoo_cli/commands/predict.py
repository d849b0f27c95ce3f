"""`zoo predict`."""

import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import STANDARD_STREAM
from keras_rnn_zoo.display.printing import shell_quote
from keras_rnn_zoo.options import parse_options
from keras_rnn_zoo.user_data.encodings import encoding_of
from zoo_cli.answers import answer, converse
from zoo_cli.files import check_engine, predict_file, predict_on_beam
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import (
    engine_option,
    models_dir_option,
    prediction_options,
    run_argument,
    split_pairs,
    split_runs,
)
from zoo_cli.streams import answer_stream
from zoo_cli.tables import print_json


@click.command("predict")
@run_argument(
    "The first argument is always RUN, so inputs then come from standard input.",
    "RUN may also be the path of an export, or the names of several runs with commas between them: an ensemble, which "
    "predicts by the mean of their probabilities.",
)
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@prediction_options("temperature=0.5")
@click.option(
    "--input",
    "source",
    metavar="FILE",
    help="Predict a file or a folder; - is standard input, a text on each line, and csv:- is a CSV file from there.",
)
@click.option(
    "--output",
    metavar="FILE",
    show_default="standard output, as is -",
    help="Write the predictions of --input to a file, in the format that its extension names.",
)
@click.option(
    "--columns",
    metavar="WORD=COLUMN",
    show_default="as in training",
    help="Column of --input that contains the inputs, such as text=review.",
)
@click.option(
    "--encoding",
    metavar="NAME",
    show_default="UTF-8, or as in training",
    help="Encoding of --input or of standard input, such as cp1252.",
)
@click.option(
    "--probabilities", is_flag=True, help="With --input: add a column with the probability of each class to a table."
)
@click.option("--skip-bad-rows", is_flag=True, help="Skip invalid rows of --input instead of stopping.")
@click.option(
    "--stream",
    is_flag=True,
    help="Answer while standard input is still coming in: to each line of a text, row of numbers, or block of samples.",
)
@click.option(
    "--rate",
    type=click.IntRange(1),
    metavar="HERTZ",
    help="With --stream, for recordings: samples per second of standard input, 16-bit little-endian integers.",
)
@engine_option("Predict --input with many workers, on Apache Beam; options of its runner follow --.")
@click.option(
    "--shards",
    type=click.IntRange(1),
    metavar="NUMBER",
    show_default="1",
    help="With --engine beam: the number of files to write, such as predictions-00000-of-00004.csv.",
)
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
    probabilities: bool,
    skip_bad_rows: bool,
    stream: bool,
    rate: int | None,
    engine: str | None,
    shards: int | None,
    as_json: bool,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Predict INPUTs, lines of standard input, or a whole file.

    Without INPUTs on a terminal, the command loads the run once and predicts each line that you type.

    With --stream, standard input is a single input that is still coming in, and each answer is printed at once. The run
    must read one way: train it with bidirectional=false.

    With --engine beam, the workers of an Apache Beam runner predict the files of --input, which may be remote, such as
    gs://bucket/part-*.csv. Rows without an answer are in a file of their own, such as predictions.errors.csv.

    An INPUT is a text, the path of an image or a WAV file, or a series as JSON: "[1, 2, 3]" if each step has one
    number, else "[[1, 5], [2, 6]]". Put -- before INPUTs that begin with a dash. Language models have the options
    temperature, max_new_tokens, and seed.

    \b
    Example:
      zoo predict many_to_one "not only moving but also funny"
      zoo predict many_to_one -- "-5 degrees, and no heating"
      zoo predict first,second,third "not only moving but also funny"
      zoo predict many_to_one --json < reviews.txt
      zoo predict ctc scans/page1.png scans/page2.png
      zoo predict many_to_one --input new.csv --output predictions.csv
      zoo predict many_to_one --input new.parquet --output predictions.jsonl
      zoo predict many_to_one --input 'part-*.csv' --output predictions.csv --engine beam -- --runner=FlinkRunner
      arecord -t raw -f S16_LE -r 8000 | zoo predict ctc --stream --rate 8000
      zoo predict sync_many_to_many "ROMEO:" --set temperature=0.5 --set max_new_tokens=200
    """
    from keras_rnn_zoo.artifacts.export import find_export, read_facts
    from keras_rnn_zoo.artifacts.run import open_run

    settings = split_pairs(pairs)
    # Options of formats can be set as in training.
    reading: dict[str, Any] = {name: settings.pop(name, None) for name in registry.reading_options()}
    reading |= {"columns": columns or reading["columns"], "encoding": encoding or reading["encoding"]}
    reading |= {"probabilities": probabilities, "skip_bad_rows": skip_bad_rows}
    if engine or shards:
        files = check_engine(engine, source, output, stream=bool(stream or rate), as_json=as_json)
        predict_on_beam(run, files, output, reading, (quiet, verbose), settings, shards or 1, inputs, models_dir)
        return
    export = find_export(run)
    if stream or rate:
        _check_stream_usage(inputs, source, output, settings, reading, stream=stream)
    else:
        _check_usage(inputs, source, output, as_json=as_json, reading=reading)
    runs = split_runs(run)
    if isinstance(runs, list) and (stream or source is not None):
        raise click.UsageError("--stream and --input FILE predict with a single RUN.")
    found = export or open_run(runs[0] if isinstance(runs, list) else run, models_dir)
    task = (read_facts(export) if export else open_run(found).config).task
    verbosity = quiet, verbose
    if stream:
        _answer_stream(found, rate, task.input, reading["encoding"], verbosity, as_json=as_json)
        return
    _check_for_files(run, inputs, task.input)
    options = parse_options(registry.tasks.get(task.name).prediction_options, settings, "a prediction of this run")
    if source is not None:
        predict_file(run if export else open_run(run, models_dir), source, output, reading, verbosity, options)
        return
    load, by_path = functools.partial(_loaded, runs, found, models_dir), task.reader_entry.by_path
    if not inputs and sys.stdin.isatty():
        stdout = sys.stdout
        with frameworks(*verbosity) as status:
            converse(load(), by_path, options, stdout, status)
        return
    lines = [os.fsencode(text) for text in inputs] or _as_utf8(sys.stdin.buffer.read(), reading["encoding"] or "")
    _predict_lines(load, lines, by_path, options, verbosity, as_json=as_json)


def _predict_lines(
    load: Callable[[], Any],
    lines: Sequence[bytes],
    by_path: bool,
    options: Mapping[str, Any],
    verbosity: tuple[bool, bool],
    *,
    as_json: bool,
) -> None:
    """Predicts inputs, and prints the predictions."""
    with frameworks(*verbosity):
        loaded = load()
        predictions = loaded.predict([os.fsdecode(line) for line in lines] if by_path else lines, **options)
    if as_json:
        print_json(predictions)
        return
    for line, prediction in zip(lines, predictions, strict=True):
        click.echo(answer(loaded.task, line, prediction))


def _answer_stream(
    found: Any, rate: int | None, kind: str, encoding: str | None, verbosity: tuple[bool, bool], *, as_json: bool
) -> None:
    """Answers while standard input is still coming in."""
    import keras_rnn_zoo as zoo

    stdout = sys.stdout
    with frameworks(*verbosity) as status:
        answer_stream(zoo.stream(found, rate=rate), kind, encoding, stdout, status, as_json=as_json)


def _loaded(runs: list[str] | str | None, found: Any, models_dir: str | None) -> Any:
    import keras_rnn_zoo as zoo

    return zoo.load(runs, models_dir=models_dir) if isinstance(runs, list) else zoo.load(found)


def _check_usage(
    inputs: Sequence[str],
    source: str | None,
    output: str | None,
    *,
    as_json: bool,
    reading: Mapping[str, Any],
) -> None:
    """Raises `click.UsageError` for options that do not go together."""
    if source is None:
        if output not in (None, STANDARD_STREAM) or any(
            reading[name] for name in ("columns", "probabilities", "skip_bad_rows")
        ):
            raise click.UsageError("--output, --columns, --probabilities, and --skip-bad-rows require --input FILE.")
        if inputs and reading["encoding"]:
            raise click.UsageError(
                "An encoding requires --input FILE or lines of standard input; INPUTs on the command line are UTF-8."
            )
        if set_only := [name for name, value in reading.items() if value and name != "encoding"]:
            raise click.UsageError(f"The option {set_only[0]} requires --input FILE.")
        if not inputs and (sys.stdin is None or (as_json and sys.stdin.isatty())):
            raise click.UsageError("There is nothing to predict. Pass RUN and INPUT, or pipe lines to standard input.")
        return
    if inputs or as_json:
        raise click.UsageError(
            "INPUTs and --json cannot be combined with --input FILE: the extension of --output determines the format "
            "of the predictions, as in --output predictions.json."
        )


def _check_stream_usage(
    inputs: Sequence[str],
    source: str | None,
    output: str | None,
    settings: Mapping[str, Any],
    reading: Mapping[str, Any],
    *,
    stream: bool,
) -> None:
    """Raises `click.UsageError` for options that do not go with --stream."""
    if not stream:
        raise click.UsageError("--rate requires --stream.")
    if inputs or source or output or settings or any(value for name, value in reading.items() if name != "encoding"):
        raise click.UsageError(
            "--stream reads a single input from standard input. It can be combined with --rate, --encoding, and --json."
        )
    if sys.stdin is None:
        raise click.UsageError("There is nothing to stream: standard input is closed.")


def _check_for_files(run: str | None, inputs: Sequence[str], input: str) -> None:
    """Raises `click.UsageError` for an INPUT that is a file or folder of inputs rather than an input."""
    for text in inputs:
        place = registry.file_with_inputs(text, input)
        if place:
            command = f"zoo predict {shell_quote(run or '')} --input {shell_quote(text)}"
            raise click.UsageError(
                f"{text!r} is a {place} here. To predict what is in it: {command}. To predict the text itself, pipe it "
                "to standard input."
                if input == "text"
                else f"{text!r} is a {place}, not a single {input}. To predict what is in it: {command}."
            )


def _as_utf8(text: bytes, encoding: str) -> list[bytes]:
    """Returns the lines of a text as UTF-8, without its byte order mark, which takes precedence over the encoding."""
    name, size = encoding_of(text, encoding)
    content = text[size:] if name == "utf-8" else text[size:].decode(name, "replace").encode()
    return content.splitlines()
