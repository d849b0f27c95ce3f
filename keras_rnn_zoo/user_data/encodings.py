"""Encodings of text by name, and as the first bytes of a file tell them."""

import codecs
from encodings.aliases import aliases

from keras_rnn_zoo.errors import OptionError, nearest

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # Before UTF-16, whose mark it begins with.
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks and the encodings that they stand for."""

_ESCAPES = {"idna", "punycode", "undefined"} | {
    f"{kind}unicode{mark}escape" for kind in ("", "raw-", "raw_") for mark in "-_"
}
"""Codecs of Python that decode bytes to text and yet are no encodings of files."""
_READ_ON_LINUX = sorted(set(aliases.values()) - {"mbcs", "oem"})


def find_encoding(name: str) -> str:
    """Returns Python's own name for an encoding of text, such as "utf-16" for "UTF16".

    Raises:
        OptionError: there is no encoding of that name, or it is not one of text files.
    """
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):  # `ValueError` for a name that holds a zero byte.
        raise OptionError(f"There is no encoding {name!r}. {_hint(name)}") from None
    if not _is_text(found.name):
        raise OptionError(f"{name!r} is not an encoding of text files. {_hint(name)}")
    return "utf-8" if found.name == "utf-8-sig" else found.name


def _is_text(name: str) -> bool:
    return name not in _ESCAPES and codecs.lookup(name)._is_text_encoding


def _hint(name: str) -> str:
    common = ["utf-8", "utf-16", "utf-32", "cp1252", "latin-1", "shift_jis", "euc_jp", "gbk", "big5", "koi8-r"]
    close = nearest(name.casefold(), common)
    if not close:
        close = [near for near in nearest(name.casefold().replace("-", "_"), _READ_ON_LINUX) if _is_text(near)]
    return f"Did you mean {' or '.join(close)}?" if close else "Name one such as utf-8, cp1252 or shift_jis."


def marked_encoding(head: bytes) -> tuple[str, int] | None:
    """Returns the encoding that a byte order mark tells and the number of bytes of the mark, or `None`."""
    return next(((encoding, len(mark)) for mark, encoding in MARKS if head.startswith(mark)), None)


def encoding_of(head: bytes, name: str = "") -> tuple[str, int]:
    """Returns the encoding of a file and the number of bytes of its byte order mark.

    A byte order mark wins over the name, as in browsers: a file that begins with one says itself what it is.

    Args:
        head: the first bytes of the file.
        name: the name that the user gave; "" for none, which stands for UTF-8.
    """
    given = find_encoding(name) if name else "utf-8"
    if marked := marked_encoding(head):
        return marked
    if given in ("utf-16", "utf-32"):
        # Most characters of most texts, and all line ends, have a zero byte on the side of the high bits.
        size = int(given[-2:]) // 8
        big = head[0::size].count(0) > head[size - 1 :: size].count(0)
        return f"{given}-{'be' if big else 'le'}", 0
    return given, 0
