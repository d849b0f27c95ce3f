"""`zoo list`."""

import click

from keras_rnn_zoo import registry
from zoo_cli.tables import print_json, print_table


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List the architectures and their datasets.

    \b
    Example:
      zoo list
    """
    rows = [
        {
            "name": entry.name,
            "aliases": list(entry.aliases),
            "summary": entry.summary,
            "datasets": [dataset.name for dataset in registry.datasets_of(entry)],
            "default_dataset": registry.default_dataset(entry).name,
        }
        for entry in map(registry.architectures.get, registry.list_architectures())
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        "Architectures (the first dataset is embedded and the default)",
        ("name", "aliases", "what it does", "datasets"),
        [(row["name"], ", ".join(row["aliases"]), row["summary"], ", ".join(row["datasets"])) for row in rows],
    )
    click.echo("Next: zoo show NAME, or zoo train NAME")
