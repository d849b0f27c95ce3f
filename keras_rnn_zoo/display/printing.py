"""Makes text safe to print: escapes control characters, shortens values, quotes words. Imports no framework.

Names, labels, columns and paths may come from untrusted files. A terminal obeys control characters in them, and a shell
executes whatever is pasted unquoted.
"""

import os
import re
import reprlib
import shlex
from collections.abc import Sequence
from typing import Any

_CONTROL = re.compile(
    # C0 except tab and line feed, DEL and C1; bidirectional controls; line separators; lone surrogates; two
    # noncharacters.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff\ufffe\uffff]"
)
_LINE_ENDS = re.compile("[\t\n]")
_MAX_REPR_CHARACTERS = 200
"""Messages quote at most this many characters of a value."""


def printable(text: str) -> str:
    r"""Returns `text` with control characters escaped as `\x1b`; keeps line feeds, tabs and all other characters.

    Bytes of a file name that are not valid UTF-8 are written as bytes, `\xe9`.
    """
    return _CONTROL.sub(lambda match: _escaped(match[0]), text)


def _escaped(character: str) -> str:
    undecoded = "\udc80" <= character <= "\udcff"  # How Python represents a byte that is not valid UTF-8.
    return f"\\x{ord(character) - 0xDC00:02x}" if undecoded else repr(character)[1:-1]


def one_line(text: str) -> str:
    r"""Returns `text` as `printable` does, with line feeds and tabs escaped as well, so that it fits on one line."""
    return _LINE_ENDS.sub(lambda match: repr(match[0])[1:-1], printable(text))


def json_printable(document: str) -> str:
    r"""Returns an equivalent JSON document with control characters escaped as `\u001b`."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


class _ShortRepr(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = _MAX_REPR_CHARACTERS
        self.maxlevel, self.maxlong = 2, 100

    def repr_int(self, value: int, level: int) -> str:
        # Python refuses to format integers of more than 4,300 digits, because it takes too long.
        if value.bit_length() > 300:
            return f"an integer of {int(value.bit_length() * 0.30103) + 1:,} digits"
        return super().repr_int(value, level)

    def repr_bytes(self, value: bytes, level: int) -> str:
        return self.repr_str(value, level)  # type: ignore[arg-type]


_SHORT = _ShortRepr()


def short_repr(value: Any) -> str:
    """Returns `repr(value)` for a message, shortened; long or deeply nested values are never formatted in full."""
    return _SHORT.repr(value)


def quantity(number: int, noun: str, plural: str = "") -> str:
    """Returns a number with its noun, such as "1 row" or "2,000 rows".

    Args:
        number: the number.
        noun: the noun in the singular, with its adjectives.
        plural: the plural if it is not formed with an "s".
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def megabytes(size: int) -> str:
    """Returns a size in bytes in words, such as "0.3 MB"."""
    return f"{size / 1e6:.1f} MB"


def alternatives(words: Sequence[str]) -> str:
    """Returns words as a choice: "a", "a or b", "a, b or c"."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def shell_quote(word: str | os.PathLike[str]) -> str:
    r"""Returns a word quoted for a shell, on one line and with control characters escaped, as in `$'\x1b[1m'`.

    There is no quote or bare backslash inside the quotes, so even a shell without `$'...'` syntax reads a single word.
    """
    text = os.fspath(word)
    if one_line(text) == text:
        return shlex.quote(text)
    quoted, after_code = "", False
    for letter in text:
        # A hexadecimal digit right after an escape sequence would be read as part of it.
        if letter in "'\\" or one_line(letter) != letter or (after_code and letter in "0123456789abcdefABCDEF"):
            undecoded = "\udc80" <= letter <= "\udcff"  # How Python represents a byte that is not valid UTF-8.
            code = letter.encode("utf-8", "surrogateescape" if undecoded else "surrogatepass")
            quoted += "".join(f"\\x{byte:02x}" for byte in code)
            after_code = True
        else:
            quoted += letter
            after_code = False
    return f"$'{quoted}'"


def command_line(words: Sequence[str | os.PathLike[str]]) -> str:
    """Returns a command that can be pasted into a shell, with words quoted as needed."""
    return " ".join(map(shell_quote, words))
