"""`zoo serve`."""

import json
import sys

import click

from keras_rnn_zoo.display.printing import json_printable
from zoo_cli.completion import complete_run
from zoo_cli.frameworks import frameworks, with_verbosity
from zoo_cli.options import models_dir_option


@click.command("serve")
@click.argument("runs", metavar="[RUN]...", nargs=-1, shell_complete=complete_run)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8501, show_default=True, help="Port; 0 for a free one.")
@click.option(
    "--token",
    default="",
    envvar="ZOO_SERVE_TOKEN",
    show_envvar=True,
    show_default="none for this machine alone; else random",
    help="Token that clients must present.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the address as JSON.")
@models_dir_option
@with_verbosity
def command(
    runs: tuple[str, ...],
    host: str,
    port: int,
    token: str,
    as_json: bool,
    models_dir: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Serve runs and exports over HTTP, with a page to try them.

    Prints the address, and serves until Ctrl-C. Clients of TensorFlow Serving and of the Open Inference Protocol
    (KServe, Triton) work unchanged; people open the address in a browser.

    RUN is the name of a run or of a trained network, or the path of an export. The path of a folder with versions of an
    export serves the highest one, and takes up new ones. NAME=RUN serves it by another name. Without RUN, all runs are
    served.

    Only this machine can reach the server. With --host 0.0.0.0, others can, and must present the token.

    \b
    Example:
      zoo serve
      zoo serve toy_reviews
      zoo serve many_to_one saved_models/ctc/1 --port 8080
      zoo serve sentiment=saved_models/many_to_one/2
      zoo serve many_to_one --host 0.0.0.0
    """
    import keras_rnn_zoo as zoo

    stdout = sys.stdout

    def ready(address: str) -> None:
        status.clear()
        line = json_printable(json.dumps({"address": address})) if as_json else f"Serving on {address} (Ctrl-C ends)"
        click.echo(line, file=stdout)
        stdout.flush()

    with frameworks(quiet, verbose) as status:
        zoo.serve(runs, host=host, port=port, token=token, models_dir=models_dir, ready=ready)
