"""`zoo export`."""

import os

import click

from keras_rnn_zoo.artifacts.export import serve_commands
from keras_rnn_zoo.exporting.formats import FORMATS
from keras_rnn_zoo.printing import one_line
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import data_dir_option, models_dir_option


@click.command("export")
@click.argument("run", required=False)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    default="saved_model",
    show_default=True,
    help="What to write; zoo show NAME says which formats there are for it.",
)
@click.option("--quantize", is_flag=True, help="Keep the weights of a tflite file in 8 bits.")
@click.option("--no-check", is_flag=True, help="Do not ask the export and compare its answers.")
@data_dir_option
@models_dir_option
@with_verbosity
def command(
    run: str | None,
    format_: str,
    quantize: bool,
    no_check: bool,
    data_dir: str | None,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Write the next version of a run's export, and print its path.

    A SavedModel takes raw inputs, returns answers and needs stock TensorFlow alone. It is published only if it answers
    examples of the test split as the run does, in a process without this package; what was compared is told.
    RUN is the run's name, by default that of its architecture; it may be left out when there is one such run.

    \b
    Example:
      zoo export many_to_one
      zoo export many_to_one --format tflite --quantize
    """
    import keras_rnn_zoo as zoo

    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # What is exported must answer on any machine, and is compared on a CPU.
    with frameworks(quiet, verbose):
        path = zoo.export(
            run, models_dir=models_dir, data_dir=data_dir, format=format_, quantize=quantize, check=not no_check
        )
    click.echo(one_line(str(path)))
    if format_ == "saved_model" and not quiet:
        click.echo("Next, to serve and ask it:\n  " + "\n  ".join(serve_commands(path)), err=True)
