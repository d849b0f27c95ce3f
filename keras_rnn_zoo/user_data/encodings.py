"""Encodings of text: by name, or detected from the first bytes of a file."""

import codecs
from encodings.aliases import aliases

from keras_rnn_zoo.display.printing import alternatives
from keras_rnn_zoo.errors import OptionError, nearest

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # Before UTF-16, because it begins with the mark of UTF-16.
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks and their encodings."""

_ESCAPES = {"idna", "punycode", "undefined"} | {
    f"{kind}unicode{mark}escape" for kind in ("", "raw-", "raw_") for mark in "-_"
}
"""Python codecs that decode bytes to text but are not encodings of text files."""
_READ_ON_LINUX = sorted(set(aliases.values()) - {"mbcs", "oem"})


def find_encoding(name: str) -> str:
    """Returns Python's name for an encoding of text, such as "utf-16" for "UTF16".

    Raises:
        OptionError: there is no such encoding, or it is not an encoding of text files.
    """
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):  # `ValueError` for a name with a zero byte.
        raise OptionError(f"There is no encoding {name!r}. {_hint(name)}") from None
    if not _is_text(codec.name):
        raise OptionError(f"{name!r} is not an encoding of text files. {_hint(name)}")
    return "utf-8" if codec.name == "utf-8-sig" else codec.name


def _is_text(name: str) -> bool:
    return name not in _ESCAPES and codecs.lookup(name)._is_text_encoding


def _hint(name: str) -> str:
    common = ["utf-8", "utf-16", "utf-32", "cp1252", "latin-1", "shift_jis", "euc_jp", "gbk", "big5", "koi8-r"]
    close = nearest(name.casefold(), common)
    if not close:
        close = [near for near in nearest(name.casefold().replace("-", "_"), _READ_ON_LINUX) if _is_text(near)]
    return f"Did you mean {alternatives(close)}?" if close else "Name one such as utf-8, cp1252 or shift_jis."


def marked_encoding(head: bytes) -> tuple[str, int] | None:
    """Returns the encoding of a byte order mark and the number of bytes of the mark; `None` if there is no mark."""
    return next(((encoding, len(mark)) for mark, encoding in MARKS if head.startswith(mark)), None)


def encoding_of(head: bytes, name: str = "") -> tuple[str, int]:
    """Returns the encoding of a file and the number of bytes of its byte order mark.

    A byte order mark takes precedence over the name, as in browsers.

    Args:
        head: the first bytes of the file.
        name: the encoding that the user named; "" for UTF-8.
    """
    encoding = find_encoding(name) if name else "utf-8"
    if marked := marked_encoding(head):
        return marked
    if encoding in ("utf-16", "utf-32"):
        # In most texts, the most significant byte of most characters, and of all line ends, is zero.
        size = int(encoding[-2:]) // 8
        big_endian = head[0::size].count(0) > head[size - 1 :: size].count(0)
        return f"{encoding}-{'be' if big_endian else 'le'}", 0
    return encoding, 0
