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
    "show": "Show the options, datasets, inputs, and outputs of an architecture.",
    "datasets": "List the datasets, their licenses, and whether they are on disk.",
    "init": "Write a configuration file with every option and its default.",
    "train": "Train an architecture and evaluate it on the test split.",
    "evaluate": "Evaluate a run on a split of its dataset.",
    "predict": "Predict INPUTs, lines of standard input, or a whole file.",
    "export": "Export a run as a SavedModel, or for LiteRT or ONNX.",
}
"""The commands in the order of use, with the first line of their help. Each is in the module of its name.

The lines are repeated here so that `zoo --help` need not import the commands.
"""

INTERRUPTED, TERMINATED = 130, 143
"""Exit statuses that shells report for programs ended by Ctrl-C and by SIGTERM."""


def _disable_network(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    """Disables network access until the command ends."""
    ctx.with_resource(offline(value))


offline_option = click.option(
    "--offline",
    is_flag=True,
    expose_value=False,
    callback=_disable_network,
    help="Disable network access, like ZOO_OFFLINE=1.",
)


@functools.cache
def _load(name: str) -> click.Command:
    # A module named `list` would shadow Python's own.
    module = importlib.import_module(f"zoo_cli.commands.{name}{'_' if name == 'list' else ''}")
    command: click.Command = offline_option(module.command)
    return command


class ZooGroup(click.Group):
    """A group that imports commands when they are used, writes UTF-8, and prints an error as one paragraph."""

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
            if error.errno == errno.EPIPE:  # The reader of our output is gone; Click exits quietly.
                raise
            _fail(ctx, f"Error: the system reported: {error}. Check the path, its permissions, and the free space.", 1)


def _write_utf8() -> None:
    """Makes standard output UTF-8, whatever the locale. Invalid UTF-8 from files is written unchanged."""
    if sys.stdout is None:  # It was closed before the command started.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  Open until the process ends.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


def _about_dashes(context: click.Context | None) -> str:
    """Returns how to pass a command an argument that begins with a dash, or "" if it takes no arguments."""
    command = context.command if context else None
    arguments = [param for param in command.params if isinstance(param, click.Argument)] if command else []
    if context is None or not arguments:
        return ""
    *before, name = [argument.make_metavar(context).strip("[].") for argument in arguments]
    return f" Put -- before {name}s that begin with a dash: {' '.join([context.command_path, *before, '--', name])}."


@contextlib.contextmanager
def _printable_usage_errors() -> Iterator[None]:
    """Escapes control characters in arguments that Click repeats in its messages."""
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
    """Makes SIGTERM act like Ctrl-C inside a `with` block, and records it in `terminated`."""

    def interrupt(number: int, frame: Any) -> None:
        terminated.append(number)
        raise KeyboardInterrupt

    # Only the main thread may install a handler, and an existing handler takes precedence.
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
    """Train, evaluate, and export recurrent neural networks by name.

    \b
    Example:
      zoo list
      zoo train many_to_one
      zoo predict many_to_one "the plot is not dull"
      zoo export many_to_one
    """
