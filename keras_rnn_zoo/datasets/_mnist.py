"""What the datasets of MNIST's digits share: its metadata and its splits."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo.datasets._prepared import checksum, open_prepared
from keras_rnn_zoo.datasets.examples import Examples, split_off_validation

METADATA: Mapping[str, Any] = {
    "task": "classification",
    "source": "tfds",
    "location": "mnist",
    "size": "55,000 train, 5,000 validation, 10,000 test",
    "license": "CC BY-SA 3.0",
    "license_id": "cc-by-sa-3.0",
    "terms": "https://keras.io/api/datasets/mnist/",
}
"""Arguments of `registry.dataset`."""


def open_mnist(data_dir: str | None, seed: int, input: str, read: Callable[[Any, str], Any]) -> Examples:
    """Opens MNIST; the validation split is a random twelfth of TFDS's train split.

    Args:
        data_dir: the folder of prepared datasets.
        seed: seed of the validation split.
        input: the kind of input that the digits become.
        read: a function from a TFDS builder and the name of a split to pairs of such an input and its class index.

    Raises:
        DataError: if the dataset is not on disk and cannot be prepared, or is damaged.
    """
    builder = open_prepared(METADATA["location"], data_dir)
    learned = split_off_validation(read(builder, "train"), builder.info.splits["train"].num_examples, 1 / 12, seed)
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input=input,
        classes=tuple("0123456789"),
        splits={**learned, "test": lambda: read(builder, "test")},
    )
