"""The `zoo` command."""

import errno
from typing import Any

import click

from keras_rnn_zoo import __version__
from keras_rnn_zoo.errors import TrainingInterrupted, ZooError
from keras_rnn_zoo.network import offline
from zoo_cli.commands import datasets, evaluate, export, init, list_, predict, show, train
from zoo_cli.tables import printable

INTERRUPTED = 130
"""Exit status that a shell reports for a program ended by Ctrl-C."""


class ZooGroup(click.Group):
    """A group that lists its commands in the order of use, and prints an error as one paragraph."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TrainingInterrupted as error:
            _fail(ctx, f"\n{error}", INTERRUPTED)
        except KeyboardInterrupt:
            _fail(ctx, "\nInterrupted.", INTERRUPTED)
        except ZooError as error:
            _fail(ctx, f"Error: {error}", 1)
        except OSError as error:
            if error.errno == errno.EPIPE:  # Click ends quietly when the reader of our output has gone.
                raise
            _fail(ctx, f"Error: the system refused: {error}. Check the path, its permissions and the free space.", 1)


def _fail(ctx: click.Context, message: str, status: int) -> None:
    click.echo(printable(message), err=True)
    ctx.exit(status)


@click.group(cls=ZooGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="zoo")
def cli() -> None:
    """Recurrent networks by name: train, measure, ask and export them.

    \b
    Example:
      zoo list
      zoo train many_to_one
      zoo predict many_to_one "the plot is not dull"
      zoo export many_to_one
    """


def _forbid_network(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Keeps the network out until the command ends."""
    ctx.with_resource(offline(wanted))


offline_option = click.option(
    "--offline",
    is_flag=True,
    expose_value=False,
    callback=_forbid_network,
    help="Ask the network for nothing [default: as $ZOO_OFFLINE says].",
)
offline_option(cli)
for module in (list_, show, datasets, init, train, evaluate, predict, export):
    cli.add_command(offline_option(module.command))
