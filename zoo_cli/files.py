"""Predicts the files of `zoo predict --input`, and reports how many inputs there were."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import STANDARD_STREAM
from keras_rnn_zoo.display.printing import printable, quantity
from keras_rnn_zoo.options import parse_options
from zoo_cli.frameworks import frameworks
from zoo_cli.status import ERASE
from zoo_cli.tables import data_stream


def check_engine(engine: str | None, source: str | None, output: str | None, *, stream: bool, as_json: bool) -> str:
    """Returns the files of --input; raises `click.UsageError` for options that do not go with --engine."""
    if engine is None:
        raise click.UsageError("--shards requires --engine beam.")
    if stream or as_json:
        raise click.UsageError("--engine beam cannot be combined with --stream, --rate, or --json.")
    if source is None or output is None:
        raise click.UsageError("--engine beam requires --input FILE and --output FILE.")
    return source


def predict_on_beam(
    run: str | None,
    source: str,
    output: str | None,
    reading: Mapping[str, Any],
    verbosity: tuple[bool, bool],
    settings: Mapping[str, str],
    shards: int,
    runner: Sequence[str],
    models_dir: str | None,
) -> None:
    """Predicts files with the workers of a Beam runner."""
    every = {name: option for entry in registry.tasks.entries() for name, option in entry.prediction_options.items()}
    options = parse_options(every, dict(settings), "a prediction of this run")
    more = {"engine": "beam", "shards": shards, "runner": runner, "models_dir": models_dir}
    predict_file(run, source, output, {**reading, **more}, verbosity, options)


def predict_file(
    run: Any,
    source: str,
    output: str | None,
    reading: Mapping[str, Any],
    verbosity: tuple[bool, bool],
    options: Mapping[str, Any],
) -> None:
    """Predicts the inputs of a file, and reports how many."""
    import keras_rnn_zoo as zoo

    stdout = data_stream()
    with frameworks(*verbosity):
        counts = zoo.predict_file(
            run,
            source,
            output,
            **{name: value for name, value in reading.items() if value},
            progress=(lambda done: None) if verbosity[0] else _show_progress,
            to=stdout,
            **options,
        )
    left = f" and skipped {quantity(counts['skipped'], 'invalid row')}"
    if reading.get("engine"):
        left = f" and wrote {quantity(counts['skipped'], 'row')} without a prediction to the file of errors"
    skipped = left if counts["skipped"] else ""
    wrote = f" Wrote {output}" if output and output != STANDARD_STREAM else ""
    click.echo(printable(f"Predicted {quantity(counts['predicted'], 'input')}{skipped}.{wrote}"), err=True)


def _show_progress(done: int) -> None:
    """Prints progress: a line that is overwritten on a terminal, and otherwise occasional lines."""
    if sys.stderr.isatty():
        click.echo(f"{ERASE}{done:,} predicted", err=True, nl=False)
    elif done % 10_240 == 0:
        click.echo(f"{done:,} predicted", err=True)
