"""Synthetic sequences of symbols, which tests of memory and of state tracking are made of."""

import functools
import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np, tf

SIZES = {"train": 10_000, "validation": 1000, "test": 1000}
SEED = 1997

RECALL_DEFAULTS: Mapping[str, Any] = {
    "cell": "gru",
    "bidirectional": False,
    "units": 128,
    "dropout": 0.0,
    "batch_size": 64,
    "learning_rate": 0.003,
}
"""Default settings of the datasets that ask for symbols that were read before."""


class Sequences(NamedTuple):
    """Sequences of one split.

    Attributes:
        symbols: the index of the symbol at each step, int16 `(sequences, steps)`.
        lengths: the number of steps of each sequence, int32 `(sequences,)`; what follows is padding.
        targets: a class index for each sequence, int32 `(sequences,)`, or for each step, int32 `(sequences, steps)`,
            -1 where there is nothing to predict.
    """

    symbols: Any
    lengths: Any
    targets: Any


def generator() -> Any:
    """Returns the generator of random numbers that a dataset draws from, one split after another."""
    return np.random.Generator(np.random.PCG64(SEED))


def full(symbols: Any, targets: Any) -> Sequences:
    """Returns sequences without padding."""
    return Sequences(symbols, np.full(len(symbols), symbols.shape[1], "int32"), targets)


def unscored(symbols: Any) -> Any:
    """Returns targets for each step of `symbols` that ask for nothing; int32."""
    return np.full(symbols.shape, IGNORED, "int32")


def symbol_examples(splits: Mapping[str, Sequences], symbols: int, classes: tuple[str, ...]) -> Examples:
    """Returns sequences of symbols as the examples of a dataset.

    Args:
        splits: the sequences of each split.
        symbols: the number of different symbols. A symbol is a one-hot vector, float32 `(symbols,)`.
        classes: the names of the classes.
    """
    data = hashlib.sha256()
    for sequences in splits.values():
        for part in sequences:
            data.update(np.ascontiguousarray(part).astype("<i4").tobytes())
    datasets = {name: functools.partial(_as_dataset, sequences, symbols) for name, sequences in splits.items()}
    return Examples("1.0.0", data.hexdigest(), "series", datasets, classes)


def _as_dataset(sequences: Sequences, symbols: int) -> Any:
    # One sequence is encoded at a time; all at once would take a hundred times the memory.
    def example(ids: Any, length: Any, target: Any) -> Any:
        vectors = tf.ensure_shape(tf.one_hot(tf.cast(ids[:length], tf.int32), symbols), [None, symbols])
        return vectors, target[:length] if target.shape.rank else target

    return tf.data.Dataset.from_tensor_slices(tuple(sequences)).map(example)
