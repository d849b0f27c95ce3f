"""`zoo export`."""

import os

import click

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.export import serve_commands
from keras_rnn_zoo.display.printing import one_line
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import data_dir_option, models_dir_option, run_argument


@click.command("export")
@run_argument()
@click.option(
    "--format",
    "format_",
    type=click.Choice(registry.export_formats.names()),
    default="saved_model",
    show_default=True,
    help="Format of the export. zoo show NAME lists the available formats.",
)
@click.option("--quantize", is_flag=True, help="Quantize the weights to 8 bits (tflite only).")
@click.option(
    "--streaming",
    is_flag=True,
    help="Export the endpoints start and step, which read inputs in parts. For models with bidirectional=false, and "
    "forecasts.",
)
@click.option(
    "--output",
    metavar="DIR",
    show_default="the run's folder",
    help="Folder to write the version to, as DIR/1, DIR/2, ...",
)
@click.option("--no-check", is_flag=True, help="Skip the check that compares the export with the run.")
@data_dir_option
@models_dir_option
@with_verbosity
def command(
    run: str | None,
    format_: str,
    quantize: bool,
    streaming: bool,
    output: str | None,
    no_check: bool,
    data_dir: str | None,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Export a run as a SavedModel, or for LiteRT or ONNX.

    Writes the next version of the run's export and prints its path. A SavedModel takes raw inputs, returns predictions,
    and needs only TensorFlow. It is published only if it gives the same predictions as the run for examples of the test
    split, in a process without this package.

    \b
    Example:
      zoo export many_to_one
      zoo export many_to_one --format tflite --quantize
      zoo export many_to_one --streaming
    """
    import keras_rnn_zoo as zoo

    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # Exports must run on any machine, and are compared on the CPU.
    with frameworks(quiet, verbose):
        path = zoo.export(
            run,
            models_dir=models_dir,
            data_dir=data_dir,
            format=format_,
            quantize=quantize,
            streaming=streaming,
            check=not no_check,
            output=output,
        )
    click.echo(one_line(str(path)))
    if registry.export_formats.get(format_).served and not quiet:
        click.echo("Next, to serve the export and send it a request:\n  " + "\n  ".join(serve_commands(path)), err=True)
