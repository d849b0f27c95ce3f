"""`zoo init`."""

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.printing import printable, shell_quote
from keras_rnn_zoo.training.config_file import template, write_template
from zoo_cli.options import chosen_dataset, data_options


@click.command("init")
@click.argument("name")
@data_options("A value to set in the configuration.")
@click.option("--output", metavar="FILE", help="File to write [default: NAME.yaml].")
def command(
    name: str,
    dataset: str | None,
    columns: str | None,
    pairs: tuple[str, ...],
    data_dir: str | None,
    output: str | None,
) -> None:
    """Write a configuration with every option and its default, for zoo train --config.

    \b
    Example:
      zoo init many_to_one --dataset csv:reviews.csv
      zoo train --config many_to_one.yaml
    """
    architecture = registry.architectures.get(name)
    data, chosen = chosen_dataset(architecture, dataset, columns, data_dir, pairs)
    if data_dir:
        chosen["data_dir"] = data_dir
    path = write_template(output or f"{architecture.name}.yaml", template(architecture, data, chosen))
    if path:  # What went to a pipe, or standard output, is the configuration alone.
        click.echo(printable(f"Wrote {path}") + f"\nNext:\n  zoo train --config {shell_quote(path)}")
