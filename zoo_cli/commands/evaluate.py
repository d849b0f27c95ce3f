"""`zoo evaluate`."""

from collections.abc import Mapping
from typing import Any

import click

from keras_rnn_zoo.display.printing import printable, quantity
from zoo_cli.drawings import can_draw, draw_matrix
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import (
    columns_option,
    data_dir_option,
    engine_option,
    models_dir_option,
    run_argument,
    skip_bad_rows_option,
    split_runs,
)
from zoo_cli.tables import print_json, print_table

MATRIX_CLASSES, CONFUSIONS = 25, 20
"""The largest number of classes whose confusion matrix is printed, and the number of pairs listed for more classes."""


@click.command("evaluate")
@run_argument("The names of several, with commas between them, are evaluated together.")
@click.argument("runner", metavar="[-- RUNNER_OPTION...]", nargs=-1)
@click.option(
    "--split",
    show_default="test; all rows of other data",
    help="Split to evaluate on: test, validation, or train.",
)
@click.option("--dataset", metavar="DATASET", show_default="that of the run", help="Labeled data to evaluate on.")
@columns_option
@skip_bad_rows_option
@engine_option("Let many workers predict, on Apache Beam; options of its runner follow --.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_dir_option
@models_dir_option
@with_verbosity
def command(
    run: str | None,
    runner: tuple[str, ...],
    split: str | None,
    dataset: str | None,
    columns: str | None,
    skip_bad_rows: bool | None,
    engine: str | None,
    as_json: bool,
    data_dir: str | None,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Evaluate a run on a split of its dataset, or on other labeled data.

    Of other data, such as csv:FILE, all rows are used. Its classes must be those of the run.

    With --engine beam, the workers of an Apache Beam runner predict parts of the data, and the metrics are the same.

    \b
    Example:
      zoo evaluate many_to_one --split validation
      zoo evaluate first,second,third
      zoo evaluate many_to_one --dataset csv:new.csv --columns text=review,label=stars
      zoo evaluate many_to_one --dataset 'csv:part-*.csv' --engine beam -- --direct_num_workers=4
    """
    import keras_rnn_zoo as zoo

    run, runner = _with_runner(run, runner, engine)
    given = {"columns": columns, "skip_bad_rows": skip_bad_rows, "engine": engine, "runner": runner or None}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    with frameworks(quiet, verbose):
        scorecard = zoo.evaluate(
            split_runs(run), dataset=dataset, split=split, data_dir=data_dir, models_dir=models_dir, **options
        )
    if as_json:
        print_json(scorecard.as_json())
        return
    part = (
        f"all of {scorecard.dataset}"
        if scorecard.split == "all"
        else f"the {scorecard.split} split of {scorecard.dataset}"
    )
    title = f"{scorecard.run} on {part}, {quantity(scorecard.examples, 'example')}"
    print_table(title, ("metric", "value"), [(name, f"{value:.4f}") for name, value in scorecard.items()])
    _print_report(scorecard.report, quiet)


def _print_report(report: Mapping[str, Any], quiet: bool) -> None:
    for name, value in report.items():
        if name == "confusion_matrix" and can_draw(quiet) and draw_matrix(value):
            continue
        if name == "confusion_matrix" and len(value["labels"]) <= MATRIX_CLASSES:
            rows = [(label, *counts) for label, counts in zip(value["labels"], value["rows"], strict=True)]
            print_table("confusion matrix", ("true \\ predicted", *value["labels"]), rows)
        elif name == "confusion_matrix":
            _print_confusions(_confusions(value))
        elif name == "confusions":
            _print_confusions([(pair["true"], pair["predicted"], pair["examples"]) for pair in value])
        elif name == "baselines":
            names = list(dict.fromkeys(metric for scores in value.values() for metric in scores))
            rows = [(one, *(f"{scores[metric]:.4f}" for metric in names)) for one, scores in value.items()]
            print_table("simple forecasts of the same windows", ("forecast", *names), rows)
        elif isinstance(value, Mapping):  # Lists of it are in metrics.json.
            numbers = {key: number for key, number in value.items() if isinstance(number, float)}
            if numbers:
                shown = ", ".join(f"{key} {number:.4f}" for key, number in numbers.items())
                click.echo(printable(f"{name.replace('_', ' ')}: {shown}"))
        else:
            shown = f"{value:.4f}" if isinstance(value, float) else value
            click.echo(printable(f"{name.replace('_', ' ')}: {shown}"))


def _with_runner(run: str | None, runner: tuple[str, ...], engine: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Returns the run and the options of the runner, the first of which is in the place of a run that is omitted."""
    if engine and run and run.startswith("--"):
        return None, (run, *runner)
    if runner and not engine:
        raise click.UsageError(
            f"Got unexpected extra argument ({runner[0]}). Name one RUN; options of a runner require --engine beam."
        )
    return run, runner


def _confusions(matrix: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Returns `(true class, predicted class, count)` for each confusion, the most frequent first."""
    labels = matrix["labels"]
    pairs = [
        (true, predicted, count)
        for true, counts in zip(labels, matrix["rows"], strict=True)
        for predicted, count in zip(labels, counts, strict=True)
        if count and predicted != true
    ]
    return sorted(pairs, key=lambda pair: -pair[2])


def _print_confusions(pairs: list[tuple[str, str, int]]) -> None:
    print_table("most frequent confusions", ("true", "predicted", "examples"), pairs[:CONFUSIONS])
