"""Cuts texts into chunks whose tokens do not depend on each other, to split each different chunk only once.

In a large table, most chunks are words that occur many times. Counting them takes Python a fraction of the time that
TensorFlow takes to split all texts, and processes without a framework can do it. Imports no framework itself.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable

from keras_rnn_zoo.conventions import INVISIBLE

MAX_CHUNKS, MAX_CHARACTERS = 500_000, 2**25
"""Maximum numbers of different chunks, and of their characters, to hold before they are split into tokens."""

_JOINERS = "\u200c\u200d\U000e0020-\U000e007f"
_INVISIBLE = re.sub(r"\\x\{([0-9a-f]+)\}", lambda match: re.escape(chr(int(match[1], 16))), INVISIBLE)
_LINKED = re.compile(rf"\u200c{_INVISIBLE}* {_INVISIBLE}*[{_JOINERS}]")
"""A space with joiners on both sides. The rule that drops joiners beside a space sees this space once, not twice."""
_MAYBE_TAG = re.compile(r"<[^<>]*>")
"""What can be an HTML tag, except for comments, which may contain any character."""
_PREFIXED = frozenset({"pieces", "subwords", "characters"})
"""The kinds of tokens that include the space before them. Each chunk but the first then begins with its space."""


class Chunks(Counter[str]):
    """How often each chunk occurs."""

    _checked = 0

    def are_large(self) -> bool:
        """Whether they take so much memory that they should be split now."""
        if len(self) <= self._checked:  # Adding up their lengths takes long, so it is done after some growth only.
            return False
        self._checked = len(self) + len(self) // 8
        return len(self) > MAX_CHUNKS or sum(map(len, self)) > MAX_CHARACTERS


class ChunkCounts:
    """Counts the chunks of texts.

    The tokens of a text are those of its chunks, one after another, for every kind of tokens in
    `keras_rnn_zoo.layers.text.SPLITS`. A text that cannot be cut is a single chunk.

    Args:
        tokens: the kind of tokens.

    Example:
        >>> counts = ChunkCounts("words")
        >>> counts.add(["to be or", "not to be"])
        >>> sorted(counts.take().items())
        [('be', 2), ('not', 1), ('or', 1), ('to', 2)]
    """

    def __init__(self, tokens: str) -> None:
        self.tokens = tokens
        self._counts, self._firsts = Chunks(), Chunks()

    @property
    def are_large(self) -> bool:
        """Whether the counts need so much memory that `take` should be called."""
        return self._counts.are_large() or self._firsts.are_large()

    def add(self, texts: Iterable[str]) -> None:
        """Counts the chunks of texts, which are valid Unicode."""
        if self.tokens == "words":
            self._counts.update(itertools.chain.from_iterable(map(_words, texts)))
            return
        chunks = [text.split(" ") for text in texts]
        self._counts.update(itertools.chain.from_iterable(chunks))
        if self.tokens in _PREFIXED:
            firsts = [parts[0] for parts in chunks]
            self._firsts.update(firsts)
            self._counts.subtract(firsts)

    def take(self) -> dict[str, int]:
        """Returns how often each chunk was counted since the last call."""
        found = dict(self._counts)
        if self.tokens in _PREFIXED:
            found = {f" {chunk}": count for chunk, count in self._counts.items() if count}
            found |= self._firsts  # None of them begins with a space.
        found.pop("", None)
        self._counts, self._firsts = Chunks(), Chunks()
        return found


def _words(text: str) -> list[str]:
    if "<" in text:
        if "<!--" in text:
            return [text]
        # In a tag, and for the rules of words everywhere, a tab is the same as a space.
        text = _MAYBE_TAG.sub(lambda match: match[0].replace(" ", "\t"), text)
    if not text.isascii() and _LINKED.search(text):
        return [text]
    return text.split(" ")
