"""From raw text to token ids and back, in the graph."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import keras
import tensorflow as tf

from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.files import write_text
from keras_rnn_zoo.snapshots import Member

PADDING, UNKNOWN, START, END = range(4)
RESERVED = ("", "[UNK]")
"""The first tokens of every vocabulary: padding, and any token that the vocabulary lacks."""
MARKERS = ("[START]", "[END]")
"""The tokens after them in a vocabulary that texts are written with."""


def split_words(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits English or similar text into lower-case words and punctuation marks.

    HTML tags are dropped, letters are lower-cased by the rules of Unicode, punctuation marks are words of their own,
    and English contractions are split as the Penn Treebank does ("isn't" is "is n't"), so that a negation is the same
    word wherever it stands.
    """
    texts = tf.strings.regex_replace(texts, r"[\x00-\x1f\x7f\pZ]", " ")  # `lower` would end a text at a NUL.
    texts = tf.strings.lower(texts, encoding="utf-8")
    texts = tf.strings.regex_replace(texts, r"<[a-z/!][^<>]{0,200}>", " ")
    texts = tf.strings.regex_replace(texts, "[\u2018\u2019`\u00b4]", "'")
    # An apostrophe that belongs to a word becomes U+2019 until the quotation marks among them are split off.
    texts = tf.strings.regex_replace(texts, r"n't\b", " n\u2019t")
    texts = tf.strings.regex_replace(texts, r"'(s|m|re|ve|d|ll)\b", " \u2019\\1")
    texts = tf.strings.regex_replace(texts, r"(\pL)'(\pL)", "\\1\u2019\\2")
    texts = tf.strings.regex_replace(texts, r"([^\pL\pM\pN\s\x{2019}])", r" \1 ")
    return tf.strings.split(tf.strings.regex_replace(texts, "\u2019", "'"))


def split_spaces(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits text that is tokenised already, at white space."""
    return tf.strings.split(texts)


def split_characters(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits text into its Unicode characters."""
    return tf.strings.unicode_split(texts, "UTF-8")


_MOST_COUNTED = 2_000_000
"""Tokens that are counted at once."""

SPLITS = {"words": split_words, "spaces": split_spaces, "characters": split_characters}
SEPARATORS = {"words": " ", "spaces": " ", "characters": ""}


class TokenIds(keras.layers.Layer):
    """Turns texts into the ids of their tokens, in the order read. Bytes that are not UTF-8 count as U+FFFD.

    Args:
        tokens: what a token is: `"words"`, `"spaces"` or `"characters"`; see `SPLITS`.
        vocabulary_size: most ids in use, padding (0) and the unknown token (1) among them.
        max_length: most tokens read of a text; of a longer one, the last ones are read, where reviews conclude.
        written: whether texts are written with this vocabulary, too, which then holds the marks of start and end.
        name: name of the vocabulary's file, without its ending.
    """

    def __init__(
        self, tokens: str, vocabulary_size: int, max_length: int, *, written: bool = False, name: str = "vocabulary"
    ) -> None:
        super().__init__(trainable=False, name=name)
        # Keras must not turn texts into tensors of its backend; its own text layers say so with the same attributes.
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self.supports_jit = False
        self.built = True  # It has no weights.
        self.tokens = tokens
        self.vocabulary_size = vocabulary_size
        self.max_length = max_length
        self.reserved = (*RESERVED, *MARKERS) if written else RESERVED
        self.set_vocabulary([])

    def split(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the tokens of strings `(batch,)`, as ragged strings `(batch, tokens)`."""
        return SPLITS[self.tokens](tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace"))

    def read(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the tokens that are read of strings `(batch,)`: the last `max_length` of each text."""
        return self.split(texts)[:, -self.max_length :]

    def adapt(self, texts: Iterable[tf.Tensor]) -> Counter[str]:
        """Learns the vocabulary, the commonest tokens first, from batches of strings; returns how often each came."""
        counts: Counter[bytes] = Counter()
        tokens = tf.function(
            lambda batch: self.split(batch).flat_values, input_signature=[tf.TensorSpec([None], tf.string)]
        )
        rarest = 1
        for batch in texts:
            counts.update(tokens(batch).numpy().tolist())
            if len(counts) > _MOST_COUNTED:
                # What came so seldom until now will not be among the commonest; all of it would not fit into memory.
                counts = Counter({token: count for token, count in counts.items() if count > rarest})
                rarest += 1
        for token in self.reserved:
            del counts[token.encode()]
        # Ties are broken by the token itself, so that the order of the data does not matter.
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        self.set_vocabulary([token.decode() for token, _ in ranked[: self.vocabulary_size - len(self.reserved)]])
        return Counter({token.decode(): count for token, count in ranked})

    def set_vocabulary(self, tokens: list[str]) -> None:
        """Sets the tokens of the vocabulary, without the reserved ones."""
        self.vocabulary = [*self.reserved, *tokens]
        # A text that happens to hold a reserved token means nothing by it.
        ids = [UNKNOWN] * len(self.reserved) + list(range(len(self.reserved), len(self.vocabulary)))
        self._table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.constant(self.vocabulary), tf.constant(ids, tf.int32)),
            default_value=UNKNOWN,
        )

    def look_up(self, tokens: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns the int32 ids of ragged tokens, in the same shape."""
        return tf.ragged.map_flat_values(self._table.lookup, tokens)

    def call(self, texts: tf.Tensor) -> tf.Tensor:
        """Returns int32 ids `(batch, time)` of strings `(batch,)`, padded with zeros at the end, one step or more."""
        return one_step_or_more(self.look_up(self.read(texts)).to_tensor(default_value=PADDING))

    def to_tokens(self, ids: tf.Tensor) -> tf.Tensor:
        """Returns the tokens of ids, strings in the same shape; reserved ids are empty strings."""
        return tf.where(ids >= len(self.reserved), tf.gather(tf.constant(self.vocabulary), ids), "")

    def to_text(self, ids: tf.Tensor) -> tf.Tensor:
        """Returns strings `(batch,)` of ids `(batch, time)`; reserved ids are left out."""
        ids = tf.RaggedTensor.from_tensor(ids)
        kept = tf.ragged.boolean_mask(ids, ids >= len(self.reserved))
        tokens = tf.ragged.map_flat_values(lambda flat: tf.gather(tf.constant(self.vocabulary), flat), kept)
        return tf.strings.reduce_join(tokens, axis=-1, separator=SEPARATORS[self.tokens])

    def save_files(self, folder: Path) -> None:
        """Writes the vocabulary, a token a line, to `folder`; a line break is written as a backslash and an n."""
        write_text(folder / f"{self.name}.txt", "".join(f"{_escaped(token)}\n" for token in self.vocabulary))

    def load_files(self, folder: Path | Member) -> None:
        """Reads what `save_files` wrote; raises `RunError` where it does not begin with the reserved tokens."""
        path = folder / f"{self.name}.txt"
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        if tuple(lines[: len(self.reserved)]) != self.reserved:
            raise RunError(f"The vocabulary {path} does not begin with {self.reserved!r}. Train the run again.")
        self.set_vocabulary([_unescaped(line) for line in lines[len(self.reserved) :]])


def one_step_or_more(tokens: tf.Tensor) -> tf.Tensor:
    """Returns `(batch, time, ...)` with a step of padding where there is none: of an empty text, one step is read."""
    missing = tf.maximum(1 - tf.shape(tokens)[1], 0)
    filler = tf.constant("" if tokens.dtype == tf.string else 0, tokens.dtype)
    return tf.pad(tokens, [[0, 0], [0, missing]] + [[0, 0]] * (len(tokens.shape) - 2), constant_values=filler)


def _escaped(token: str) -> str:
    # Python's text files end lines at \r, too.
    return token.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _unescaped(line: str) -> str:
    return "\\".join(part.replace("\\n", "\n").replace("\\r", "\r") for part in line.split("\\\\"))
