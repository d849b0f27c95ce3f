"""From raw text to token ids and back, in the graph."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import keras
import tensorflow as tf

from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.atomic_files import write_text
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.text_patterns import INVISIBLE, MARK, PIECE, SPACES, STRAY_JOINERS, TAG, UNSPACED_PIECE

PADDING, UNKNOWN, START, END = range(4)
RESERVED = ("", "[UNK]")
"""The first tokens of every vocabulary: padding, and any token that the vocabulary lacks."""
MARKERS = ("[START]", "[END]")
"""The tokens after them in a vocabulary that texts are written with."""


def split_words(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits English or similar text into lower-case words and punctuation marks.

    HTML tags are dropped, letters are lower-cased by the rules of Unicode, punctuation marks are words of their own,
    and English contractions are split as the Penn Treebank does ("isn't" is "is n't"), so that a negation is the same
    word wherever it stands. By rule WB4 of Unicode's word boundaries (UAX #29), combining and format characters never
    break a word: zero width joiners and non-joiners stay inside it, as Persian and Indic scripts spell with them;
    characters that only concern the layout, such as soft hyphens and variation selectors, are dropped.
    """
    texts = tf.strings.regex_replace(texts, SPACES, " ")  # `lower` would end a text at a NUL.
    texts = tf.strings.lower(texts, encoding="utf-8")
    texts = tf.strings.regex_replace(texts, TAG, " ")
    texts = tf.strings.regex_replace(texts, INVISIBLE, "")
    texts = tf.strings.regex_replace(texts, "[\u2018\u2019`\u00b4]", "'")
    # An apostrophe that belongs to a word becomes U+2019 until the quotation marks among them are split off.
    texts = tf.strings.regex_replace(texts, r"n't\b", " n\u2019t")
    texts = tf.strings.regex_replace(texts, r"'(s|m|re|ve|d|ll)\b", " \u2019\\1")
    texts = tf.strings.regex_replace(texts, r"(\pL)'(\pL)", "\\1\u2019\\2")
    texts = tf.strings.regex_replace(texts, MARK, r" \1 ")
    texts = tf.strings.regex_replace(texts, STRAY_JOINERS, r"\1\2")
    return tf.strings.split(tf.strings.regex_replace(texts, "\u2019", "'"))


def split_spaces(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits text that is tokenised already, at the white space of ASCII; a no-break space may stand in a token."""
    return tf.strings.split(texts)


def split_characters(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits text into its Unicode characters."""
    return tf.strings.unicode_split(texts, "UTF-8")


def split_pieces(texts: tf.Tensor) -> tf.RaggedTensor:
    """Splits text into pieces that carry their spaces: joined again, they are the text, character by character.

    A piece is a word, a number or a punctuation mark with the one space before it, or a single character of anything
    else. Characters of scripts without spaces between words are pieces of their own.
    """
    texts = tf.strings.regex_replace(texts, UNSPACED_PIECE, _BREAK + rb"\0" + _BREAK)
    return _split_at_breaks(tf.strings.regex_replace(texts, PIECE, rb"\0" + _BREAK))


_BREAK = b"\xff"
"""Stands between tokens while a text is split. No UTF-8 holds that byte, so no text can be mistaken for it."""


def _split_at_breaks(texts: tf.Tensor) -> tf.RaggedTensor:
    parts = tf.strings.split(texts, _BREAK)
    return tf.ragged.boolean_mask(parts, tf.ragged.map_flat_values(tf.not_equal, parts, ""))


_MOST_COUNTED = 2_000_000
"""Tokens that are counted at once."""

_SPELLED_OUT = 1
"""Pieces that come no more often than this are spelled out, so that the spelling of rare words is learned."""

SPLITS = {
    "pieces": split_pieces,
    "words": split_words,
    "spaces": split_spaces,
    "characters": split_characters,
}
SEPARATORS = {"pieces": "", "words": " ", "spaces": " ", "characters": ""}
LOSSLESS = frozenset({"pieces", "characters"})
"""Tokens that give the text back as it was, with capitals and spaces, when they are joined."""
UNITS = {"pieces": "pieces", "words": "words", "spaces": "words", "characters": "characters"}
"""What the tokens of each kind are called in messages."""


def _split(tokens: str, texts: tf.Tensor) -> tf.RaggedTensor:
    return SPLITS[tokens](tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace"))


@functools.cache
def _splitter(tokens: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the function from strings to all of their tokens, traced once for all vocabularies of a kind."""
    signature = [tf.TensorSpec([None], tf.string)]
    return tf.function(lambda texts: _split(tokens, texts).flat_values, input_signature=signature, autograph=False)


class Tokenizer(keras.layers.Layer):
    """Turns texts into the ids of their tokens, in the order read. Bytes that are not UTF-8 count as U+FFFD.

    The vocabulary of pieces is an open one: it holds the characters of the texts, too, and a piece that it lacks is
    spelled out. Of other tokens, one that the vocabulary lacks is unknown.

    Args:
        tokens: what a token is: `"pieces"`, `"words"`, `"spaces"` or `"characters"`; see `SPLITS`.
        vocabulary_size: most ids in use, padding (0) and the unknown token (1) among them.
        max_length: most tokens read of a text; of a longer one, the last ones are read, where reviews conclude.
        with_markers: whether texts are written with this vocabulary, too, which then holds the marks of start and end.
        name: name of the vocabulary's file, without its ending.
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
        # Keras must not turn texts into tensors of its backend; its own text layers say so with the same attributes.
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self.supports_jit = False
        self.built = True  # It has no weights.
        self.tokens = tokens
        self.vocabulary_size = vocabulary_size
        self.max_length = max_length
        self.reserved = (*RESERVED, *MARKERS) if with_markers else RESERVED
        self.set_vocabulary([])

    def split(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the tokens of strings `(batch,)`, as ragged strings `(batch, tokens)`."""
        return _split(self.tokens, texts)

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the tokens to look up of strings `(batch,)`: those of `split`, with unknown pieces spelled out."""
        tokens = self.split(texts)
        if self.tokens != "pieces":
            return tokens
        known = self._table.lookup(tokens.values) != UNKNOWN
        spelled = tf.strings.regex_replace(tokens.values, "(?s:.)", rb"\0" + _BREAK)
        return tokens.with_values(_split_at_breaks(tf.where(known, tokens.values, spelled))).merge_dims(1, 2)

    def read(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the tokens that are read of strings `(batch,)`: the last `max_length` of each text."""
        return self.tokenize(texts)[:, -self.max_length :]

    def adapt(self, texts: Iterable[tf.Tensor]) -> Counter[str]:
        """Learns the vocabulary, the commonest tokens first, from batches of strings.

        Returns:
            How often each token of `split` came.
        """
        counts: Counter[bytes] = Counter()
        tokens = _splitter(self.tokens)
        rarest = 1
        for batch in texts:
            counts.update(tokens(batch).numpy().tolist())
            if len(counts) > _MOST_COUNTED:
                # What came so seldom until now will not be among the commonest; all of it would not fit into memory.
                counts = Counter({token: count for token, count in counts.items() if count > rarest})
                rarest += 1
        for token in self.reserved:
            del counts[token.encode()]
        found = Counter({token.decode(): count for token, count in counts.items()})
        room = self.vocabulary_size - len(self.reserved)
        self.set_vocabulary(_open_vocabulary(found, room) if self.tokens == "pieces" else _ranked(found)[:room])
        return found

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


def _ranked(counts: Counter[str]) -> list[str]:
    """Returns tokens, the commonest first; ties are broken by the token, so the order of the data does not matter."""
    return sorted(counts, key=lambda token: (-counts[token], token))


def _open_vocabulary(counts: Counter[str], room: int) -> list[str]:
    """Returns the characters of all pieces, as far as there is room, and the commonest pieces, the commonest first."""
    characters: Counter[str] = Counter()
    for piece, count in counts.items():
        for character in piece:
            characters[character] += count
    chosen = _ranked(characters)[:room]
    longer = Counter({p: count for p, count in counts.items() if len(p) > 1 and count > _SPELLED_OUT})
    chosen += _ranked(longer)[: room - len(chosen)]
    return _ranked(Counter({token: counts[token] for token in chosen}))


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
