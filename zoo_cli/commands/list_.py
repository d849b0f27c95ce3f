"""`zoo list`."""

from typing import Any

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.display.printing import printable
from keras_rnn_zoo.networks.index import Network, networks
from zoo_cli.tables import print_json


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List the architectures, their datasets, and their trained networks.

    \b
    Example:
      zoo list
    """
    entries = registry.architectures.entries()
    if as_json:
        print_json([_row(entry) for entry in entries])
        return
    click.echo("Architectures and their datasets. The first dataset is embedded, and the default.")
    # Use Click's definition list: importing Rich for a table would double the run time of this command.
    formatter = click.HelpFormatter(max_width=110)
    formatter.write_dl([(entry.name, _about(entry)) for entry in entries])
    click.echo(printable(formatter.getvalue()), nl=False)
    click.echo("Next:\n  zoo models\n  zoo show NAME\n  zoo train NAME")


def _row(entry: registry.Architecture) -> dict[str, Any]:
    names = [dataset.name for dataset in registry.datasets_of(entry)]
    return {
        "name": entry.name,
        "aliases": list(entry.aliases),
        "summary": entry.summary,
        "datasets": names,
        "default_dataset": names[0] if names else None,
        "networks": [network.name for network in _networks(entry)],
    }


def _about(entry: registry.Architecture) -> str:
    names = [dataset.name for dataset in registry.datasets_of(entry)]
    trained = [f"{network.name} ({network.score}, {network.size})" for network in _networks(entry)]
    more = f" Trained networks: {', '.join(trained)}." if trained else ""
    aliases = f" Aliases: {entry.listed_aliases}." if entry.aliases else ""
    return f"{entry.summary} Datasets: {', '.join(names) or 'your own'}.{more}{aliases}"


def _networks(entry: registry.Architecture) -> list[Network]:
    return [network for network in networks().values() if network.architecture == entry.name]
