"""From raw text to token ids, in the graph."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import keras
import tensorflow as tf

from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.files import write_text

PADDING, UNKNOWN = 0, 1
RESERVED = ("", "[UNK]")
"""The first tokens of every vocabulary: padding, and any word that the vocabulary lacks."""


class WordIds(keras.layers.Layer):
    """Turns texts into the ids of their words, in the order read.

    HTML tags are dropped, letters are lower-cased by the rules of Unicode, punctuation marks are words of their own,
    and English contractions are split as the Penn Treebank does ("isn't" is "is n't"), so that a negation is the same
    word wherever it stands. Bytes that are not UTF-8 count as the replacement character.

    Args:
        vocabulary_size: most ids in use, padding (0) and the unknown word (1) among them.
        max_length: most words read of a text; of a longer one, the last ones are read, where reviews conclude.
    """

    VOCABULARY_FILE = "vocabulary.txt"

    def __init__(self, vocabulary_size: int, max_length: int) -> None:
        super().__init__(trainable=False)
        # Keras must not turn texts into tensors of its backend; its own text layers say so with the same attributes.
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self.supports_jit = False
        self.built = True  # It has no weights.
        self.vocabulary_size = vocabulary_size
        self.max_length = max_length
        self.set_vocabulary([])

    def words(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the words of strings `(batch,)`, as ragged strings `(batch, words)`."""
        texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
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

    def adapt(self, texts: Iterable[tf.Tensor]) -> Counter[str]:
        """Learns the vocabulary, the commonest words first, from batches of strings; returns how often each came."""
        counts: Counter[bytes] = Counter()
        words = tf.function(
            lambda batch: self.words(batch).flat_values, input_signature=[tf.TensorSpec([None], tf.string)]
        )
        for batch in texts:
            counts.update(words(batch).numpy().tolist())
        # Ties are broken by the word itself, so that the order of the data does not matter.
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        self.set_vocabulary([word.decode() for word, _ in ranked[: self.vocabulary_size - len(RESERVED)]])
        return Counter({word.decode(): count for word, count in ranked})

    def set_vocabulary(self, words: list[str]) -> None:
        """Sets the words of the vocabulary, without the reserved ones."""
        self.vocabulary = [*RESERVED, *words]
        ids = tf.range(
            len(self.vocabulary), dtype=tf.int32
        )  # No text has a reserved word: they hold capitals or nothing.
        self._table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.constant(self.vocabulary), ids), default_value=UNKNOWN
        )

    def call(self, texts: tf.Tensor) -> tf.Tensor:
        """Returns int32 ids `(batch, time)` of strings `(batch,)`, padded with zeros at the end, one step or more."""
        words = self.words(texts)[:, -self.max_length :]
        ids = words.with_flat_values(self._table.lookup(words.flat_values)).to_tensor(default_value=PADDING)
        # The recurrent layers read one step of an empty text, also in a batch of empty ones.
        return tf.pad(ids, [[0, 0], [0, tf.maximum(1 - tf.shape(ids)[1], 0)]])

    def save_files(self, folder: Path) -> None:
        """Writes the vocabulary, a word a line, to `folder`."""
        write_text(folder / self.VOCABULARY_FILE, "\n".join(self.vocabulary) + "\n")

    def load_files(self, folder: Path) -> None:
        """Reads what `save_files` wrote; raises `RunError` where it does not begin with the reserved words."""
        path = folder / self.VOCABULARY_FILE
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        if tuple(lines[: len(RESERVED)]) != RESERVED:
            raise RunError(f"The vocabulary {path} does not begin with {RESERVED!r}. Train the run again.")
        self.set_vocabulary(lines[len(RESERVED) :])
