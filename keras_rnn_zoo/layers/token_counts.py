"""Counts the tokens of texts, to learn a vocabulary."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_zoo.layers.text_chunks import ChunkCounts, Chunks

_MAX_COUNTED = 2_000_000
"""Maximum number of distinct tokens to count at a time."""
_BATCH, _BATCH_CHARACTERS = 8192, 2**22
"""Maximum numbers of chunks and of their characters that are split at a time; but always at least one chunk."""


def chunk_counts(tokens: str, texts: Iterable[tf.Tensor]) -> Iterator[Mapping[str, int]]:
    """Yields the numbers of the chunks of texts; see `keras_rnn_zoo.layers.text_chunks`.

    Args:
        tokens: the kind of tokens.
        texts: batches of strings. Bytes that are not valid UTF-8 are read as U+FFFD.
    """
    counts = ChunkCounts(tokens)
    for batch in texts:
        try:
            counts.add([text.decode() for text in batch.numpy()])
        except UnicodeDecodeError:
            valid = tf.strings.unicode_transcode(batch, "UTF-8", "UTF-8", errors="replace")
            counts.add([text.decode() for text in valid.numpy()])
        if counts.are_large:
            yield counts.take()
    yield counts.take()


def token_counts(split: Callable[[Any], tuple[Any, Any]], chunks: Iterable[Mapping[str, int]]) -> Counter[bytes]:
    """Returns how often each token occurs in texts.

    Args:
        split: function from strings `(batch,)` to all their tokens, and to the number of tokens of each string.
        chunks: the numbers of the chunks of the texts, some at a time.
    """
    counts: Counter[bytes] = Counter()
    rarest = 1
    for found in _gathered(chunks):
        for names in _batches(found):
            tokens, lengths = split(tf.constant(names, tf.string))
            times = np.repeat([found[name] for name in names], lengths.numpy())
            for token, number in zip(tokens.numpy().tolist(), times.tolist(), strict=True):
                counts[token] += number
        if len(counts) > _MAX_COUNTED:
            # To limit memory, drop the rarest tokens so far, which are unlikely to end up in the vocabulary.
            counts = Counter({token: count for token, count in counts.items() if count > rarest})
            rarest += 1
    return counts


def _gathered(parts: Iterable[Mapping[str, int]]) -> Iterator[Chunks]:
    """Yields fewer and larger counts with the same sums, so that a chunk is split once rather than for each part."""
    counts = Chunks()
    for part in parts:
        counts.update(part)
        if counts.are_large():
            yield counts
            counts = Chunks()
    yield counts


def _batches(chunks: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for chunk in chunks:
        if batch and (len(batch) == _BATCH or size + len(chunk) > _BATCH_CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(chunk)
        size += len(chunk)
    if batch:
        yield batch
