"""Text files with any encoding and line endings, with or without a byte order mark, compressed or not."""

import codecs
import contextlib
import gzip
import io
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.encodings import encoding_of, marked_encoding
from keras_rnn_zoo.user_data.rows import BadRow, existing_file

MAX_LINE_LENGTH = 64 * 2**20
"""Maximum number of bytes in a line (characters in encodings such as UTF-16); a file with longer lines is not text.

It limits memory, whatever the size of a decompressed file: one line at a time is held.
"""
HEAD_BYTES, FIRST_LINE_BYTES = 2**12, 2**20
"""Number of bytes to detect the encoding, and in which to search for a line feed if the former have none."""
MAX_HELD_BYTES = 2**22
"""Maximum size of a file whose content stays in memory, so that it is opened and read once."""


class Mark(NamedTuple):
    """A position in a file from which it can be read: number of bytes and lines before it."""

    offset: int
    line: int


class TextFile:
    """The lines of a text file, optionally compressed with gzip, read one at a time.

    Invalid bytes become unpaired surrogates, as with the error handler `surrogateescape`, so that they can be located
    later.

    Args:
        location: the path.
        encoding: the encoding; "" for UTF-8. A byte order mark takes precedence.
    """

    def __init__(self, location: str, encoding: str = "") -> None:
        self.path = existing_file(location)
        self.content: bytes | None = None
        self._is_kept = True
        self._idle: list[IO[bytes]] = []  # The opened file, while nothing reads it.
        weakref.finalize(self, _close, self._idle)
        with self._raw() as raw:
            content = raw.read(MAX_HELD_BYTES + 1)
        self.zipped = content.startswith(b"\x1f\x8b")
        self.content = content if len(content) <= MAX_HELD_BYTES else None
        """The content of a file of up to `MAX_HELD_BYTES` bytes, else `None`."""
        with self.opened() as file:
            head = file.read(HEAD_BYTES)
            more = file.read(FIRST_LINE_BYTES) if b"\r" in head and b"\n" not in head else b""
        self.encoding, size = encoding_of(head, encoding)
        self.start = Mark(size, 0)
        # In UTF-16, UTF-32 and EBCDIC, a line feed is another byte, or more than one.
        self.wide = "\n".encode(self.encoding) != b"\n"
        text = (head + more)[size:].decode(self.encoding, "replace")
        self.carriage = "\r" in text and "\n" not in text  # Line endings of the classic Mac OS.
        if b"\x00" in head and not self.wide:
            raise DataError(
                f"{self.path} is not a text file: it contains a zero byte. Name a text file, or its encoding, such as "
                "--set encoding=utf-16."
            )

    def release(self) -> None:
        """Holds neither the content in memory nor the file open between two uses, for many files together."""
        self.content, self._is_kept = None, False
        _close(self._idle)
        self._idle.clear()

    @property
    def seekable(self) -> bool:
        """Whether the file can be read from any `Mark`."""
        return not (self.zipped or self.wide or self.carriage)

    @contextlib.contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Opens the file, decompressed; raises `DataError` within the block if it is damaged."""
        with contextlib.ExitStack() as stack:
            raw = io.BytesIO(self.content) if self.content is not None else stack.enter_context(self._raw())
            stack.enter_context(_translate_errors(self.path))
            yield cast(IO[bytes], stack.enter_context(gzip.GzipFile(fileobj=raw)) if self.zipped else raw)

    @contextlib.contextmanager
    def _raw(self) -> Iterator[IO[bytes]]:
        """Opens the file as it is, from its start, and reuses one that was opened before."""
        try:
            raw = self._idle.pop()
        except IndexError:
            raw = open(self.path, "rb")  # noqa: SIM115  It stays open for the next reader.
        try:
            raw.seek(0)
            yield raw
        finally:
            if raw.closed or self._idle or self.content is not None or not self._is_kept:
                raw.close()
            else:
                self._idle.append(raw)

    def digest(self) -> str:
        """Returns the SHA-256 of the file's content as hexadecimal digits."""
        import hashlib

        if self.content is not None:
            return hashlib.sha256(self.content).hexdigest()
        with self._raw() as raw:
            return hashlib.file_digest(raw, "sha256").hexdigest()  # type: ignore[arg-type]

    def lines(self, mark: Mark | None = None) -> Iterator[tuple[str, int]]:
        """Yields each line, decoded and with its line ending, and the number of bytes up to its end."""
        mark = mark or self.start
        offset = mark.offset
        with self.opened() as file:
            file.seek(offset)
            if self.wide:
                with io.TextIOWrapper(file, self.encoding, newline="\r" if self.carriage else "\n") as text:
                    for line in iter(lambda: text.readline(MAX_LINE_LENGTH), ""):
                        self._check_length(line)
                        yield (line.replace("\r", "\n") if self.carriage else line), 0
                return
            for content in (
                _split_at_returns(file) if self.carriage else iter(lambda: file.readline(MAX_LINE_LENGTH), b"")
            ):
                self._check_length(content)
                offset += len(content)
                yield content.decode(self.encoding, "surrogateescape"), offset

    def _check_length(self, line: str | bytes) -> None:
        if len(line) >= MAX_LINE_LENGTH:
            raise DataError(f"{self.path} is not a text file: a line is longer than {MAX_LINE_LENGTH // 2**20} MiB.")


def _close(files: list[IO[bytes]]) -> None:
    for file in files:
        file.close()


def likely_encoding(location: str, usual: str) -> str:
    """Returns the encoding of the training data, unless a file has a byte order mark or is valid UTF-8; then "".

    Args:
        location: the path.
        usual: the encoding of the training data; "" for UTF-8.
    """
    if not usual:
        return ""
    path = existing_file(location)
    with open(path, "rb") as raw, _translate_errors(path):
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        head = (gzip.GzipFile(fileobj=raw) if zipped else raw).read(2**20)
    if marked_encoding(head):
        return ""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return usual
    # Texts in another encoding are almost never valid UTF-8.
    return usual if text.isascii() or "\x00" in text else ""


@contextlib.contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    """Converts the errors of a damaged file to `DataError`."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is truncated or damaged: {error}. Copy it again.") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} cannot be decoded as {error.encoding} ({error.reason}). Name its encoding: --set encoding=NAME."
        ) from error
    except UnicodeError as error:  # An error of the codec, such as UTF-16 without a byte order mark.
        raise DataError(f"{path} cannot be decoded ({error}). Name its encoding: --set encoding=NAME.") from error


def _split_at_returns(file: IO[bytes]) -> Iterator[bytes]:
    pieces: list[bytes] = []  # The pieces of the current line.
    while block := file.read(2**16):
        *lines, rest = block.split(b"\r")
        for line in lines:
            yield b"".join([*pieces, line, b"\n"])
            pieces = []
        pieces.append(rest)
        if len(pieces) > MAX_LINE_LENGTH // 2**16:
            break  # Stop reading: the line is already too long.
    if any(pieces):
        yield b"".join(pieces)


def undecodable(text: str, encoding: str) -> str:
    """Returns the fault of a text with an invalid byte or an unpaired surrogate, or ""."""
    if text.isascii():
        return ""
    for index, character in enumerate(text):
        if "\ud800" <= character <= "\udfff":
            byte = ord(character) - 0xDC00
            if not 0x80 <= byte <= 0xFF:
                return f"character {index + 1} is an unpaired surrogate"
            return (
                f"byte 0x{byte:02x} at character {index + 1} is not {encoding}; name the encoding of the file "
                "with --set encoding=NAME, such as cp1252"
            )
    return ""


def check_text(text: str, where: str, column: str, encoding: str) -> BadRow | None:
    """Returns the bad row for a text with invalid bytes, or `None`."""
    fault = undecodable(text, encoding)
    return BadRow(where, column, text, fault) if fault else None
