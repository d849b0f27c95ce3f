"""Selective copying, which tests whether a network can choose what it remembers."""

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
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.options import Range

ALPHABET = "abcdefghijklmnop"
BLANK, MARKER = len(ALPHABET), len(ALPHABET) + 1


@registry.dataset(
    task="step_classification",
    size="10,000 train, 1,000 validation, 1,000 test",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "series", "features": len(ALPHABET) + 2, "num_classes": len(ALPHABET)},
    defaults={**RECALL_DEFAULTS, "epochs": 20, "patience": 20},
)
def selective_copying(
    data_dir: str | None,
    seed: int,
    *,
    sequence_length: Annotated[int, Range(16, 10_000)] = 64,
    copied: Annotated[int, Range(1, 16)] = 8,
) -> Examples:
    """Selective copying: symbols among blanks, at random steps, then the symbols alone, in order (Gu and Dao 2023).

    A symbol is one of 16. After `sequence_length` steps come as many markers as there are symbols, at which these are
    predicted; only these steps are scored. Unlike in `copying`, time does not tell what to remember: the input does. So
    a linear recurrence whose weights do not depend on the input fails. Guessing is right in 1/16 = 6.25%; with enough
    memory, 100% are. Gu and Dao copy 16 symbols from 4,096 steps.

    Args:
        data_dir: not used; nothing is read from disk.
        seed: not used; the sequences do not depend on the training seed.
        sequence_length: number of steps that hold the symbols and the blanks.
        copied: number of symbols to copy.
    """
    draw = generator()
    splits = {name: _sequences(draw, size, sequence_length, copied) for name, size in SIZES.items()}
    return symbol_examples(splits, len(ALPHABET) + 2, tuple(ALPHABET))


def _sequences(draw: Any, count: int, length: int, copied: int) -> Sequences:
    chosen = draw.integers(0, len(ALPHABET), (count, copied))
    places = np.sort(draw.permuted(np.tile(np.arange(length), (count, 1)), axis=1)[:, :copied], axis=1)
    symbols = np.full((count, length + copied), BLANK, "int16")
    np.put_along_axis(symbols, places, chosen.astype("int16"), axis=1)
    symbols[:, length:] = MARKER
    targets = unscored(symbols)
    targets[:, length:] = chosen
    return full(symbols, targets)
