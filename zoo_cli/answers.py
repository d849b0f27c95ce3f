"""What `zoo predict` prints: an answer to each input, also while a user types them."""

import contextlib
import os
import sys
from collections.abc import Mapping
from typing import IO, Any

import click

from keras_rnn_zoo.display.printing import printable
from keras_rnn_zoo.errors import ZooError
from zoo_cli.status import StatusStream

MAX_SHOWN = 60
"""Maximum number of characters of an input shown next to its prediction."""
PROMPT = "> "


def answer(task: Any, text: bytes, prediction: Mapping[str, Any]) -> str:
    """Returns the line for an input: its prediction in words, or "(nothing)" if that is empty; and the input, cut."""
    words = " ".join(text.decode("utf-8", "replace").split())
    shown = words if len(words) <= MAX_SHOWN else f"{words[:MAX_SHOWN]}..."
    return printable(f"{task.describe(prediction) or '(nothing)'}  {shown}".rstrip())


def converse(loaded: Any, by_path: bool, options: Mapping[str, Any], stdout: IO[str], status: StatusStream) -> None:
    """Predicts what a user types, line by line, until the end of the input (Ctrl-D).

    Args:
        loaded: what `zoo.load` returned.
        by_path: whether a line is the path of a file with the input.
        options: options of prediction.
        stdout: standard output, which `frameworks` has redirected.
        status: what `frameworks` yielded.
    """
    with contextlib.suppress(ImportError):  # Lets users edit lines and recall earlier ones. Windows has no such module.
        import readline  # noqa: F401
    status.clear()
    click.echo("Type an input and press Enter. Ctrl-D ends.", err=True)
    while (line := _read_line(stdout)) is not None:
        if not line.strip():
            continue
        text = os.fsencode(line)
        try:
            (prediction,) = loaded.predict([line if by_path else text], **options)
            status.clear()
        except ZooError as error:
            status.clear()
            click.echo(printable(f"Error: {error}"), err=True)
            continue
        # The user has just typed the input.
        click.echo(answer(loaded.task, b"", prediction), file=stdout)


def _read_line(stdout: IO[str]) -> str | None:
    """Returns the next line that the user types, or `None` at the end."""
    # A prompt among predictions that go to a file would be taken for one: then it goes to standard error.
    with contextlib.redirect_stdout(stdout if stdout.isatty() else sys.stderr):
        try:
            return input(PROMPT)
        except EOFError:
            click.echo(err=True)
            return None
