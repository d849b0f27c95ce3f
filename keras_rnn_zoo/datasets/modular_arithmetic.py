"""Modular arithmetic, which tests whether a network can track a state of several parts."""

from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._symbols import SIZES, Sequences, generator, symbol_examples
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.options import Range

MODULUS = 5
PLUS, MINUS, TIMES = MODULUS, MODULUS + 1, MODULUS + 2


@registry.dataset(
    task="classification",
    size="10,000 train, 1,000 validation, 1,000 test, of twice the length",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "series", "features": MODULUS + 3, "num_classes": MODULUS},
    defaults={
        "bidirectional": False,
        "pooling": "last",
        "units": 128,
        "dropout": 0.0,
        "batch_size": 64,
        "learning_rate": 0.003,
        "epochs": 30,
        "patience": 30,
    },
)
def modular_arithmetic(
    data_dir: str | None, seed: int, *, sequence_length: Annotated[int, Range(3, 5000)] = 20
) -> Examples:
    """The value, modulo 5, of a sum of products such as 3 + 4 * 2 - 1 (Deletang et al. 2023).

    The numbers are 0 to 4, and products come before sums. Sequences to train and validate on have up to
    `sequence_length` symbols, those of the test split more than that, up to twice as many (length generalization). A
    network has to track the sum so far and the product at hand. Guessing is right in 20%, and 100% can be reached.

    Args:
        data_dir: not used; nothing is read from disk.
        seed: not used; the sequences do not depend on the training seed.
        sequence_length: maximum number of symbols of a sequence to train on.
    """
    draw = generator()
    most = (sequence_length + 1) // 2  # Numbers of the longest sequence: between two of them is an operator.
    splits = {
        name: _sequences(draw, size, *((most + 1, 2 * most) if name == "test" else (1, most)))
        for name, size in SIZES.items()
    }
    return symbol_examples(splits, MODULUS + 3, tuple(map(str, range(MODULUS))))


def _sequences(draw: Any, count: int, fewest: int, most: int) -> Sequences:
    """Returns expressions of `fewest` to `most` numbers."""
    numbers = draw.integers(fewest, most, count, endpoint=True).astype("int32")
    lengths = 2 * numbers - 1
    symbols = np.zeros((count, 2 * most - 1), "int16")
    symbols[:, ::2] = draw.integers(0, MODULUS, (count, most))
    symbols[:, 1::2] = draw.integers(PLUS, TIMES, (count, most - 1), endpoint=True)
    symbols[np.arange(2 * most - 1) >= lengths[:, None]] = 0
    return Sequences(symbols, lengths, _values(symbols, lengths))


def _values(symbols: Any, lengths: Any) -> Any:
    """Returns the value of each expression, modulo 5; int32."""
    total = np.zeros(len(symbols), "int32")  # The sum of the terms that are complete.
    term = symbols[:, 0].astype("int32")  # The signed product at hand.
    for place in range(1, symbols.shape[1] - 1, 2):
        operator, number = symbols[:, place], symbols[:, place + 1].astype("int32")
        here = place < lengths
        times = operator == TIMES
        total = np.where(here & ~times, (total + term) % MODULUS, total)
        next_term = np.where(times, term * number, np.where(operator == PLUS, number, -number)) % MODULUS
        term = np.where(here, next_term, term)
    return (total + term).astype("int32") % MODULUS
