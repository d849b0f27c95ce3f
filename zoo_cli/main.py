"""The `zoo` command."""

import contextlib
import errno
import signal
import threading
from collections.abc import Iterator
from typing import Any

import click

from keras_rnn_zoo import __version__
from keras_rnn_zoo.errors import TrainingInterrupted, ZooError
from zoo_cli.commands import datasets, evaluate, export, init, list_, predict, show, train

INTERRUPTED, TERMINATED = 130, 143
"""Exit statuses that a shell reports for a program ended by Ctrl-C and by SIGTERM."""


class ZooGroup(click.Group):
    """A group that lists its commands in the order of use, and prints an error as one paragraph."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        terminated: list[int] = []
        try:
            with _termination_interrupts(terminated):
                return super().invoke(ctx)
        except TrainingInterrupted as error:
            _fail(ctx, f"\n{error}", TERMINATED if terminated else INTERRUPTED)
        except KeyboardInterrupt:
            _fail(ctx, "\nInterrupted.", TERMINATED if terminated else INTERRUPTED)
        except ZooError as error:
            _fail(ctx, f"Error: {error}", 1)
        except OSError as error:
            if error.errno == errno.EPIPE:  # Click ends quietly when the reader of our output has gone.
                raise
            _fail(ctx, f"Error: the system refused: {error}. Check the path, its permissions and the free space.", 1)


@contextlib.contextmanager
def _termination_interrupts(terminated: list[int]) -> Iterator[None]:
    """Within it SIGTERM does what Ctrl-C does, and is noted in `terminated`."""

    def interrupt(number: int, frame: Any) -> None:
        terminated.append(number)
        raise KeyboardInterrupt

    # Only the main thread may say so; and who ignores or handles the signal already should go on to.
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _fail(ctx: click.Context, message: str, status: int) -> None:
    click.echo(message, err=True)
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


for module in (list_, show, datasets, init, train, evaluate, predict, export):
    cli.add_command(module.command)
