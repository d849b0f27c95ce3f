"""MNIST: handwritten digits."""

from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared, read_examples
from keras_rnn_zoo.datasets.examples import Examples, split_off_validation
from keras_rnn_zoo.lazy import tfds

LOCATION = "mnist"


@registry.dataset(
    task="classification",
    source="tfds",
    location=LOCATION,
    size="55,000 train, 5,000 validation, 10,000 test",
    license="CC BY-SA 3.0",
    license_id="cc-by-sa-3.0",
    terms="https://keras.io/api/datasets/mnist/",
    model_options={"input": "image", "num_classes": 10},
    defaults={
        "image_height": 28,
        "image_width": 28,
        "channels": 1,
        "shift": 0.07,
        "units": 1024,
        "epochs": 15,
        "batch_size": 128,
        "learning_rate": 0.001,
    },
)
def mnist(data_dir: str | None, seed: int) -> Examples:
    """Handwritten digits, 28 by 28 pixels (LeCun, Cortes and Burges 1998).

    The validation split is a random twelfth of TFDS's train split; it depends on the seed.
    """
    builder = open_prepared(LOCATION, data_dir)
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input="image",
        classes=tuple("0123456789"),
        splits={
            **split_off_validation(_read(builder, "train"), builder.info.splits["train"].num_examples, 1 / 12, seed),
            "test": lambda: _read(builder, "test"),
        },
    )


def _read(builder: Any, split: str) -> Any:
    """Returns a split as pairs of an encoded image and its class index."""
    examples = read_examples(builder, split, {"image": tfds.decode.SkipDecoding()})
    return examples.map(lambda example: (example["image"], example["label"]))
