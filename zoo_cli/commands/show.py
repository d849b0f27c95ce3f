"""`zoo show`."""

import json

import click

from keras_rnn_zoo import registry
from zoo_cli.tables import print_json, print_table


@click.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(name: str, as_json: bool) -> None:
    """Show an architecture's options, datasets, input and output.

    \b
    Example:
      zoo show many_to_one
    """
    entry = registry.architectures.get(name)
    default = registry.default_dataset(entry)
    options = registry.options_of(entry, default)
    datasets = registry.datasets_of(entry)
    endpoint = registry.tasks.get(default.task).endpoint
    if as_json:
        print_json(
            {
                "name": entry.name,
                "aliases": list(entry.aliases),
                "summary": entry.summary,
                "options": [option.as_json() for option in options.values()],
                "datasets": [dataset.name for dataset in datasets],
                "default_dataset": default.name,
                "endpoint": {side: dict(tensors) for side, tensors in endpoint.items()},
            }
        )
        return
    click.echo(f"{entry.name} (also: {', '.join(entry.aliases)})\n{entry.summary}\n")
    print_table(
        "Options, given to zoo train as --set KEY=VALUE",
        ("option", "default", "accepts", "meaning"),
        [
            (option.name, "from data" if option.from_data else json.dumps(option.default), option.accepts, option.help)
            for option in options.values()
        ],
    )
    print_table(
        "Datasets and what they change of the defaults",
        ("dataset", "task", "changes"),
        [(d.name, d.task, ", ".join(f"{key}={value}" for key, value in d.defaults.items()) or "-") for d in datasets],
    )
    print_table(
        "The exported model's default endpoint",
        ("tensor", "side", "meaning"),
        [(tensor, side[:-1], meaning) for side, tensors in endpoint.items() for tensor, meaning in tensors.items()],
    )
