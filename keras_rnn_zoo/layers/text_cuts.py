"""Where a text that is still coming in can be cut, so that the tokens of its parts are those of the whole.

More text can change the last tokens of a text: it completes a character of UTF-8 or a word, or the word turns out to
be part of an HTML tag. What it can change is held back until it comes.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from keras_rnn_zoo.conventions import ATTRIBUTE, INVISIBLE, SPACES, TAG

MAX_HELD = 2**16
"""Maximum number of bytes to hold back. A longer word, or comment, is cut as if it ended here."""

_SPACE = SPACES.replace("[", r"[\s", 1)


def _in_any_text(pattern: str) -> str:
    """Returns a pattern of `conventions`, which is for text with spaces only and in lower case, for any text."""
    return pattern.replace(r"\s*", f"{_SPACE}*").replace(r"\s+", f"{_SPACE}+")


_VALUE = rf"(?:{_SPACE}*(?:={_SPACE}*(?:\"[^\"<>]*\"?|'[^'<>]*'?)?)?|=[^\s\"'<>=]*)"
_OPEN_TAG = (
    r"(?is)(?:<!--(?:[^-]|-[^-]|--+[^->])*-*|<!(?:-|d[^<>]*)?"
    rf"|</?(?:[a-z][a-z0-9:-]*(?:{_in_any_text(ATTRIBUTE)})*(?:{_SPACE}+[a-z_:][\w:.-]*{_VALUE})?{_SPACE}*/?{_SPACE}*)?)$"
)
"""The end of a text that more text may turn into a tag or comment: the beginning of one."""
_JOINER = r"\x{200c}"
"""Where it is dropped before a space, it takes the space away, on which what follows may depend."""
_CUT = rf"(?:[^{_JOINER}{INVISIBLE[1:-1]}]|^){INVISIBLE}*{SPACES}"
_WORDS = rf"(?is)^(.*?{_CUT})??(?:{_in_any_text(TAG)}|{_JOINER}{INVISIBLE}*{SPACES}|[^{SPACES[1:]})*$"
"""A text up to the first place from which only the last word follows. Spaces in tags cut nothing."""
_SPACED = r"(?s)^(.*[\t\n\v\f\r ])?.*$"


def cut(tokens: str, split: Callable[[Any], Any], texts: Any) -> tuple[Any, Any]:
    """Cuts texts; see `keras_rnn_zoo.layers.text.Tokenizer.cut`.

    Args:
        tokens: the kind of tokens.
        split: the function from strings to their ragged tokens.
        texts: the beginnings of texts, strings `(batch,)`, of any bytes.
    """
    whole, partial = _characters(texts)
    if tokens == "characters":
        return whole, partial
    if tokens in ("pieces", "subwords"):
        size = _size_of_pieces(split(whole))
    elif tokens == "words":
        size = _length_of(_WORDS, tf.strings.regex_replace(whole, _OPEN_TAG, "", replace_global=False))
    else:
        size = _length_of(_SPACED, whole)
    length = tf.strings.length(whole)
    size = tf.where(length - size > MAX_HELD, length, size)
    zeros = tf.zeros_like(size)
    held = tf.strings.substr(whole, size, length - size)
    return tf.strings.substr(whole, zeros, size), tf.strings.join([held, partial])


def _size_of_pieces(pieces: Any) -> Any:
    """Returns the number of bytes of the pieces that do not depend on what follows, int32 `(batch,)`."""
    # A contraction is two pieces until its letters are complete, and ends where a word does.
    begins_apart = tf.strings.regex_full_match(pieces.flat_values, r"(?s)[^0-9A-Za-z_].*")
    begins_apart = pieces.with_flat_values(begins_apart).to_tensor()
    lengths = pieces.with_flat_values(tf.strings.length(pieces.flat_values)).to_tensor()
    settled = tf.sequence_mask(tf.maximum(pieces.row_lengths() - 1, 0), tf.shape(lengths)[1])
    starts = tf.cumsum(lengths, axis=1, exclusive=True)
    return tf.maximum(tf.reduce_max(tf.where(begins_apart & settled, starts, 0), axis=1), 0)  # Also without pieces.


def _length_of(pattern: str, texts: Any) -> Any:
    """Returns the number of bytes that the first group of a pattern matches, int32 `(batch,)`."""
    return tf.strings.length(tf.strings.regex_replace(texts, pattern, r"\1", replace_global=False))


def _characters(texts: Any) -> tuple[Any, Any]:
    """Returns the complete characters of texts, with U+FFFD for invalid bytes, and the bytes of an incomplete one."""
    length = tf.strings.length(texts)
    padded = tf.strings.join(["   ", texts])
    last = tf.cast(tf.io.decode_raw(tf.strings.substr(padded, length, 3 * tf.ones_like(length)), tf.uint8), tf.int32)
    last = tf.reshape(last, [-1, 3])
    needed = tf.where(last >= 0xC2, 2, 0) + tf.where(last >= 0xE0, 1, 0) + tf.where(last >= 0xF0, 1, 0)
    needed = tf.where(last > 0xF4, 0, needed)
    continues = (last >= 0x80) & (last < 0xC0)
    held = tf.where(needed[:, 2] > 1, 1, 0)
    held = tf.where((needed[:, 1] > 2) & continues[:, 2], 2, held)
    held = tf.where((needed[:, 0] > 3) & continues[:, 1] & continues[:, 2], 3, held)
    zeros = tf.zeros_like(length)
    complete = tf.strings.substr(texts, zeros, length - held)
    whole = tf.strings.unicode_transcode(complete, "UTF-8", "UTF-8", errors="replace")
    return whole, tf.strings.substr(texts, length - held, held)
