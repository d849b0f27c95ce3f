"""Text files as people have them: with or without a byte order mark, compressed or not, with any line ends."""

import codecs
import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from keras_rnn_zoo.atomic_files import file_digest
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.encodings import encoding_of, marked_encoding
from keras_rnn_zoo.user_data.rows import BadRow, existing_file

LONGEST_LINE = 64 * 2**20
"""Bytes after which a line is taken for what is no text file; characters in UTF-16 and the like.

One line is held in memory, whatever a file unpacks to.
"""
HEAD, FIRST_LINE = 2**12, 2**20
"""Bytes that tell the encoding, and in which a line feed is looked for where those have none."""
HELD = 2**22
"""Bytes of the largest file whose content stays in memory, so that it is opened and read once."""


class Mark(NamedTuple):
    """A place in a file to begin reading at: bytes and lines before it."""

    offset: int
    line: int


class TextFile:
    """Lines of a text file, gzip or not, read one after another.

    Bytes that are no characters become lone surrogates, as by the error handler `surrogateescape`, so that they are
    found again where they are.

    Args:
        place: the path.
        encoding: the encoding; "" for UTF-8. A byte order mark wins over it.
    """

    def __init__(self, place: str, encoding: str = "") -> None:
        self.path = existing_file(place)
        with open(self.path, "rb") as raw:
            content = raw.read(HELD + 1)
        self.zipped = content.startswith(b"\x1f\x8b")
        self.content = content if len(content) <= HELD else None
        """The content of a file of up to `HELD` bytes, else `None`."""
        with self.opened() as file:
            head = file.read(HEAD)
            more = file.read(FIRST_LINE) if b"\r" in head and b"\n" not in head else b""
        self.encoding, size = encoding_of(head, encoding)
        self.start = Mark(size, 0)
        # A line feed is another byte, or more than one, in UTF-16, UTF-32 and EBCDIC.
        self.wide = "\n".encode(self.encoding) != b"\n"
        text = (head + more)[size:].decode(self.encoding, "replace")
        self.carriage = "\r" in text and "\n" not in text  # Line ends of the Macintosh of long ago.
        if b"\x00" in head and not self.wide:
            raise DataError(
                f"{self.path} is no text file: it holds a zero byte. Name a file of text, or its encoding, such as "
                "--set encoding=utf-16."
            )

    @property
    def seekable(self) -> bool:
        """Whether reading can begin at any `Mark`."""
        return not (self.zipped or self.wide or self.carriage)

    @contextlib.contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Opens the file, unpacked; raises `DataError` within the block if it is damaged."""
        with contextlib.ExitStack() as stack:
            raw = io.BytesIO(self.content) if self.content is not None else stack.enter_context(open(self.path, "rb"))
            stack.enter_context(_telling(self.path))
            yield cast(IO[bytes], stack.enter_context(gzip.GzipFile(fileobj=raw)) if self.zipped else raw)

    def digest(self) -> str:
        """Returns the SHA-256 of the file's content, in hexadecimal digits."""
        import hashlib

        return file_digest(self.path) if self.content is None else hashlib.sha256(self.content).hexdigest()

    def lines(self, mark: Mark | None = None) -> Iterator[tuple[str, int]]:
        """Gives each line with its end, decoded, and the number of bytes up to its end."""
        mark = mark or self.start
        offset = mark.offset
        with self.opened() as file:
            file.seek(offset)
            if self.wide:
                with io.TextIOWrapper(file, self.encoding, newline="\r" if self.carriage else "\n") as text:
                    for line in iter(lambda: text.readline(LONGEST_LINE), ""):
                        self._check_length(line)
                        yield (line.replace("\r", "\n") if self.carriage else line), 0
                return
            for content in _split_at_returns(file) if self.carriage else iter(lambda: file.readline(LONGEST_LINE), b""):
                self._check_length(content)
                offset += len(content)
                yield content.decode(self.encoding, "surrogateescape"), offset

    def _check_length(self, line: str | bytes) -> None:
        if len(line) >= LONGEST_LINE:
            raise DataError(f"{self.path} is no text file: a line of it is longer than {LONGEST_LINE // 2**20} MiB.")


def likely_encoding(place: str, usual: str) -> str:
    """Returns the encoding to name for a file like others: "" where a byte order mark or its bytes tell UTF-8.

    Args:
        place: the path.
        usual: the encoding of the other files; "" for UTF-8.
    """
    if not usual:
        return ""
    path = existing_file(place)
    with open(path, "rb") as raw, _telling(path):
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        head = (gzip.GzipFile(fileobj=raw) if zipped else raw).read(2**20)
    if marked_encoding(head):
        return ""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return usual
    # Texts in another encoding are hardly ever valid UTF-8 by chance.
    return usual if text.isascii() or "\x00" in text else ""


@contextlib.contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Turns the errors of a damaged file into a `DataError`."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is cut short or damaged: {error}. Copy it again.") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} cannot be decoded as {error.encoding} ({error.reason}). Name its encoding: --set encoding=NAME."
        ) from error
    except UnicodeError as error:  # A codec's own, such as that of UTF-16 without a byte order mark.
        raise DataError(f"{path} cannot be decoded ({error}). Name its encoding: --set encoding=NAME.") from error


def _split_at_returns(file: IO[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []  # Of the line that has not ended yet.
    while block := file.read(2**16):
        *lines, rest = block.split(b"\r")
        for line in lines:
            yield b"".join([*parts, line, b"\n"])
            parts = []
        parts.append(rest)
        if len(parts) > LONGEST_LINE // 2**16:
            break  # What follows is left unread: the line is too long as it is.
    if any(parts):
        yield b"".join(parts)


def undecodable(text: str, encoding: str) -> str:
    """Returns what is wrong with a text that holds a byte which is no character, or ""."""
    if text.isascii():
        return ""
    for place, letter in enumerate(text):
        if "\ud800" <= letter <= "\udfff":
            byte = ord(letter) - 0xDC00
            if not 0x80 <= byte <= 0xFF:
                return f"character {place + 1} is half of a surrogate pair, which is no character"
            return (
                f"byte 0x{byte:02x} at character {place + 1} is not {encoding}; name the encoding of the file "
                "with --set encoding=NAME, such as cp1252"
            )
    return ""


def check_text(text: str, where: str, column: str, encoding: str) -> BadRow | None:
    """Returns the fault of a text that holds bytes which are no characters, or `None`."""
    fault = undecodable(text, encoding)
    return BadRow(where, column, text, fault) if fault else None
