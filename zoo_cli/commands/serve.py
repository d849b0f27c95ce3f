"""`zoo serve`."""

import json

import click

from zoo_cli.completion import complete_run
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import models_dir_option


@click.command("serve")
@click.argument("runs", metavar="[RUN]...", nargs=-1, shell_complete=complete_run)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8501, show_default=True, help="Port; 0 for a free one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@models_dir_option
@with_verbosity
def command(
    runs: tuple[str, ...],
    host: str,
    port: int,
    as_json: bool,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Serve runs and exports over HTTP."""
    import sys

    from keras_rnn_zoo.serving.server import serve
    from keras_rnn_zoo.serving.settings import ServingSettings

    stdout = sys.stdout

    def ready(address: str) -> None:
        click.echo(json.dumps({"address": address}) if as_json else address, file=stdout)
        stdout.flush()

    with frameworks(quiet, verbose):
        serve(runs, settings=ServingSettings(host=host, port=port), models_dir=models_dir, ready=ready)
