"""Loads TensorFlow and Keras for the commands, and suppresses their output."""

import contextlib
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import IO, Any

import click

from keras_rnn_zoo.display.printing import printable
from keras_rnn_zoo.frameworks.quiet import PrintableFormatter, default_hook, import_hook, silence_logs
from zoo_cli.status import StatusHandler, StatusStream

verbosity_options = [
    click.option("-q", "--quiet", is_flag=True, help="Print only results and errors."),
    click.option("-v", "--verbose", is_flag=True, help="Print the output of the frameworks, too."),
]


def with_verbosity(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options `--quiet` and `--verbose` to a command."""
    for option in reversed(verbosity_options):
        function = option(function)
    return function


@contextlib.contextmanager
def frameworks(quiet: bool = False, verbose: bool = False) -> Iterator[StatusStream]:
    """Sends progress and logs to standard error inside a `with` block, and yields the stream that they are written to.

    Unless `verbose`, the output of the frameworks is discarded. It stays so until the process ends.

    Args:
        quiet: whether to log only warnings and errors.
        verbose: whether to log debug messages and the output of the frameworks.
    """
    logger = logging.getLogger("keras_rnn_zoo")
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO)
    logger.propagate = False  # TFDS adds a handler to the root logger.
    stream = StatusStream(sys.stderr)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PrintableFormatter())
    logger.addHandler(handler)
    status = logging.getLogger("keras_rnn_zoo.display.status")
    status.setLevel(logging.WARNING if quiet else logging.DEBUG)
    status.propagate = False  # A status is for a terminal, not for a log.
    status_handler = StatusHandler(stream)
    status.addHandler(status_handler)
    default_hook.remove()
    hook = import_hook(quiet=not verbose)
    hook.install()
    if not verbose:
        silence_logs()
    try:
        # Keras writes its progress bar to standard output.
        with warnings.catch_warnings(), contextlib.redirect_stdout(stream):
            warnings.showwarning = _show_warning
            if not verbose:
                warnings.simplefilter("ignore")
            yield stream
    finally:
        stream.clear()
        status.removeHandler(status_handler)
        status.setLevel(logging.NOTSET)
        status.propagate = True
        logger.removeHandler(handler)
        logger.propagate = True
        hook.remove()


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: IO[str] | None = None,
    line: str | None = None,
) -> None:
    """Prints a warning as Python does, with control characters escaped."""
    (file or sys.stderr).write(printable(warnings.formatwarning(message, category, filename, lineno, line)))
