"""`zoo init`."""

import click

from keras_rnn_zoo.atomic_files import STANDARD_STREAM
from keras_rnn_zoo.display.printing import printable, shell_quote
from keras_rnn_zoo.training.config_file import template, write_template
from zoo_cli.completion import complete_architecture
from zoo_cli.options import chosen_dataset, data_options


@click.command("init")
@click.argument("name", shell_complete=complete_architecture)
@data_options("Set an option in the configuration. May be repeated.")
@click.option("--output", metavar="FILE", show_default="NAME.yaml", help="File to write; - is standard output.")
def command(
    name: str,
    dataset: str | None,
    columns: str | None,
    pairs: tuple[str, ...],
    data_dir: str | None,
    output: str | None,
) -> None:
    """Write a configuration file with every option and its default.

    Pass the file to zoo train --config. Options are commented out, except those that you set here.

    \b
    Example:
      zoo init many_to_one --dataset csv:reviews.csv
      zoo train --config many_to_one.yaml
    """
    architecture, data, chosen = chosen_dataset(name, dataset, columns, data_dir, pairs)
    if data_dir:
        chosen["data_dir"] = data_dir
    configuration = template(architecture, data, chosen)
    if output == STANDARD_STREAM:
        click.echo(printable(configuration), nl=False)
        return
    path = write_template(output or f"{architecture.name}.yaml", configuration)
    if path:  # A pipe or standard output receives only the configuration.
        click.echo(printable(f"Wrote {path}") + f"\nNext:\n  zoo train --config {shell_quote(path)}")
