"""Tokenization: from raw text to token ids and back, inside the graph."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import keras
import tensorflow as tf

from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.atomic_files import write_text
from keras_rnn_zoo.conventions import (
    BREAK,
    CHUNK,
    OTHER_SPACES,
    PIECE,
    UNSPACED_PIECE,
    WORD_RULES,
)
from keras_rnn_zoo.errors import OptionError, RunError
from keras_rnn_zoo.frameworks.keras_internals import accept_strings
from keras_rnn_zoo.layers import vocabularies
from keras_rnn_zoo.layers.subwords import spelled_in_subwords
from keras_rnn_zoo.layers.token_counts import chunk_counts, token_counts

PADDING, UNKNOWN, START, END = range(4)
RESERVED = ("", "[UNK]")
"""The first tokens of every vocabulary: padding and the unknown token."""
MARKERS = ("[START]", "[END]")
"""The next tokens of a vocabulary for text that is generated."""


def split_words(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits text in English or a similar language into lower-case words and punctuation marks.

    HTML tags are dropped, letters are lower-cased by Unicode's rules, and each punctuation mark is a separate token.
    English contractions are split as in the Penn Treebank ("isn't" becomes "is n't"), so that a negation is always the
    same token. Following rule WB4 of Unicode's word boundaries (UAX #29), combining and format characters never break a
    word: zero width joiners and non-joiners, which are part of Persian and Indic spelling, are kept inside words.
    Characters that only affect the layout, such as soft hyphens and variation selectors, are dropped.

    Args:
        texts: UTF-8 strings `(batch,)`.

    Returns:
        The tokens, ragged strings `(batch, tokens)`.
    """
    texts = tf.strings.regex_replace(texts, OTHER_SPACES, " ")  # Includes NUL, which would end the text for `lower`.
    texts = tf.strings.lower(texts, encoding="utf-8")
    for pattern, replacement in WORD_RULES:
        texts = tf.strings.regex_replace(texts, pattern, replacement)
    return tf.strings.split(texts)


def split_spaces(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits text that is already tokenized at ASCII white space; a token may contain no-break spaces."""
    return tf.strings.split(texts)


def split_characters(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits text into its Unicode characters."""
    return tf.strings.unicode_split(texts, "UTF-8")


def split_pieces(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits text into pieces that include the spaces between them, so that joining them restores the text exactly.

    A piece is a word, a number or a punctuation mark with the single space before it, or any other single character.
    In scripts without spaces between words, each character is a separate piece.
    """
    texts = tf.strings.regex_replace(texts, UNSPACED_PIECE, BREAK + rb"\0" + BREAK)
    return _split_at_breaks(tf.strings.regex_replace(texts, PIECE, rb"\0" + BREAK))


def split_chunks(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits text into what subwords are parts of: pieces, but runs of scripts without spaces, and single digits."""
    return _split_at_breaks(tf.strings.regex_replace(texts, CHUNK, rb"\0" + BREAK))


def _split_at_breaks(texts: tf.Tensor) -> tf.RaggedTensor:
    parts = tf.strings.split(texts, BREAK)
    return tf.ragged.boolean_mask(parts, tf.ragged.map_flat_values(tf.not_equal, parts, ""))


SPLITS = {
    "subwords": split_chunks,
    "pieces": split_pieces,
    "words": split_words,
    "spaces": split_spaces,
    "characters": split_characters,
}
SEPARATORS = {"subwords": "", "pieces": "", "words": " ", "spaces": " ", "characters": ""}
LOSSLESS = frozenset({"subwords", "pieces", "characters"})
"""Kinds of tokens that restore the text exactly, with capitals and spaces, when they are joined."""
UNITS = {"subwords": "pieces", "pieces": "pieces", "words": "words", "spaces": "words", "characters": "characters"}
"""Names of the tokens of each kind in messages."""


def _split(tokens: str, texts: tf.Tensor) -> tf.RaggedTensor:
    return SPLITS[tokens](tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace"))


@functools.cache
def _splitter(tokens: str) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Returns a function from strings to all their tokens and to their numbers of tokens, traced once per kind."""

    def split(texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        found = _split(tokens, texts)
        return found.flat_values, found.row_lengths()

    traced: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]] = tf.function(
        split, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    return traced


class Tokenizer(keras.layers.Layer):
    """Converts texts to token ids and back. Bytes that are not valid UTF-8 are read as U+FFFD.

    With pieces the vocabulary is open: it also contains single characters, and a piece that is not in the vocabulary is
    spelled out. Subwords are parts of words that are learned from the training texts; they write any text (see
    `layers/subwords.py`). Other tokens that are not in the vocabulary become the unknown token.

    Args:
        tokens: the kind of tokens: `"subwords"`, `"pieces"`, `"words"`, `"spaces"` or `"characters"`; see `SPLITS`.
        vocabulary_size: maximum number of ids, including padding (0) and the unknown token (1).
        max_length: maximum number of tokens to read of a text. A longer text is truncated from the front, because
            reviews put their verdict at the end.
        with_markers: whether text is also generated with this vocabulary, which then includes start and end markers.
        name: name of the vocabulary file, without extension.

    Example:
        >>> tokenizer = Tokenizer("words", vocabulary_size=100, max_length=5)
        >>> counts = tokenizer.adapt([tf.constant(["a b a", "b a"])])
        >>> tokenizer(tf.constant(["a c", "b"])).numpy().tolist()
        [[2, 1], [3, 0]]
    """

    def __init__(
        self,
        tokens: str,
        vocabulary_size: int,
        max_length: int,
        *,
        with_markers: bool = False,
        name: str = "vocabulary",
    ) -> None:
        super().__init__(trainable=False, name=name)
        accept_strings(self)
        self.supports_jit = False
        self.built = True  # It has no weights.
        self.tokens = tokens
        self.vocabulary_size = vocabulary_size
        self.max_length = max_length
        self.reserved = (*RESERVED, *MARKERS) if with_markers else RESERVED
        least = len(self.reserved) + len(vocabularies.BASE)
        if tokens == "subwords" and vocabulary_size <= least:
            raise OptionError(
                f"Option '{name}_size' expects more than {least} for subwords, since their vocabulary includes all "
                f"bytes of UTF-8; received {vocabulary_size}. Try 4000."
            )
        self.set_vocabulary([])

    def split(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the tokens of strings `(batch,)`, as ragged strings `(batch, tokens)`."""
        return _split(self.tokens, texts)

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the tokens of `split`, with unknown pieces spelled out, as ragged strings `(batch, tokens)`.

        Pieces are spelled in characters; subwords, whose pieces are whole words, in subwords.
        """
        tokens = self.split(texts)
        if self.tokens not in ("pieces", "subwords"):
            return tokens
        in_vocabulary = self._knows(tokens.values)
        if self.tokens == "pieces":
            spelled_out = tf.strings.regex_replace(tokens.values, "(?s:.)", rb"\0" + BREAK)
        else:
            spelled_out = spelled_in_subwords(tf.where(in_vocabulary, "", tokens.values), self._knows, self._longest)
        pieces = tf.where(in_vocabulary, tokens.values, spelled_out)
        return tokens.with_values(_split_at_breaks(pieces)).merge_dims(1, 2)

    def _knows(self, tokens: tf.Tensor) -> tf.Tensor:
        """Returns which of the strings are in the vocabulary, a boolean tensor."""
        return self._table.lookup(tokens) != UNKNOWN

    def cut(self, held: tf.Tensor, part: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Cuts texts that come in parts where more text does not change the tokens; see `layers.text_cuts`.

        Args:
            held: the rest after the parts before, strings `(batch,)`.
            part: the next part of each text, strings `(batch,)`.

        Returns:
            The texts up to the cut, whose tokens are final, and the rest.
        """
        from keras_rnn_zoo.layers.text_cuts import cut

        return cut(self.tokens, self.split, held, part)

    def read(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the last `max_length` tokens of each of the strings `(batch,)`, ragged `(batch, tokens)`."""
        return self.tokenize(texts)[:, -self.max_length :]

    def adapt(self, texts: Iterable[tf.Tensor]) -> Counter[str]:
        """Learns the vocabulary, sorted by frequency, from batches of strings.

        Returns:
            The number of occurrences of each token of `split`.
        """
        return self.learn(chunk_counts(self.tokens, texts))

    def learn(self, chunks: Iterable[Mapping[str, int]]) -> Counter[str]:
        """Learns the vocabulary as `adapt` does, from the counts of chunks of the texts; see `layers.text_chunks`."""
        counts = token_counts(_splitter(self.tokens), chunks)
        for token in self.reserved:
            del counts[token.encode()]
        by_name = Counter({token.decode(): count for token, count in counts.items()})
        size = self.vocabulary_size - len(self.reserved)
        choose = {"pieces": vocabularies.with_characters, "subwords": vocabularies.learn_subwords}.get(
            self.tokens, vocabularies.most_frequent
        )
        self.set_vocabulary(choose(by_name, size))
        return by_name

    def set_vocabulary(self, tokens: list[str]) -> None:
        """Sets the tokens of the vocabulary, without the reserved ones."""
        self.vocabulary = [*self.reserved, *tokens]
        # What a token stands for: itself, or a byte.
        bytes_of = vocabularies.BYTES if self.tokens == "subwords" else {}
        self._written = [bytes_of.get(token, token.encode()) for token in self.vocabulary]
        self._longest = min(max(map(len, self.vocabulary)), vocabularies.LONGEST)
        # A reserved token that happens to occur in a text is treated as unknown.
        ids = [UNKNOWN] * len(self.reserved) + list(range(len(self.reserved), len(self.vocabulary)))
        self._table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.constant(self._written), tf.constant(ids, tf.int32)),
            default_value=UNKNOWN,
        )

    def look_up(self, tokens: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns the int32 ids of ragged tokens, in the same shape."""
        return tf.ragged.map_flat_values(self._table.lookup, tokens)

    def call(self, texts: tf.Tensor) -> tf.Tensor:
        """Returns ids, int32 `(batch, time)`, of strings `(batch,)`, padded with zeros to a length of at least 1."""
        return at_least_one_step(self.look_up(self.read(texts)).to_tensor(default_value=PADDING))

    def to_tokens(self, ids: tf.Tensor) -> tf.Tensor:
        """Returns the tokens of ids, strings in the same shape; reserved ids become empty strings."""
        return tf.where(ids >= len(self.reserved), tf.gather(tf.constant(self.vocabulary), ids), "")

    def named(self, tokens: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns tokens of `tokenize` for display: a byte that is not a whole character is shown as <0xE3>."""
        if self.tokens != "subwords":
            return tokens
        return tf.ragged.map_flat_values(lambda flat: self.to_tokens(self._table.lookup(flat)), tokens)

    def to_text(self, ids: tf.Tensor) -> tf.Tensor:
        """Returns strings `(batch,)` for ids `(batch, time)`; reserved ids are skipped."""
        ids = tf.RaggedTensor.from_tensor(ids)
        ids = tf.ragged.boolean_mask(ids, ids >= len(self.reserved))
        tokens = tf.ragged.map_flat_values(lambda flat: tf.gather(tf.constant(self._written), flat), ids)
        texts = tf.strings.reduce_join(tokens, axis=-1, separator=SEPARATORS[self.tokens])
        # A model may write bytes that are no character.
        return tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8") if self.tokens == "subwords" else texts

    def save_files(self, folder: Path) -> None:
        r"""Writes the vocabulary to `folder`, one token per line; line breaks in tokens are escaped as `\n`."""
        write_text(
            folder / f"{self.name}.txt", "".join(f"{vocabularies.escaped(token)}\n" for token in self.vocabulary)
        )

    def load_files(self, folder: Path | Member) -> None:
        """Reads the file that `save_files` wrote; raises `RunError` if it does not begin with the reserved tokens."""
        path = folder / f"{self.name}.txt"
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        if tuple(lines[: len(self.reserved)]) != self.reserved:
            raise RunError(f"The vocabulary {path} does not begin with {self.reserved!r}. Train the run again.")
        self.set_vocabulary([vocabularies.unescaped(line) for line in lines[len(self.reserved) :]])


def at_least_one_step(tokens: tf.Tensor) -> tf.Tensor:
    """Returns `(batch, time, ...)` with one step of padding if `time` is 0, as models need a step to read."""
    missing = tf.maximum(1 - tf.shape(tokens)[1], 0)
    padding = tf.constant("" if tokens.dtype == tf.string else 0, tokens.dtype)
    return tf.pad(tokens, [[0, 0], [0, missing]] + [[0, 0]] * (len(tokens.shape) - 2), constant_values=padding)
