"""The `zoo` command."""

import contextlib
import errno
import functools
import importlib
import io
import logging
import os
import pkgutil
import re
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import click

from keras_rnn_zoo import __version__
from keras_rnn_zoo.display.printing import printable, short_repr
from keras_rnn_zoo.display.spelling import as_on_command_line
from keras_rnn_zoo.errors import TrainingInterrupted, ZooError, name_hint
from keras_rnn_zoo.offline import offline
from zoo_cli.usage import WORDS, explain_option

logger = logging.getLogger(__name__)

ORDER = (
    *("list", "models", "show", "datasets", "runs", "init", "train", "tune", "evaluate", "compare", "plot"),
    *("predict", "inspect", "export", "serve", "pack", "push", "pull"),
)
"""The commands in the order of use. Others follow by name, and those of plugins come last."""

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


def own_commands() -> dict[str, str]:
    """Returns the modules of the built-in commands by command name: each file in `zoo_cli/commands/` is a command."""
    from zoo_cli import commands

    # A module named `list` would shadow Python's own.
    found = {
        module.name.rstrip("_").replace("_", "-"): module.name for module in pkgutil.iter_modules(commands.__path__)
    }
    rank = {name: index for index, name in enumerate(ORDER)}
    return {name: found[name] for name in sorted(found, key=lambda name: (rank.get(name, len(rank)), name))}


def _plugin_commands() -> dict[str, click.Command]:
    """Returns the commands of plugins by name."""
    from keras_rnn_zoo.entries.plugins import plugins_may_exist

    if not plugins_may_exist():  # Then `zoo --help` need not wait for the registry.
        return {}
    from keras_rnn_zoo import registry

    found = {entry.name: entry for entry in registry.commands.entries()}
    for name in found.keys() & own_commands():
        module = found.pop(name).make.__module__
        logger.warning(
            "The command %r of %s is ignored: zoo has a built-in command with that name. Rename it.", name, module
        )
    return {name: entry.command for name, entry in found.items()}


@functools.cache
def _load(name: str) -> click.Command | None:
    modules = own_commands()
    if name in modules:
        command: click.Command | None = importlib.import_module(f"zoo_cli.commands.{modules[name]}").command
    else:
        command = _plugin_commands().get(name)
    return offline_option(command) if command else None


def _first_line_of_help(module: str) -> str:
    """Returns the first line of a command's help. It is read from the source, because importing the command is slow."""
    source = pkgutil.get_data("zoo_cli.commands", f"{module}.py") or b""
    found = re.search(r'^def command\(.*?^    """([^\n"]*)', source.decode(), re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


class ZooGroup(click.Group):
    """A group that imports commands when they are used, writes UTF-8, and prints an error as one paragraph."""

    def main(self, *args: Any, **extra: Any) -> Any:
        _write_utf8()
        with as_on_command_line():
            return super().main(*args, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[WORDS] = tuple(args)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and self.get_command(ctx, name) is None:
            hint = name_hint(name, self.list_commands(ctx))
            raise click.UsageError(f"There is no command {short_repr(name)}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*own_commands(), *_plugin_commands()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _load(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = {name: _first_line_of_help(module) for name, module in own_commands().items()}
        lines |= {name: (command.help or "").partition("\n")[0] for name, command in _plugin_commands().items()}
        with formatter.section("Commands"):
            formatter.write_dl([(name, line.rstrip(".")) for name, line in lines.items()])

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _printable_usage_errors():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        terminated: list[int] = []
        try:
            with _termination_interrupts(terminated), _printable_usage_errors():
                return super().invoke(ctx)
        except click.NoSuchOption as error:
            raise click.UsageError(explain_option(error, ctx.meta[WORDS]), error.ctx) from None
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
