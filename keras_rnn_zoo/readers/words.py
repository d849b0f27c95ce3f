"""The reader of sentences word by word, optionally with the characters of each word."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.readers._options import CharUnits, MaxTokens, Vectors, VocabularySize, WordsFromVectors
from keras_rnn_zoo.readers.reader import Reader
from keras_rnn_zoo.readers.text import (
    dummy_text,
    held_text,
    learn_vocabulary,
    longer_text_than,
    mostly_unknown,
    ranks_of,
    text_batch,
)


@registry.reader(inputs={"text": "the sentences, with spaces between words: string (batch,), UTF-8"})
class WordsReader(Reader):
    """Ids of words, int32 `(batch, words)`, or of words and their characters, `(batch, words, 1 + max_characters)`.

    Words are separated by white space. Their ids are those of their lower-case forms; characters keep their case.

    Args:
        vocabulary_size: maximum number of words, including padding and the unknown word; the most frequent are kept.
        max_length: maximum number of words to read of a sentence; longer sentences are truncated at the end.
        char_units: if not 0, characters are read as well.
        max_characters: maximum number of characters to read of a word; longer words are truncated from the front.
    """

    input = "text"
    variable = True

    def __init__(
        self,
        *,
        vocabulary_size: VocabularySize = 20_000,
        max_length: MaxTokens = 400,
        char_units: CharUnits = 0,
        max_characters: Annotated[int, Range(1, 1000)] = 20,
        vectors: Vectors = "",
        words_from_vectors: WordsFromVectors = False,
    ) -> None:
        from keras_rnn_zoo.layers.text import Tokenizer

        self.vectors, self.words_from_vectors = vectors, words_from_vectors
        self.words = Tokenizer("spaces", vocabulary_size, max_length, name="vocabulary")
        self.characters = Tokenizer("characters", 10_000, max_characters, name="characters")
        self.max_length = max_length
        self.with_characters = char_units > 0

    @property
    def word_ids(self) -> Any:
        """The `Tokenizer` of the words that have vectors."""
        return self.words

    def reads_as(self, word: str) -> str:
        """Returns the token for a word of a file of vectors."""
        return word.lower()

    def tokens(self, texts: Any) -> Any:
        """Returns the words of strings `(batch,)` as ragged strings `(batch, words)`."""
        return self.words.split(texts)[:, : self.max_length]

    def given(self, tokens: Any) -> Any:
        """Returns ragged strings `(batch, words)` for words that are split already.

        Args:
            tokens: strings `(batch, words)`, padded with empty strings. As in texts, bytes that are not valid UTF-8 are
                read as U+FFFD.
        """
        words = tf.strings.unicode_transcode(tokens, "UTF-8", "UTF-8", errors="replace")
        return tf.RaggedTensor.from_tensor(words, padding="")[:, : self.max_length]

    def fit(self, raw: Any) -> str:
        words = learn_vocabulary(self.words, raw.map(_lower))
        return f"{words}; {learn_vocabulary(self.characters, raw)}" if self.with_characters else words

    def model_options(self) -> dict[str, Any]:
        sizes = {"input": self.input, "vocabulary_size": len(self.words.vocabulary)}
        return {**sizes, "char_vocabulary_size": len(self.characters.vocabulary)} if self.with_characters else sizes

    def size_labels(self) -> dict[str, Sequence[str]]:
        words: dict[str, Sequence[str]] = {"vocabulary_size": self.words.vocabulary}
        return {**words, "char_vocabulary_size": self.characters.vocabulary} if self.with_characters else words

    def signature(self) -> list[Any]:
        return [tf.TensorSpec([None], tf.string, name="text")]

    def __call__(self, *raw: Any) -> Any:
        return self.look_up(self.tokens(*raw))

    def look_up(self, tokens: Any) -> Any:
        """Returns the model's input for ragged words `(batch, words)`."""
        from keras_rnn_zoo.layers.text import at_least_one_step

        words = self.words.look_up(tf.ragged.map_flat_values(_lower, tokens))
        if not self.with_characters:
            return at_least_one_step(words.to_tensor())
        characters = self.characters.look_up(
            self.characters.split(tokens.flat_values)[:, -self.characters.max_length :]
        )
        shape = [None, self.characters.max_length]
        both = tf.concat([words.flat_values[:, None], characters.to_tensor(shape=shape)], axis=1)
        return at_least_one_step(words.with_flat_values(both).to_tensor())

    def unread(self, *raw: Any) -> Any:
        return None if self.with_characters else mostly_unknown(self(*raw))

    streams = True

    def limit(self) -> tuple[Any, str]:
        return self, "max_length"

    def stream_states(self) -> dict[str, Any]:
        return {"text": held_text()}

    def read_part(self, states: Mapping[str, Any], *raw: Any) -> tuple[Any, Any, dict[str, Any]]:
        complete, held = self.words.cut(states["text"], raw[0])
        return *self._steps(complete), {"text": held}

    def read_end(self, states: Mapping[str, Any], rows: Any) -> tuple[Any, Any]:
        return self._steps(states["text"])

    def _steps(self, texts: Any) -> tuple[Any, Any]:
        from keras_rnn_zoo.layers.streams import Steps, steps_of

        words = steps_of(self.words.split(texts))
        return Steps(self.look_up(self.words.split(texts)), words.count), words

    step_unit, baseline = "token", "embeddings of zeros"

    def step_labels(self, count: int, *raw: Any) -> list[str]:
        return [token.decode("utf-8", "replace") for token in self.tokens(raw[0])[0].numpy()]

    def word_ranks(self, inputs: Any) -> Any:
        values = np.asarray(inputs)
        return ranks_of(values[:, :, 0] if values.ndim == 3 else values, self.words)

    def dummy_input(self, number: int) -> Any:
        return dummy_text(self.words, number)

    def longer_than(self, inputs: Sequence[Any]) -> Any:
        return longer_text_than(inputs)

    def resources(self) -> list[Any]:
        return [self.words, self.characters] if self.with_characters else [self.words]

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        return (text_batch(inputs),)

    def save(self, folder: Path) -> None:
        for ids in self.resources():
            ids.save_files(folder)

    def load(self, folder: Path | Member) -> None:
        for ids in self.resources():
            ids.load_files(folder)


def _lower(texts: Any) -> Any:
    # `lower` would truncate a text at a NUL.
    return tf.strings.lower(tf.strings.regex_replace(texts, r"\x00", " "), encoding="utf-8")
