"""Numbers of the chunks of texts, which other processes can count while they read files."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Chunks = Callable[[str], Iterator[Mapping[str, int]]]
"""A function from a kind of tokens to the numbers of chunks; see `keras_rnn_zoo.layers.text_chunks`."""


def attach_chunks(texts: Any, chunks: Chunks | None) -> None:
    """Attaches the numbers of the chunks of all of its texts to a `tf.data.Dataset`."""
    texts.zoo_chunks = chunks


def attached_chunks(texts: Any) -> Chunks | None:
    """Returns what was attached to a `tf.data.Dataset`, or `None`; data that is made from another has nothing."""
    return getattr(texts, "zoo_chunks", None)
