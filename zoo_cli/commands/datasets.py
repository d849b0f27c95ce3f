"""`zoo datasets`."""

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import data_dir_path, find_prepared
from zoo_cli.options import data_dir_option
from zoo_cli.tables import print_json, print_table


@click.command("datasets")
@data_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(data_dir: str | None, as_json: bool) -> None:
    """List the datasets, their licenses, and whether they are on disk.

    \b
    Example:
      zoo datasets --data-dir ~/tensorflow_datasets
    """
    rows = [
        {
            "name": entry.name,
            "task": entry.task,
            "source": entry.source,
            "size": entry.size,
            "license": entry.license,
            "embedded": entry.embedded,
            "on_disk": entry.embedded or find_prepared(entry.location, data_dir_path(data_dir)) is not None,
        }
        for entry in registry.datasets.entries()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        "Datasets",
        ("name", "task", "source", "size", "license", "where"),
        [(row["name"], row["task"], row["source"], row["size"], row["license"], _where(row)) for row in rows],
    )


def _where(row: dict[str, object]) -> str:
    if row["embedded"]:
        return "embedded"
    return "on disk" if row["on_disk"] else "to download"
