"""The `zoo` command."""

import contextlib
import errno
import functools
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import click

from keras_rnn_zoo import __version__
from keras_rnn_zoo.errors import TrainingInterrupted, ZooError
from keras_rnn_zoo.offline import offline
from keras_rnn_zoo.printing import printable

COMMANDS = {
    "list": "List the architectures and their datasets.",
    "show": "Show an architecture's options, datasets, input and output.",
    "datasets": "List the datasets, their terms and whether they are on disk.",
    "init": "Write a configuration with every option and its default, for zoo train --config.",
    "train": "Train an architecture, test it on held-out data and write the run.",
    "evaluate": "Measure a run on a split of the dataset it was trained on.",
    "predict": "Answer the INPUTs, or each line of standard input where there are none, or a whole file.",
    "export": "Write the next version of a run's export, and print its path.",
}
"""The commands in the order of use, each in the module of its name, with the first line of its help.

The line stands here, too, since `zoo --help` would else load all that the commands need.
"""

INTERRUPTED, TERMINATED = 130, 143
"""Exit statuses that a shell reports for a program ended by Ctrl-C and by SIGTERM."""


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


@functools.cache
def _load(name: str) -> click.Command:
    # `list` is a name of Python's own, which a module should not take.
    module = importlib.import_module(f"zoo_cli.commands.{name}{'_' if name == 'list' else ''}")
    return offline_option(module.command)


class ZooGroup(click.Group):
    """A group that loads a command when it is used, writes UTF-8, and prints an error as one paragraph."""

    def main(self, *args: Any, **extra: Any) -> Any:
        _write_utf8()
        return super().main(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line.rstrip(".")) for name, line in COMMANDS.items()])

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _printable_usage_errors():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        terminated: list[int] = []
        try:
            with _termination_interrupts(terminated), _printable_usage_errors():
                return super().invoke(ctx)
        except click.NoSuchOption as error:
            raise click.UsageError(f"{error.format_message()}{_about_dashes(error.ctx)}", error.ctx) from None
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


def _write_utf8() -> None:
    """Makes standard output UTF-8, whatever the locale; bytes of a file that are not UTF-8 go out as they came in."""
    if sys.stdout is None:  # It was closed before the command began.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  It stays until the process ends.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


def _about_dashes(context: click.Context | None) -> str:
    """Returns how to give a command an argument that begins with a dash; "" for a command without arguments."""
    command = context.command if context else None
    arguments = [one for one in command.params if isinstance(one, click.Argument)] if command else []
    if context is None or not arguments:
        return ""
    *before, name = [one.make_metavar(context).strip("[].") for one in arguments]
    return f" Put -- before {name}s that begin with a dash: {' '.join([context.command_path, *before, '--', name])}."


@contextlib.contextmanager
def _printable_usage_errors() -> Iterator[None]:
    """Spells out the control characters of arguments that Click repeats in its messages."""
    try:
        yield
    except click.ClickException as error:
        message = printable(error.format_message())
        if message == error.format_message():
            raise
        if isinstance(error, click.UsageError):
            raise click.UsageError(message, error.ctx) from None
        raise click.ClickException(message) from None


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
    click.echo(printable(message), err=True)
    ctx.exit(status)


@offline_option
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
