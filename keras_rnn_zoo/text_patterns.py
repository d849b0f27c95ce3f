"""Regular expressions for splitting texts, in RE2's syntax. Imports no framework."""

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Characters of scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.

The inside of a character set, for Python's `re`, too.
"""

# Pieces: each character of a text belongs to exactly one of them.

UNSPACED_PIECE = rf" ?[{UNSPACED}][\pM\p{{Cf}}]*"
"""A character of such a script, which is a piece of its own, with the marks on it and the space before it."""

PIECE = "|".join(
    (
        r"(?i:['\x{2019}](?:s|t|re|ve|m|ll|d)\b)",  # The second half of an English contraction.
        r" ?[\pL\pM][\pL\pM\p{Cf}]*",
        r" ?\pN+",
        r" ?[^\s\pZ\pC\pL\pM\pN][\pM\p{Cf}\x{1f3fb}-\x{1f3ff}]*",
        r"(?s:.)",
    )
)
"""A word, number, mark or emoji with the space before it; or any other character, such as a line break."""

# Words: the rules of `split_words`, in the order in which they apply, to text in lower case.

SPACES = r"[\x{00}-\x{1f}\x{7f}-\x{9f}\x{200b}\pZ]"
"""What counts as a space: control characters and the zero width space, too, which marks where words end."""

_BOOLEAN_ATTRIBUTES = (
    "allowfullscreen|async|autofocus|autoplay|checked|compact|controls|default|defer|disabled|hidden|ismap|loop|multiple"
    "|muted|noshade|novalidate|nowrap|open|readonly|required|reversed|selected"
)
_VALUE = r"(?:\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*')|=[^\s\"'<>=]+)"
_ATTRIBUTE = rf"\s+(?:[a-z_:][\w:.-]*{_VALUE}|(?:{_BOOLEAN_ATTRIBUTES})\b)"
TAG = rf"</?[a-z][a-z0-9:-]*(?:{_ATTRIBUTE})*\s*/?\s*>|<!--(?s:.*?)-->|<!doctype\b[^<>]*>"
"""An HTML tag, comment or document type. Words between two comparison signs, as in `a <b and c> d`, are none."""

INVISIBLE = (
    r"[\x{ad}\x{61c}\x{180b}-\x{180f}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{fe00}-\x{fe0f}\x{feff}"
    r"\x{fff9}-\x{fffb}\x{e0100}-\x{e01ef}]"
)
"""Characters that change how a word is laid out, not which word it is: soft hyphens, word joiners, bidirectional
marks, variation selectors, byte order marks."""

_EXTENDED = r"[\pM\x{1f3fb}-\x{1f3ff}\x{e0020}-\x{e007f}]*"
MARK = rf"([\x{{1f1e6}}-\x{{1f1ff}}]{{2}}|[^\pL\pM\pN\p{{Cf}}\s\x{{2019}}]{_EXTENDED}(?:\x{{200d}}\pS{_EXTENDED})*)"
"""A punctuation mark or symbol, which is a token of its own; an emoji sequence or a flag is one."""

STRAY_JOINERS = r"(^|\s)[\x{200c}\x{200d}\x{e0020}-\x{e007f}]+|\x{200c}+(\s|$)"
"""Zero width (non-)joiners that join nothing; inside a word, where they are part of the spelling, they stay."""
