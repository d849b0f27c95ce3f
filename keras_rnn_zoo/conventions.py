"""What models, tasks and data agree on: padding, strides, patterns that split texts. Imports no framework."""

from collections.abc import Iterable

IGNORED = -1
"""The class index that pads targets with several steps; losses and metrics ignore such steps."""

UNSPECIFIED = "_"
"""The tag of a word without a tag. Unless it is one of the classes, the word is read but not scored."""

LINE_STRIDES = (2, 2, 1, 1)
"""Horizontal strides of the convolutional blocks in the frontend for lines of handwriting."""
FRAME_SECONDS = 0.010
"""The hop between frames of a spectrogram, in seconds."""
SUBSAMPLING = (1, 2, 4, 8)
"""Factors by which a frontend can subsample its input in time."""

# Regular expressions for splitting texts, in RE2's syntax.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Characters of scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.

To be used inside the brackets of a character class, also with Python's `re`.
"""

# Pieces: each character of a text belongs to exactly one piece.

UNSPACED_PIECE = rf" ?[{UNSPACED}][\pM\p{{Cf}}]*"
"""A character of such a script, with its combining marks and the space before it; each is a separate piece."""

PIECE = "|".join(
    (
        r"(?i:['\x{2019}](?:s|t|re|ve|m|ll|d)\b)",  # The second half of an English contraction.
        r" ?[\pL\pM][\pL\pM\p{Cf}]*",
        r" ?\pN+",
        r" ?[^\s\pZ\pC\pL\pM\pN][\pM\p{Cf}\x{1f3fb}-\x{1f3ff}]*",
        r"(?s:.)",
    )
)
"""A word, number, punctuation mark or emoji with the space before it; or any other character, such as a line break."""

CHUNK = PIECE.replace(r"\pN+", r"\pN")
"""What subwords are parts of: as a piece, but each digit is alone, so that numbers are read and written by digits."""

BREAK = b"\xff"
"""Separates tokens while a text is split. This byte never occurs in UTF-8, so it cannot be confused with the text."""

# Words: the rules of `split_words`, in order of application, for lower-case text.

SPACES = r"[\x{00}-\x{1f}\x{7f}-\x{9f}\x{200b}\pZ]"
"""Characters that count as spaces, including control characters and the zero width space, which separates words."""
OTHER_SPACES = r"[\x{00}-\x{1f}\x{7f}-\x{a0}\x{1680}\x{2000}-\x{200b}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
"""The same without the space itself. Replacing each space by a space would take most of the time of `split_words`."""

_BOOLEAN_ATTRIBUTES = (
    "allowfullscreen|async|autofocus|autoplay|checked|compact|controls|default|defer|disabled|hidden|ismap|loop|multiple"
    "|muted|noshade|novalidate|nowrap|open|readonly|required|reversed|selected"
)
_VALUE = r"(?:\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*')|=[^\s\"'<>=]+)"
ATTRIBUTE = rf"\s+(?:[a-z_:][\w:.-]*{_VALUE}|(?:{_BOOLEAN_ATTRIBUTES})\b)"
"""An attribute of an HTML tag, with the space before it."""
TAG = rf"</?[a-z][a-z0-9:-]*(?:{ATTRIBUTE})*\s*/?\s*>|<!--(?s:.*?)-->|<!doctype\b[^<>]*>"
"""An HTML tag, comment or document type. Words between comparison signs, as in `a <b and c> d`, do not match."""

INVISIBLE = (
    r"[\x{ad}\x{61c}\x{180b}-\x{180f}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{fe00}-\x{fe0f}\x{feff}"
    r"\x{fff9}-\x{fffb}\x{e0100}-\x{e01ef}]"
)
"""Characters that affect a word's layout but not its identity: soft hyphens, word joiners, bidirectional marks,
variation selectors, byte order marks."""

_EXTENDED = r"[\pM\x{1f3fb}-\x{1f3ff}\x{e0020}-\x{e007f}]*"
MARK = rf"([\x{{1f1e6}}-\x{{1f1ff}}]{{2}}|[^\pL\pM\pN\p{{Cf}}\s\x{{2019}}]{_EXTENDED}(?:\x{{200d}}\pS{_EXTENDED})*)"
"""A punctuation mark or symbol, which becomes a separate token; an emoji sequence or a flag is a single token."""

STRAY_JOINERS = r"(^|\s)[\x{200c}\x{200d}\x{e0020}-\x{e007f}]+|\x{200c}+(\s|$)"
"""Zero width (non-)joiners that join nothing. Inside a word they are part of the spelling and are kept."""

WORD_RULES = (
    (TAG, " "),
    (INVISIBLE, ""),
    ("[\u2018\u2019`\u00b4]", "'"),
    # Apostrophes inside words become U+2019 until the ones used as quotation marks are split off.
    (r"n't\b", " n\u2019t"),
    (r"'(s|m|re|ve|d|ll)\b", " \u2019\\1"),
    (r"(\pL)'(\pL)", "\\1\u2019\\2"),
    (MARK, r" \1 "),
    (STRAY_JOINERS, r"\1\2"),
    ("\u2019", "'"),
)
"""What `split_words` replaces in lower-case text, in this order; what is left is split at spaces."""


def frame_stride(sample_rate: int) -> int:
    """Returns the hop between frames of a spectrogram, in samples."""
    return round(sample_rate * FRAME_SECONDS)


AUDIO_SUBSAMPLING = 4
"""The factor by which convolutions subsample the frames of recordings before they become text."""


def subsampling_strides(subsampling: int) -> tuple[int, ...]:
    """Returns the strides of the convolutions that subsample a sequence by a factor in `SUBSAMPLING`."""
    return (2,) * SUBSAMPLING.index(subsampling)


def after_strides(steps: int, strides: Iterable[int]) -> int:
    """Returns how many of `steps` steps remain after convolutions with these strides; each rounds up."""
    for stride in strides:
        steps = -(-steps // stride)
    return steps


MISSING = frozenset({"", "nan", "-nan", "na", "n/a", "null", "none"})
"""Texts that stand for a missing number, in any case."""
