"""The reader of texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.snapshot import Member
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.readers._chunks import attached_chunks
from keras_rnn_zoo.readers._options import MaxTokens, Vectors, VocabularySize, WordsFromVectors
from keras_rnn_zoo.readers.reader import Reader


@registry.reader(
    inputs={"text": "the texts: string (batch,), UTF-8"},
    columns="text review sentence content body comment message tweet document question title description input x",
)
class TextReader(Reader):
    """Token ids of texts, int32 `(batch, time)`.

    Args:
        tokens: the kind of tokens: words, which are lower-cased and split by the rules of English; spaces, for text
            already tokenized with spaces; characters; pieces, which are unchanged words and punctuation marks with the
            space before them; or subwords, parts of words that are learned from the training texts (Sennrich et al.
            2016) and can write any text.
        vocabulary_size: maximum number of tokens, including padding and the unknown token; the most frequent are kept.
    """

    input = "text"
    variable = True

    def __init__(
        self,
        *,
        tokens: Literal["words", "spaces", "characters", "pieces", "subwords"] = "words",
        vocabulary_size: VocabularySize = 20_000,
        max_length: MaxTokens = 400,
        vectors: Vectors = "",
        words_from_vectors: WordsFromVectors = False,
    ) -> None:
        from keras_rnn_zoo.layers.text import Tokenizer

        self.vectors, self.words_from_vectors = vectors, words_from_vectors
        self.ids = Tokenizer(tokens, vocabulary_size, max_length)

    def fit(self, raw: Any) -> str:
        return learn_vocabulary(self.ids, raw)

    @property
    def word_ids(self) -> Any:
        """The `Tokenizer` of the words that have vectors."""
        return self.ids

    def reads_as(self, word: str) -> str:
        """Returns the token for a word of a file of vectors."""
        if self.ids.tokens == "pieces":
            return f" {word}"
        return word.lower() if self.ids.tokens == "words" else word

    def model_options(self) -> dict[str, Any]:
        return {"input": self.input, "vocabulary_size": len(self.ids.vocabulary)}

    def size_labels(self) -> dict[str, Sequence[str]]:
        return {"vocabulary_size": self.ids.vocabulary}

    def signature(self) -> list[Any]:
        return [tf.TensorSpec([None], tf.string, name="text")]

    def __call__(self, *raw: Any) -> Any:
        return self.ids(*raw)

    streams = True

    def limit(self) -> tuple[Any, str]:
        return self.ids, "max_length"

    def stream_states(self) -> dict[str, Any]:
        return {"text": held_text()}

    def read_part(self, states: Mapping[str, Any], *raw: Any) -> tuple[Any, None, dict[str, Any]]:
        complete, held = self.ids.cut(states["text"], raw[0])
        return self._steps(complete), None, {"text": held}

    def read_end(self, states: Mapping[str, Any], rows: Any) -> tuple[Any, None]:
        return self._steps(states["text"]), None

    def _steps(self, texts: Any) -> Any:
        from keras_rnn_zoo.layers.streams import steps_of

        return steps_of(self.ids.look_up(self.ids.tokenize(texts)))

    def source_tokens(self, *raw: Any) -> dict[str, Any]:
        from keras_rnn_zoo.layers.text import at_least_one_step

        return {"source_tokens": at_least_one_step(self.ids.named(self.ids.read(*raw)).to_tensor(""))}

    step_unit, baseline = "token", "embeddings of zeros"

    def step_labels(self, count: int, *raw: Any) -> list[str]:
        return [token.decode("utf-8", "replace") for token in self.ids.read(raw[0])[0].numpy()]

    def word_ranks(self, inputs: Any) -> Any:
        return None if self.ids.tokens == "characters" else ranks_of(inputs, self.ids)

    def unread(self, *raw: Any) -> Any:
        return mostly_unknown(self.ids(*raw))

    def dummy_input(self, number: int) -> Any:
        return dummy_text(self.ids, number)

    def longer_than(self, inputs: Sequence[Any]) -> Any:
        return longer_text_than(inputs)

    def resources(self) -> list[Any]:
        return [self.ids]

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        return (text_batch(inputs),)

    def save(self, folder: Path) -> None:
        self.ids.save_files(folder)

    def load(self, folder: Path | Member) -> None:
        self.ids.load_files(folder)


def held_text() -> Any:
    """Returns the state that holds the end of a text that more text may change, as bytes."""
    from keras_rnn_zoo.layers.streams import State

    return State((), tf.string, "")


def text_batch(inputs: Sequence[Any]) -> Any:
    """Returns a string tensor `(batch,)` of texts, each `str` or `bytes`; raises `DataError` for anything else."""
    for text in inputs:
        if not isinstance(text, str | bytes):
            raise DataError(f"A text is expected as str or bytes; received {text!r}.")
    return tf.constant([_encoded(text) if isinstance(text, str) else text for text in inputs], tf.string)


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # A lone surrogate; its bytes are not valid UTF-8.
        return text.encode("utf-8", "surrogatepass")


def ranks_of(inputs: Any, ids: Any) -> Any:
    """Returns the ranks of ids `(batch, steps)` in the vocabulary of a `Tokenizer`; see `Reader.word_ranks`."""
    from keras_rnn_zoo.layers.text import PADDING

    values = np.asarray(inputs)
    first = len(ids.reserved)
    ranks = np.where(values < first, np.inf, values - first + 1.0)
    return np.where(values == PADDING, np.nan, ranks)


def mostly_unknown(ids: Any) -> Any:
    """Returns in which rows of token ids `(batch, steps)` more tokens are unknown than known: bool `(batch,)`."""
    from keras_rnn_zoo.layers.text import PADDING, UNKNOWN

    values = np.asarray(ids)
    return 2 * (values == UNKNOWN).sum(axis=1) > (values != PADDING).sum(axis=1)


def dummy_text(ids: Any, number: int) -> bytes:
    """Returns a text of tokens drawn from the vocabulary of a `Tokenizer`, which depends on `number`."""
    from keras_rnn_zoo.layers.text import SEPARATORS
    from keras_rnn_zoo.layers.vocabularies import BYTES

    random = np.random.default_rng(number)
    tokens = ids.vocabulary[len(ids.reserved) :] or ["?"]
    if ids.tokens == "subwords":  # Without the names of bytes, and control characters.
        tokens = [token for token in tokens if token not in BYTES and token.isprintable()]
    return SEPARATORS[ids.tokens].join(random.choice(tokens, random.integers(1, 30))).encode()


def longer_text_than(inputs: Sequence[Any]) -> bytes:
    """Returns a text with more words and more characters than any of the given ones."""
    texts = [_encoded(text) if isinstance(text, str) else text for text in inputs]
    return b" ".join([max(texts, key=lambda text: len(text.split())), *[max(texts, key=len)] * 2, b"end"])


def learn_vocabulary(ids: Any, texts: Any) -> str:
    """Fits a `Tokenizer` on a `tf.data.Dataset` of texts; returns a description of the result, for the training log."""
    from keras_rnn_zoo.layers.text import UNITS

    chunks = attached_chunks(texts)
    counts = ids.learn(chunks(ids.tokens)) if chunks else ids.adapt(texts.batch(1024).prefetch(2))
    total = sum(counts.values())
    covered = sum(counts[token] for token in ids.vocabulary)
    spelled_out = {"pieces": "; the others are spelled out", "subwords": "; the others are several subwords each"}
    coverage = f"{covered / max(total, 1):.1%} of {total:,} {UNITS[ids.tokens]}{spelled_out.get(ids.tokens, '')}"
    return f"{ids.name} of {len(ids.vocabulary):,}, which covers {coverage}"
