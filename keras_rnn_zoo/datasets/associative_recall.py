"""Associative recall, which tests memory of pairs."""

from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._symbols import (
    RECALL_DEFAULTS,
    SIZES,
    Sequences,
    full,
    generator,
    symbol_examples,
    unscored,
)
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.options import Range

KEYS = VALUES = 32
BLANK = KEYS + VALUES


@registry.dataset(
    task="step_classification",
    size="10,000 train, 1,000 validation, 1,000 test",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "series", "features": KEYS + VALUES + 1, "num_classes": VALUES},
    defaults={**RECALL_DEFAULTS, "epochs": 30, "patience": 30},
)
def associative_recall(
    data_dir: str | None,
    seed: int,
    *,
    pairs: Annotated[int, Range(1, 32)] = 4,
    sequence_length: Annotated[int, Range(3, 10_000)] = 32,
) -> Examples:
    """Associative recall with several queries: pairs of a key and its value, then the keys again (Arora et al. 2023).

    Keys and values are 32 symbols each. The pairs come first; each key comes again at a random later step, among
    blanks, and its value is predicted there. Only these steps are scored. Guessing is right in 1/32 = 3.1%, and a
    network that knows the values but not their keys in 1 of `pairs`; 100% can be reached, with a state that grows with
    the number of pairs. Arora et al. use 8,192 symbols, 4 to 64 pairs, and 64 to 512 steps.

    Args:
        data_dir: not used; nothing is read from disk.
        seed: not used; the sequences do not depend on the training seed.
        pairs: number of pairs.
        sequence_length: number of steps of each sequence, at least 3 for each pair.
    """
    if sequence_length < 3 * pairs:
        raise OptionError(
            f"Option 'sequence_length' expects at least {3 * pairs:,} for pairs={pairs}: a key, its value and a query "
            f"are three steps; received {sequence_length:,}."
        )
    draw = generator()
    splits = {name: _sequences(draw, size, pairs, sequence_length) for name, size in SIZES.items()}
    return symbol_examples(splits, KEYS + VALUES + 1, tuple(f"value_{number}" for number in range(VALUES)))


def _sequences(draw: Any, count: int, pairs: int, length: int) -> Sequences:
    keys = draw.permuted(np.tile(np.arange(KEYS), (count, 1)), axis=1)[:, :pairs]
    values = draw.integers(0, VALUES, (count, pairs))
    symbols = np.full((count, length), BLANK, "int16")
    symbols[:, 0 : 2 * pairs : 2] = keys
    symbols[:, 1 : 2 * pairs : 2] = KEYS + values
    free = np.tile(np.arange(2 * pairs, length), (count, 1))
    places = draw.permuted(free, axis=1)[:, :pairs]
    np.put_along_axis(symbols, places, keys.astype("int16"), axis=1)
    targets = unscored(symbols)
    np.put_along_axis(targets, places, values.astype("int32"), axis=1)
    return full(symbols, targets)
