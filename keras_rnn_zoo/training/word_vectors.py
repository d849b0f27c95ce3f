"""Pretrained word vectors of a file as the initial embedding of a model."""

import logging
from dataclasses import dataclass
from typing import Any

from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.user_data.vectors_file import VectorsFile

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

    def assign(self, model: Any) -> None:
        """Sets the embedding of a new model; tokens without a vector get random ones of the same size.

        Args:
            model: a model whose embedding has a row for each token of the vocabulary.
        """
        generated = not any(layer.name == "embedding" for layer in model.layers)
        layer = model.get_layer("decoder").embedding if generated else model.get_layer("embedding")
        variable = layer.weights[0]
        initial = np.array(variable)
        ratio = self.values[self.found].std() / initial.std()
        # The embedding of a language model is its output layer as well, and has to keep its size.
        known, unknown = (self.values / ratio, initial) if generated else (self.values, initial * ratio)
        variable.assign(np.where(self.found[:, None], known, unknown))


def read_vectors(reader: Any) -> WordVectors | None:
    """Reads the vectors for the vocabulary of a fitted reader, if it has the option `vectors`.

    A token is found as it is, or else by its lower-case form, for example, "Paris" for "paris"; the first of several
    vectors counts. With the option `extend_vocabulary`, further words of the file become part of the vocabulary.

    Args:
        reader: the reader of texts.

    Raises:
        DataError: the file has none of the tokens, or a line in it is not a word with its numbers.
        OptionError: the tokens are characters.
    """
    location, extend = getattr(reader, "vectors", ""), getattr(reader, "extend_vocabulary", False)
    if not location:
        return None
    ids = reader.word_ids
    if ids.tokens == "characters":
        raise OptionError("Option 'vectors' applies to words, but tokens=characters. Choose other tokens, or omit it.")
    file = VectorsFile(location)
    reserved = len(ids.reserved)
    places, folded = _places(ids.vocabulary, reserved)
    values, rank = np.zeros([len(ids.vocabulary), file.dimension], "float32"), np.zeros(len(ids.vocabulary), "int8")
    room = max(ids.vocabulary_size - len(ids.vocabulary), 0) if extend else 0
    further: dict[str, Any] = {}
    for word, numbers in file.vectors():
        exact, alike = places.get(word, ()), folded.get(word.lower(), ())
        wanted = [*(place for place in exact if rank[place] < _EXACT), *(place for place in alike if not rank[place])]
        if wanted:
            values[wanted] = numbers.read()
            rank[wanted] = _BY_CASE
            rank[list(exact)] = _EXACT
        elif len(further) < room and not exact and not alike and reader.reads_as(word) not in further:
            further[reader.reads_as(word)] = np.array(numbers.read(), "float32")
    if not rank.any():
        raise DataError(
            f"{file.path} has a vector for none of the {len(places):,} words of the training data. Name a file of "
            "vectors in their language."
        )
    known = int(np.count_nonzero(rank))
    added = _single_tokens(ids, list(further))
    if added:
        ids.set_vocabulary([*ids.vocabulary[reserved:], *added])
        values = np.concatenate([values, [further[word] for word in added]])
        rank = np.concatenate([rank, np.full(len(added), _EXACT, "int8")])
    more = f"; {len(added):,} words of the file were added" if extend else ""
    logger.info("%s: vectors for %s of %s words%s.", file.path.name, f"{known:,}", f"{len(places):,}", more)
    return WordVectors(values, rank > 0)


def _places(vocabulary: list[str], reserved: int) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Returns the ids of the tokens for each word, and for each lower-case form; pieces begin with a space."""
    places: dict[str, list[int]] = {}
    folded: dict[str, list[int]] = {}
    for place, token in enumerate(vocabulary[reserved:], reserved):
        word = token.strip()
        places.setdefault(word, []).append(place)
        folded.setdefault(word.lower(), []).append(place)
    return places, folded


def _single_tokens(ids: Any, words: list[str]) -> list[str]:
    """Returns those of some words that a tokenizer reads as a single token, as it reads them."""
    if not words:
        return []
    split = ids.split(tf.constant(words)).to_list()
    return [word for word, tokens in zip(words, split, strict=True) if tokens == [word.encode()]]
