"""Where a text that is still coming in can be cut, so that the tokens of its parts are those of the whole.

More text can change the last tokens of a text: it completes a character of UTF-8 or a word, or the word turns out to
be part of an HTML tag. What it can change is held back until it comes.

Texts without spaces are held back for long. So that each part of them does not take as long as all that is held, the
expressions that find a cut, which are slow, read it only if a fast one tells that the part may have made one.
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
_NO_CUT = {
    "words": rf"[^<{SPACES[1:-1]}]*",
    "pieces": r"(?s:.)?[0-9A-Za-z_]*",
    "subwords": r"(?s:.)?[0-9A-Za-z_]*| ?[\pL\pM][\pL\pM\p{Cf}]*",
}
"""Texts without a place to cut, for kinds of tokens whose cuts take long to find."""


def cut(tokens: str, split: Callable[[Any], Any], held: Any, part: Any) -> tuple[Any, Any]:
    """Cuts texts; see `keras_rnn_zoo.layers.text.Tokenizer.cut`.

    Args:
        tokens: the kind of tokens.
        split: the function from strings to their ragged tokens.
        held: what was held back so far, strings `(batch,)`.
        part: the next part of each text, strings `(batch,)`, of any bytes.
    """
    before, new, partial = _characters(held, part)
    whole = tf.strings.join([before, new])
    if tokens == "characters":
        return whole, partial
    if tokens == "spaces":  # Nothing that is held has a space.
        size = _length_of(_SPACED, new)
        size = tf.where(size > 0, tf.strings.length(before) + size, 0)
    else:
        read = tf.where(tf.strings.regex_full_match(whole, _NO_CUT[tokens]), "", whole)
        if tokens == "words":
            size = _length_of(_WORDS, tf.strings.regex_replace(read, _OPEN_TAG, "", replace_global=False))
        else:
            size = _size_of_pieces(split(read))
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


def _characters(held: Any, part: Any) -> tuple[Any, Any, Any]:
    """Returns the characters held back, those that a part completes, with U+FFFD for invalid bytes, and the rest."""
    texts = tf.strings.join([held, part])
    begin = tf.strings.length(held) - _incomplete(held)
    end = tf.strings.length(texts) - _incomplete(texts)
    complete = tf.strings.unicode_transcode(
        tf.strings.substr(texts, begin, end - begin), "UTF-8", "UTF-8", errors="replace"
    )
    rest = tf.strings.substr(texts, end, 3 * tf.ones_like(end))
    return tf.strings.substr(held, tf.zeros_like(begin), begin), complete, rest


def _incomplete(texts: Any) -> Any:
    """Returns how many bytes at the end of each text are the beginning of a character, int32 `(batch,)`."""
    length = tf.strings.length(texts)
    padded = tf.strings.join(["   ", texts])
    last = tf.cast(tf.io.decode_raw(tf.strings.substr(padded, length, 3 * tf.ones_like(length)), tf.uint8), tf.int32)
    last = tf.reshape(last, [-1, 3])
    needed = tf.where(last >= 0xC2, 2, 0) + tf.where(last >= 0xE0, 1, 0) + tf.where(last >= 0xF0, 1, 0)
    needed = tf.where(last > 0xF4, 0, needed)
    continues = (last >= 0x80) & (last < 0xC0)
    held = tf.where(needed[:, 2] > 1, 1, 0)
    held = tf.where((needed[:, 1] > 2) & continues[:, 2], 2, held)
    return tf.where((needed[:, 0] > 3) & continues[:, 1] & continues[:, 2], 3, held)
