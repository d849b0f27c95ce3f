"""Parity, which tests whether a network can track a state for longer than it was trained to."""

from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._symbols import SIZES, Sequences, generator, symbol_examples
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.options import Range


@registry.dataset(
    task="classification",
    size="10,000 train, 1,000 validation, 1,000 test, of twice the length",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "series", "features": 2, "num_classes": 2},
    defaults={
        "bidirectional": False,
        "pooling": "last",
        "units": 32,
        "dropout": 0.0,
        "batch_size": 64,
        "learning_rate": 0.01,
        "epochs": 20,
        "patience": 20,
    },
)
def parity(data_dir: str | None, seed: int, *, sequence_length: Annotated[int, Range(2, 5000)] = 40) -> Examples:
    """Parity: whether a sequence of bits has an even or an odd number of ones (Minsky and Papert 1969).

    Sequences to train and validate on have up to `sequence_length` bits, those of the test split more than that, up to
    twice as many (length generalization; Deletang et al. 2023). One bit of state suffices, but it must be exact:
    counting in a state that is a sum fails on longer sequences. Guessing is right in 50%; a network that has learned
    to flip one bit is right in 100%.

    Args:
        data_dir: not used; nothing is read from disk.
        seed: not used; the sequences do not depend on the training seed.
        sequence_length: maximum number of bits of a sequence to train on.
    """
    draw = generator()
    splits = {
        name: _sequences(
            draw, size, *((sequence_length + 1, 2 * sequence_length) if name == "test" else (1, sequence_length))
        )
        for name, size in SIZES.items()
    }
    return symbol_examples(splits, 2, ("even", "odd"))


def _sequences(draw: Any, count: int, shortest: int, longest: int) -> Sequences:
    lengths = draw.integers(shortest, longest, count, endpoint=True).astype("int32")
    bits = draw.integers(0, 2, (count, longest)).astype("int16")
    bits[np.arange(longest) >= lengths[:, None]] = 0
    return Sequences(bits, lengths, bits.sum(axis=1, dtype="int32") % 2)
