"""`zoo list`."""

from typing import Any

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.printing import printable
from zoo_cli.tables import print_json


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List the architectures and their datasets.

    \b
    Example:
      zoo list
    """
    rows = [_row(registry.architectures.get(name)) for name in registry.list_architectures()]
    if as_json:
        print_json(rows)
        return
    click.echo("Architectures and their datasets. The first dataset is embedded, and the default.")
    # Use Click's definition list: importing Rich for a table would double the run time of this command.
    formatter = click.HelpFormatter(max_width=110)
    formatter.write_dl([(row["name"], _about(row)) for row in rows])
    click.echo(printable(formatter.getvalue()), nl=False)
    click.echo("Next:\n  zoo show NAME\n  zoo train NAME")


def _row(entry: registry.Architecture) -> dict[str, Any]:
    names = [dataset.name for dataset in registry.datasets_of(entry)]
    return {
        "name": entry.name,
        "aliases": list(entry.aliases),
        "summary": entry.summary,
        "datasets": names,
        "default_dataset": names[0] if names else None,
    }


def _about(row: dict[str, Any]) -> str:
    aliases = f" Aliases: {', '.join(row['aliases'])}." if row["aliases"] else ""
    return f"{row['summary']} Datasets: {', '.join(row['datasets']) or 'your own'}.{aliases}"
