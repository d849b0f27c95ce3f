"""The copying problem, which tests memory of a whole sequence."""

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

COPIED = 10
"""Number of symbols to copy."""
ALPHABET = "abcdefgh"
BLANK, MARKER = len(ALPHABET), len(ALPHABET) + 1


@registry.dataset(
    task="step_classification",
    size="10,000 train, 1,000 validation, 1,000 test",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "series", "features": len(ALPHABET) + 2, "num_classes": len(ALPHABET)},
    defaults={**RECALL_DEFAULTS, "epochs": 20, "patience": 20},
)
def copying(data_dir: str | None, seed: int, *, delay: Annotated[int, Range(1, 10_000)] = 20) -> Examples:
    """The copying problem: ten symbols, a delay, a marker, then the symbols again (Hochreiter and Schmidhuber 1997).

    A symbol is one of eight. The delay is blank, and so are the steps at which the symbols are predicted; only these
    are scored. Guessing is right in 1/8 = 12.5% of them; with enough memory, 100% are. The literature uses delays of
    100 to 2,000 (Arjovsky et al. 2016).

    Args:
        data_dir: not used; nothing is read from disk.
        seed: not used; the sequences do not depend on the training seed.
        delay: number of steps between the symbols and the marker.
    """
    draw = generator()
    splits = {name: _sequences(draw, size, delay) for name, size in SIZES.items()}
    return symbol_examples(splits, len(ALPHABET) + 2, tuple(ALPHABET))


def _sequences(draw: Any, count: int, delay: int) -> Sequences:
    copied = draw.integers(0, len(ALPHABET), (count, COPIED))
    symbols = np.full((count, COPIED + delay + 1 + COPIED), BLANK, "int16")
    symbols[:, :COPIED] = copied
    symbols[:, COPIED + delay] = MARKER
    targets = unscored(symbols)
    targets[:, -COPIED:] = copied
    return full(symbols, targets)
