"""`zoo show`."""

from typing import Any

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.printing import printable
from keras_rnn_zoo.training.config_file import default_of, settings_of
from zoo_cli.options import chosen_dataset, data_options
from zoo_cli.tables import print_json, print_table


@click.command("show")
@click.argument("name")
@data_options("Set an option of your files, such as encoding=cp1252. May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    name: str,
    dataset: str | None,
    columns: str | None,
    pairs: tuple[str, ...],
    data_dir: str | None,
    as_json: bool,
) -> None:
    """Show the options, datasets, inputs, and outputs of an architecture.

    The options and the endpoint depend on the task and the kind of input of the dataset.

    \b
    Example:
      zoo show many_to_one
      zoo show many_to_one --dataset spoken_digit
      zoo show many_to_one --dataset csv:reviews.csv --columns text=review,label=stars
    """
    entry = registry.architectures.get(name)
    chosen, _ = chosen_dataset(entry, dataset, columns, data_dir, pairs)
    if as_json:
        print_json(_as_json(entry, chosen))
        return
    click.echo(printable(f"{entry.name} (aliases: {', '.join(entry.aliases)})\n{entry.summary}\n"))
    _print_options(entry, chosen)
    _print_datasets(entry)
    _print_endpoint(chosen)


def _formats(dataset: registry.Dataset) -> list[tuple[registry.ExportFormat, str]]:
    """Returns each export format, and why a model trained on the dataset has no export in it, or ""."""
    input = dataset.model_options["input"]
    return [(format, format.unsupported.get(input, "")) for format in registry.export_formats.entries()]


def _as_json(entry: registry.Architecture, chosen: registry.Dataset) -> dict[str, Any]:
    options = registry.options_of(entry, chosen).values()
    return {
        "name": entry.name,
        "aliases": list(entry.aliases),
        "summary": entry.summary,
        "options": [{**option.as_json(), "default": chosen.default_of(option)} for option in options],
        "training": [{**option.as_json(), "default": default} for option, default, _ in settings_of(chosen)],
        "datasets": [dataset.name for dataset in registry.datasets_of(entry)],
        "default_dataset": registry.default_dataset(entry).name,
        "endpoint": registry.endpoint_of(chosen),
        "formats": [format.name for format, reason in _formats(chosen) if not reason],
    }


def _print_options(entry: registry.Architecture, chosen: registry.Dataset) -> None:
    options = registry.options_of(entry, chosen).values()
    print_table(
        f"Options for {chosen.name}; set them with zoo train --set KEY=VALUE",
        ("option", "default", "accepts", "description"),
        [(option.name, default_of(option, chosen), option.accepts, option.help) for option in options],
    )
    print_table(
        f"Training settings for {chosen.name}; set them the same way",
        ("setting", "default", "accepts", "description"),
        [(option.name, default, option.accepts, option.help) for option, _, default in settings_of(chosen)],
    )


def _print_datasets(entry: registry.Architecture) -> None:
    rows = []
    for dataset in registry.datasets_of(entry):
        defaults = ", ".join(f"{key}={value}" for key, value in registry.defaults_of(entry, dataset).items())
        rows.append((dataset.name, dataset.task, defaults or "-"))
    print_table("Datasets and the defaults that they change", ("dataset", "task", "defaults"), rows)


def _print_endpoint(chosen: registry.Dataset) -> None:
    sides = registry.endpoint_of(chosen).items()
    print_table(
        f"Default endpoint of a model trained on {chosen.name}",
        ("tensor", "side", "description"),
        [(tensor, side[:-1], meaning) for side, tensors in sides for tensor, meaning in tensors.items()],
    )
    print_table(
        f"Export formats of a model trained on {chosen.name}",
        ("format", "contents, or why it is not available"),
        [
            (format.name, f"not available: {reason}" if reason else format.summary)
            for format, reason in _formats(chosen)
        ],
    )
