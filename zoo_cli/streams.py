"""What `zoo predict --stream` prints: answers while standard input is still coming in."""

import codecs
import io
import json
import sys
from collections.abc import Iterator
from typing import IO, Any, cast

import click

from keras_rnn_zoo.display.printing import json_printable, printable
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.encodings import encoding_of
from zoo_cli.status import StatusStream

BLOCK = 2**15
"""Maximum number of bytes of samples to read at once."""


def answer_stream(
    stream: Any, input: str, encoding: str | None, stdout: IO[str], status: StatusStream, *, as_json: bool
) -> None:
    """Feeds standard input to a stream as it comes, and prints each answer at once.

    Args:
        stream: what `zoo.stream` returned.
        input: the kind of input.
        encoding: the encoding of a text; `None` for UTF-8.
        stdout: standard output, which `frameworks` has redirected.
        status: what `frameworks` yielded.
        as_json: whether to print each answer as a line of JSON.
    """
    task = stream.task
    by_steps = task.answers == "steps"
    answers = _fed(stream, _parts(input, encoding or ""), may_have_header=input == "window")
    for answer in _then_finish(answers, stream) if by_steps or input == "audio" else answers:
        status.clear()
        if as_json:
            click.echo(json_printable(json.dumps(answer, ensure_ascii=False)), file=stdout)
        elif words := task.describe_answer(answer):
            click.echo(printable(words) + task.answer_end, file=stdout, nl=False)
        stdout.flush()
    if not as_json and not task.answer_end:
        click.echo(file=stdout)


def _then_finish(answers: Iterator[Any], stream: Any) -> Iterator[Any]:
    yield from answers
    yield stream.finish()


def _parts(input: str, encoding: str) -> Iterator[tuple[str, Any]]:
    """Yields the parts of standard input, and where they are: lines, or for recordings blocks of 16-bit samples."""
    source = cast(io.BufferedReader, sys.stdin.buffer)
    if input == "audio":
        held = b""
        while block := source.read1(BLOCK):  # What there is.
            held += block
            whole = len(held) // 2 * 2
            yield "standard input", held[:whole]
            held = held[whole:]
        return
    for number, line in enumerate(_lines(source, encoding), 1):
        if input == "text" or line.strip():
            yield f"standard input, line {number}", line


def _fed(stream: Any, parts: Iterator[tuple[str, Any]], *, may_have_header: bool) -> Iterator[Any]:
    """Yields the answers of a stream to parts, the first of which may be a line with the names of columns."""
    for where, part in parts:
        if may_have_header and stream.read_header(part):
            may_have_header = False
            continue
        may_have_header = False
        try:
            yield stream.feed(part)
        except DataError as error:
            raise DataError(f"{where}: {error}") from error


def _lines(source: IO[bytes], encoding: str) -> Iterator[str]:
    """Yields the lines of a text as soon as they are complete."""
    line = source.readline()
    name, mark = encoding_of(line, encoding)
    decoder = codecs.getincrementaldecoder(name)("surrogateescape" if name == "utf-8" else "replace")
    line, text = line[mark:], ""
    while line:
        text += decoder.decode(line)
        *complete, text = text.splitlines(keepends=True) or [""]
        yield from complete
        if text.endswith("\n"):
            yield text
            text = ""
        line = source.readline()
    text += decoder.decode(b"", final=True)  # A character that is cut off.
    if text:
        yield text
