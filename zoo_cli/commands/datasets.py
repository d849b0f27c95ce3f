"""`zoo datasets`."""

import click

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from zoo_cli.options import data_dir_option
from zoo_cli.tables import print_json, print_table, print_tables


@click.command("datasets")
@data_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, without the formats of files.")
def command(data_dir: str | None, as_json: bool) -> None:
    """List the datasets, their licenses, whether they are on disk, and the formats of your own files.

    \b
    Example:
      zoo datasets --data-dir ~/tensorflow_datasets
    """
    datasets = zoo.datasets(data_dir)
    if as_json:
        print_json(datasets)
        return
    print_tables([datasets])
    print_table(
        "Formats of your own files; pass an address as --dataset",
        ("address", "tasks", "description"),
        [
            (format.address, ", ".join(registry.tasks_of(format)), format.summary)
            for format in registry.file_formats.entries()
        ],
    )
