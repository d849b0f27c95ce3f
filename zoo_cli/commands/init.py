"""`zoo init`."""

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.configs import template, write_template
from zoo_cli.options import data_dir_option


@click.command("init")
@click.argument("name")
@click.option("--dataset", metavar="D", help="Dataset, or files as FORM:PATH [default: the embedded one].")
@click.option("--columns", metavar="WORD=COLUMN,...", help="Which column of your files holds what.")
@data_dir_option
@click.option("--output", metavar="FILE", help="File to write [default: NAME.yaml].")
def command(name: str, dataset: str | None, columns: str | None, data_dir: str | None, output: str | None) -> None:
    """Write a configuration with every option and its default, for zoo train --config.

    \b
    Example:
      zoo init many_to_one --dataset csv:reviews.csv
      zoo train --config many_to_one.yaml
    """
    architecture = registry.architectures.get(name)
    given = {"columns": columns or "", "data_dir": data_dir}
    data = (
        registry.find_dataset(dataset, architecture.tasks, given) if dataset else registry.default_dataset(architecture)
    )
    registry.check_pair(architecture, data)
    text = template(architecture, data)
    if columns:
        text = text.replace('# columns: ""', f"columns: {columns!r}")
    path = write_template(output or f"{architecture.name}.yaml", text)
    if path:  # What went to a pipe, or standard output, is the configuration alone.
        click.echo(f"Wrote {path}\nNext:\n  zoo train --config {path}")
