"""`zoo tune`."""

import sys
from typing import Any

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.display.printing import one_line, shell_quote
from keras_rnn_zoo.options import parse_options
from keras_rnn_zoo.training.config_file import SETTINGS
from keras_rnn_zoo.tuning.space import parse_search
from zoo_cli.completion import complete_architecture, complete_setting
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import (
    columns_option,
    data_dir_option,
    dataset_option,
    models_dir_option,
    own_files_options,
    split_pairs,
)
from zoo_cli.tables import print_json, print_table, print_tables


@click.command("tune")
@click.argument("name", shell_complete=complete_architecture)
@dataset_option
@columns_option
@own_files_options
@data_dir_option
@click.option("--trials", type=int, default=30, show_default=True, help="Number of trials of the whole search.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Begin no further trial after this time.")
@click.option(
    "--search",
    "searched",
    metavar="KEY[=VALUES]",
    multiple=True,
    show_default="all that have a range",
    help="Search an option, such as units, units=16..256, or cell=lstm,gru. May be repeated.",
)
@click.option(
    "--set",
    "pairs",
    metavar="KEY=VALUE",
    multiple=True,
    shell_complete=complete_setting,
    help="Set an option of all trials, such as epochs=5. May be repeated.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed.")
@click.option("--run", show_default="NAME_tuned", help="Name of the run.")
@click.option("--overwrite", is_flag=True, help="Discard the trials of an earlier search of the same name.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@models_dir_option
@with_verbosity
def command(
    name: str,
    dataset: str | None,
    columns: str | None,
    validation: str | None,
    test: str | None,
    skip_bad_rows: bool | None,
    searched: tuple[str, ...],
    pairs: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **arguments: Any,
) -> None:
    """Search the options of an architecture, and keep the best run.

    The first trial has the defaults. Trials are compared on the validation split; only the best run is measured on the
    test split. Run the command again to resume a search that was interrupted or killed, or to add trials with a larger
    --trials. Run it in several terminals at a time to share the trials among processes.

    Needs the extra tune: pip install "keras-rnn-zoo[tune]".

    \b
    Example:
      zoo tune many_to_one --dataset csv:reviews.csv --trials 20
      zoo tune many_to_one --search units=16..256 --search cell=lstm,gru
    """
    import keras_rnn_zoo as zoo

    architecture, given = registry.architectures.get(name), split_pairs(pairs)
    files = {"columns": columns, "validation": validation, "test": test, "skip_bad_rows": skip_bad_rows}
    options: dict[str, Any] = {key: value for key, value in files.items() if value is not None}
    if dataset is None:
        data = registry.default_dataset(architecture, name)
    else:
        data = registry.find_dataset(
            dataset, architecture.tasks, {**options, **given, "data_dir": arguments["data_dir"]}
        )
    known = {**SETTINGS, **registry.options_of(architecture, data)}
    options |= parse_options(known, given, architecture.name)
    search = parse_search(known, searched, architecture.name)
    with frameworks(quiet, verbose):
        study = zoo.tune(name, dataset=data, search=search, **arguments, **options)
    if as_json:
        print_json(study.as_json())
        return
    print_tables([study.trials])
    if study.importance:
        print_table(
            "importance", ("option", "share"), [(key, f"{share:.2f}") for key, share in study.importance.items()]
        )
    click.echo(study.run.result)
    click.echo(one_line(f"Wrote the run to {study.run.path}"))
    if not quiet and sys.stdout.isatty():
        click.echo(f"Next:\n  zoo show {shell_quote(study.run.name)}")
