"""`zoo show`."""

from typing import Any

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import list_runs, open_run
from keras_rnn_zoo.artifacts.run import models_dir as runs_folder
from keras_rnn_zoo.display.printing import printable, shell_quote
from keras_rnn_zoo.listings.pages import find_architecture, show_architecture
from keras_rnn_zoo.listings.run_page import run_as_json, show_run
from keras_rnn_zoo.training.config_file import settings_of
from zoo_cli.completion import complete_shown
from zoo_cli.options import chosen_dataset, data_options, models_dir_option
from zoo_cli.tables import print_json, print_tables


@click.command("show")
@click.argument("name", shell_complete=complete_shown)
@data_options("Set an option of your files, such as encoding=cp1252. May be repeated.")
@models_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    name: str,
    dataset: str | None,
    columns: str | None,
    pairs: tuple[str, ...],
    data_dir: str | None,
    models_dir: str | None,
    as_json: bool,
) -> None:
    """Show the facts about an architecture, a run, or a trained network.

    NAME is an architecture, a run, a trained network, or the path of a run's folder. If an architecture and a run have
    the same name, NAME is the architecture; pass the path to see the run.

    For an architecture, shows its options, datasets, inputs, and outputs. The options and the endpoint depend on the
    task and the kind of input of the dataset. For a run, shows its metrics, settings, and files.

    \b
    Example:
      zoo show many_to_one
      zoo show many_to_one --dataset spoken_digit
      zoo show many_to_one --dataset csv:reviews.csv --columns text=review,label=stars
      zoo show saved_models/many_to_one
    """
    if find_architecture(name, models_dir) is None:
        if dataset or columns or pairs or data_dir:
            raise click.UsageError("--dataset, --columns, --set, and --data-dir are for architectures, not for runs.")
        _show_run(name, models_dir, as_json)
        return
    entry, chosen, _ = chosen_dataset(name, dataset, columns, data_dir, pairs)
    if as_json:
        print_json(_as_json(entry, chosen))
        return
    tables = show_architecture(entry, chosen)
    click.echo(printable(tables.title))
    print_tables(tables.values())
    folder = runs_folder(models_dir)
    if entry.name in list_runs(folder):
        click.echo(printable(f"There is also a run of this name:\n  zoo show {shell_quote(folder / entry.name)}"))


def _show_run(name: str, models_dir: str | None, as_json: bool) -> None:
    run = open_run(name, models_dir)
    if as_json:
        print_json(run_as_json(run))
        return
    tables = show_run(run)
    click.echo(printable(tables.title))
    print_tables(tables.values())


def _as_json(entry: registry.Architecture, chosen: registry.Dataset) -> dict[str, Any]:
    options = registry.relevant_options(entry, chosen).values()
    input = chosen.model_options["input"]
    return {
        "name": entry.name,
        "aliases": list(entry.aliases),
        "alias_datasets": dict(entry.alias_datasets),
        "summary": entry.summary,
        "options": [{**option.as_json(), "default": chosen.default_of(option)} for option in options],
        "training": [{**option.as_json(), "default": default} for option, default, _ in settings_of(chosen)],
        "datasets": [dataset.name for dataset in registry.datasets_of(entry)],
        "default_dataset": registry.default_dataset(entry).name,
        "endpoint": registry.endpoint_of(chosen),
        "formats": [format.name for format in registry.export_formats.entries() if input not in format.unsupported],
    }
