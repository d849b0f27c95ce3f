"""Text files as people have them: with or without a byte order mark, compressed or not, with any line ends."""

import codecs
import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from keras_rnn_zoo.addresses.rows import BadRow, existing_file
from keras_rnn_zoo.errors import DataError, OptionError, nearest

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # Before UTF-16, whose mark it begins with.
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LONGEST_LINE = 256 * 2**20
"""Bytes after which a line is taken for what is no text file."""


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
        encoding: the encoding; "" for the one that a byte order mark tells, else UTF-8.
    """

    def __init__(self, place: str, encoding: str = "") -> None:
        self.path = existing_file(place)
        with open(self.path, "rb") as file:
            self.zipped = file.read(2) == b"\x1f\x8b"
        with self._open() as file, _telling(self.path):
            head = file.read(4096)
        mark, self.encoding = next(((m, name) for m, name in MARKS if head.startswith(m)), (b"", "utf-8"))
        self.start = Mark(len(mark), 0)
        if encoding:
            try:
                self.encoding = codecs.lookup(encoding).name
            except LookupError:
                close = nearest(encoding, ["utf-8", "cp1252", "latin-1", "shift_jis", "utf-16", "gbk", "euc_jp"])
                hint = f" Did you mean {' or '.join(close)}?" if close else " Name one such as cp1252 or shift_jis."
                raise OptionError(f"There is no encoding {encoding!r}.{hint}") from None
        self.wide = self.encoding.startswith(("utf-16", "utf-32"))
        # Macintosh's line ends of long ago.
        self.carriage = not self.wide and b"\r" in head and b"\n" not in head
        if b"\x00" in head and not self.wide:
            raise DataError(f"{self.path} is no text file: it holds a zero byte. Name a file of text.")

    @property
    def seekable(self) -> bool:
        """Whether reading can begin at any `Mark`."""
        return not (self.zipped or self.wide or self.carriage)

    def lines(self, mark: Mark | None = None) -> Iterator[tuple[str, int]]:
        """Gives each line with its end, decoded, and the number of bytes up to its end."""
        mark = mark or self.start
        offset = mark.offset
        with self._open() as file, _telling(self.path):
            file.seek(offset)
            if self.wide:
                with io.TextIOWrapper(file, self.encoding, newline="") as text:
                    yield from ((line, 0) for line in text)
                return
            for line in _split_at_returns(file) if self.carriage else iter(lambda: file.readline(LONGEST_LINE), b""):
                if len(line) >= LONGEST_LINE:
                    raise DataError(f"{self.path} is no text file: a line of it is longer than 256 MiB.")
                offset += len(line)
                yield line.decode(self.encoding, "surrogateescape"), offset

    def _open(self) -> IO[bytes]:
        return gzip.open(self.path) if self.zipped else open(self.path, "rb")  # type: ignore[return-value]


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
    rest = b""
    while block := file.read(2**16):
        *lines, rest = (rest + block).split(b"\r")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest


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
