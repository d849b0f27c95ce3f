"""`zoo evaluate`."""

import click

from keras_rnn_zoo.printing import printable
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import data_dir_option, models_dir_option
from zoo_cli.tables import print_json, print_table


@click.command("evaluate")
@click.argument("run", required=False)
@click.option("--split", default="test", show_default=True, help="Split to measure on: test, validation or train.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_dir_option
@models_dir_option
@with_verbosity
def command(
    run: str | None,
    split: str,
    as_json: bool,
    data_dir: str | None,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Measure a run on a split of the dataset it was trained on.

    RUN is the run's name, by default that of its architecture; it may be left out when there is one such run.

    \b
    Example:
      zoo evaluate many_to_one --split validation
    """
    import keras_rnn_zoo as zoo

    with frameworks(quiet, verbose):
        scorecard = zoo.evaluate(run, split=split, data_dir=data_dir, models_dir=models_dir)
    if as_json:
        print_json(scorecard.as_json())
        return
    title = f"{scorecard.run} on the {split} split of {scorecard.dataset}, {scorecard.examples:,} examples"
    print_table(title, ("metric", "value"), [(name, f"{value:.4f}") for name, value in scorecard.items()])
    for name, value in scorecard.report.items():
        if isinstance(value, dict):
            rows = [(label, *counts) for label, counts in zip(value["labels"], value["rows"], strict=True)]
            print_table(name.replace("_", " "), ("true \\ predicted", *value["labels"]), rows)
        else:
            shown = f"{value:.4f}" if isinstance(value, float) else value
            click.echo(printable(f"{name.replace('_', ' ')}: {shown}"))
