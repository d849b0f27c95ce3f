"""Text that is safe to print: control characters spelled out, values cut short, words quoted. Imports no framework.

Names, labels, columns and paths may come from a stranger. A terminal obeys control characters among them, and a shell
obeys whatever is pasted unquoted.
"""

import os
import re
import reprlib
import shlex
from collections.abc import Sequence
from typing import Any

_CONTROL = re.compile(
    # C0 without tab and line feed, DEL and C1; marks of writing direction; line separators; halves of surrogate pairs;
    # two that are no characters.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff\ufffe\uffff]"
)
_LINE_ENDS = re.compile("[\t\n]")
_LONGEST = 200
"""Characters of a value that a message quotes."""


def printable(text: str) -> str:
    r"""Returns a text whose control characters are spelled out, as `\x1b`; line feeds, tabs and all letters stay."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def one_line(text: str) -> str:
    r"""Returns a text as `printable` does, with line feeds and tabs spelled out, too: a name that stays on its line."""
    return _LINE_ENDS.sub(lambda found: repr(found[0])[1:-1], printable(text))


def json_printable(document: str) -> str:
    r"""Returns a JSON document whose control characters are written as `\u001b`, so that it means the same."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


class _ShortRepr(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = _LONGEST
        self.maxlevel, self.maxlong = 2, 100

    def repr_int(self, value: int, level: int) -> str:
        # Python refuses to write integers of more than 4,300 digits, for it takes too long.
        if value.bit_length() > 300:
            return f"a whole number of {int(value.bit_length() * 0.30103) + 1:,} digits"
        return super().repr_int(value, level)

    def repr_bytes(self, value: bytes, level: int) -> str:
        return self.repr_str(value, level)  # type: ignore[arg-type]


_SHORT = _ShortRepr()


def short_repr(value: Any) -> str:
    """Returns `repr(value)` for a message, cut before it is made where the value is long or deep."""
    return _SHORT.repr(value)


def shell_quote(word: str | os.PathLike[str]) -> str:
    r"""Returns a word as a shell takes it, on one line and with control characters spelled out: `$'\x1b[1m'`.

    Within the quotes stands no quote and no bare backslash, so even a shell that does not know `$'...'` reads one word.
    """
    text = os.fspath(word)
    if one_line(text) == text:
        return shlex.quote(text)
    quoted, after_code = "", False
    for letter in text:
        # A hexadecimal digit right after a code would be taken as a part of it.
        if letter in "'\\" or one_line(letter) != letter or (after_code and letter in "0123456789abcdefABCDEF"):
            byte = "\udc80" <= letter <= "\udcff"  # One of a name that is not UTF-8, as Python holds it.
            code = letter.encode("utf-8", "surrogateescape" if byte else "surrogatepass")
            quoted += "".join(f"\\x{one:02x}" for one in code)
            after_code = True
        else:
            quoted += letter
            after_code = False
    return f"$'{quoted}'"


def command_line(words: Sequence[str | os.PathLike[str]]) -> str:
    """Returns a command to paste into a shell, each word quoted where it must be."""
    return " ".join(map(shell_quote, words))
