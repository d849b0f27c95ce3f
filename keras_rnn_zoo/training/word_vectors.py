"""Pretrained word vectors of a file as the initial embedding of a model."""

import logging
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.user_data.vectors_file import Numbers, VectorsFile

_BY_CASE, _EXACT = 1, 2
"""How a word was found: by its lower-case form, or as it is."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WordVectors:
    """The vectors of a vocabulary.

    Attributes:
        values: the vectors, float32 `(tokens, dimension)`; zeros for tokens that the file lacks.
        found: boolean `(tokens,)`, true for those that it has.
    """

    values: Any
    found: Any

    @property
    def spread(self) -> float:
        """The standard deviation of the vectors of the file, to which random ones are scaled."""
        return float(self.values[self.found].std())

    def assign(self, model: Any) -> None:
        """Sets the embedding of a new model; tokens without a vector get random ones of the same size.

        Args:
            model: a model whose embedding has a row for each token of the vocabulary.
        """
        generated = not any(layer.name == "embedding" for layer in model.layers)
        layer = model.get_layer("decoder").embedding if generated else model.get_layer("embedding")
        variable = layer.weights[0]
        initial = keras.ops.convert_to_numpy(variable)
        ratio = self.spread / initial.std()
        # The embedding of a language model is its output layer as well, and has to keep its size.
        known, unknown = (self.values / ratio, initial) if generated else (self.values, initial * ratio)
        variable.assign(np.where(self.found[:, None], known, unknown))


def read_vectors(reader: Any) -> WordVectors | None:
    """Reads the vectors for the vocabulary of a fitted reader, if it has the option `vectors`.

    A token is found as it is, or else by its lower-case form, for example, "Paris" for "paris"; the first of several
    vectors counts. With the option `words_from_vectors`, further words of the file become part of the vocabulary.

    Args:
        reader: the reader of texts.

    Raises:
        DataError: the file has none of the tokens, a line in it is not a word with its numbers, or all numbers are
            the same.
        OptionError: the tokens are characters.
    """
    location = getattr(reader, "vectors", "")
    if not location:
        return None
    ids = reader.word_ids
    if ids.tokens == "characters":
        raise OptionError("Option 'vectors' applies to words, but tokens=characters. Choose other tokens, or omit it.")
    file, words = VectorsFile(location), ids.vocabulary[len(ids.reserved) :]
    table = _Table(words, len(ids.reserved), file.dimension)
    further = _Further(reader, max(ids.vocabulary_size - len(ids.vocabulary), 0) if reader.words_from_vectors else 0)
    for word, numbers in file.vectors():
        if not table.take(word, numbers):
            further.take(word, numbers)
    if not table.rank.any():
        raise DataError(
            f"{file.path} has a vector for none of the {len(words):,} words of the training data. Name a file of "
            "vectors in their language."
        )
    known, added = int(np.count_nonzero(table.rank)), further.single_tokens()
    if added:
        ids.set_vocabulary([*words, *added])
    more = f"; {len(added):,} words of the file were added" if reader.words_from_vectors else ""
    logger.info("%s: vectors for %s of %s words%s.", file.path.name, f"{known:,}", f"{len(words):,}", more)
    values = np.concatenate([table.values, *([vector[None] for vector in added.values()])])
    vectors = WordVectors(values, np.concatenate([table.rank > 0, np.ones(len(added), bool)]))
    if not vectors.spread:
        raise DataError(f"{file.path} has the same number everywhere in its vectors of these words. Name another file.")
    return vectors


class _Table:
    """The vectors of a vocabulary, while the file is read.

    Args:
        words: the tokens of the vocabulary without the reserved ones; pieces begin with a space.
        reserved: number of reserved tokens, which come first.
        dimension: number of numbers of a vector.

    Attributes:
        values: the vectors.
        rank: how each was found; 0 for those that were not.
    """

    def __init__(self, words: list[str], reserved: int, dimension: int) -> None:
        self.values = np.zeros([reserved + len(words), dimension], "float32")
        self.rank = np.zeros(reserved + len(words), "int8")
        self._places: dict[str, list[int]] = {}
        self._folded: dict[str, list[int]] = {}
        for place, word in enumerate(words, reserved):
            self._places.setdefault(word.strip(), []).append(place)
            self._folded.setdefault(word.strip().lower(), []).append(place)

    def take(self, word: str, numbers: Numbers) -> bool:
        """Keeps the vector of a word if it is the best one so far; returns whether the vocabulary has the word."""
        exact, alike = self._places.get(word, []), self._folded.get(word.lower(), [])
        better = [place for place in exact if self.rank[place] < _EXACT]
        better += [place for place in alike if not self.rank[place] and place not in exact]
        if better:
            self.values[better] = numbers.read()
            self.rank[better] = _BY_CASE
            self.rank[exact] = _EXACT
        return bool(exact or alike)


class _Further:
    """The words of the file that may extend the vocabulary.

    Args:
        reader: the reader of texts.
        room: maximum number of words.
    """

    def __init__(self, reader: Any, room: int) -> None:
        self._reader, self._room = reader, room
        self._vectors: dict[str, Any] = {}
        self._exact: set[str] = set()

    def take(self, word: str, numbers: Numbers) -> None:
        """Keeps a word and its vector if there is room; its own vector rather than that of a form with capitals."""
        token = self._reader.reads_as(word)
        is_exact = token.strip() == word
        full = token not in self._vectors and len(self._vectors) >= self._room
        known = token in self._vectors and (token in self._exact or not is_exact)
        if full or known or " " in word:
            return
        self._vectors[token] = np.array(numbers.read(), "float32")
        if is_exact:
            self._exact.add(token)

    def single_tokens(self) -> dict[str, Any]:
        """Returns the words that the reader reads as single tokens, with their vectors."""
        if not self._vectors:
            return {}
        split = self._reader.word_ids.split(tf.constant(list(self._vectors))).to_list()
        pairs = zip(self._vectors.items(), split, strict=True)
        return {token: vector for (token, vector), tokens in pairs if tokens == [token.encode()]}
