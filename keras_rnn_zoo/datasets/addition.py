"""Sums of integers, read and written digit by digit."""

import functools
from typing import TYPE_CHECKING

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples, as_dataset

if TYPE_CHECKING:
    import random

SIZES = {"train": 40_000, "validation": 1000, "test": 1000}
FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1}
"""The fraction of all pairs of operands that a split draws its examples from."""
MAX_DIGITS = 3
SEED = 19_990_401


@registry.dataset(
    task="translation",
    size="40,000 train, 1,000 validation, 1,000 test",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "text"},
    defaults={
        "tokens": "characters",
        "target_tokens": "characters",
        "max_length": 10,
        "attention": "bahdanau",
        "batch_size": 128,
        "learning_rate": 0.005,
        "epochs": 10,
        "dropout": 0.0,
    },
)
def addition(data_dir: str | None, seed: int) -> Examples:
    """Sums of two numbers of up to three digits, read and written digit by digit: "535+61" to "596".

    No pair of operands in the validation or test split occurs in the training split, in either order. The examples do
    not depend on the training seed.
    """
    import hashlib

    splits = generate()
    return Examples(
        version="1.0.0",
        checksum=hashlib.sha256(repr(splits).encode()).hexdigest(),
        input="text",
        splits={name: functools.partial(as_dataset, rows) for name, rows in splits.items()},
    )


def generate(seed: int = SEED) -> dict[str, list[tuple[str, str]]]:
    """Returns distinct sums and their results for each split."""
    import random

    draw = random.Random(seed)
    splits: dict[str, dict[str, str]] = {name: {} for name in SIZES}
    split_of_pair: dict[tuple[int, int], str] = {}
    while any(len(splits[name]) < size for name, size in SIZES.items()):
        first, second = _operand(draw), _operand(draw)
        pair = min(first, second), max(first, second)
        if pair not in split_of_pair:
            split_of_pair[pair] = draw.choices(list(FRACTIONS), list(FRACTIONS.values()))[0]
        name = split_of_pair[pair]
        if len(splits[name]) < SIZES[name]:
            splits[name][f"{first}+{second}"] = str(first + second)
    return {name: list(rows.items()) for name, rows in splits.items()}


def _operand(draw: "random.Random") -> int:
    """Returns a number of one to three digits; the number of digits is drawn first, as 90% of numbers have three."""
    digits = draw.randint(1, MAX_DIGITS)
    return draw.randrange(10 ** (digits - 1) if digits > 1 else 0, 10**digits)
