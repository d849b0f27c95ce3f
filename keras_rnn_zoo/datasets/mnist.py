"""MNIST: handwritten digits."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._mnist import METADATA, open_mnist
from keras_rnn_zoo.datasets._prepared import read_examples
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import tfds


@registry.dataset(
    **METADATA,
    model_options={"input": "image", "num_classes": 10},
    defaults={
        "image_height": 28,
        "image_width": 28,
        "channels": 1,
        "shift": 0.04,
        "distortion": 0.03,
        "elastic": 0.04,
        "units": 1024,
        "dropout": 0.2,
        "epochs": 40,
        "patience": 40,
        "batch_size": 128,
        "learning_rate": 0.001,
    },
)
def mnist(data_dir: str | None, seed: int) -> Examples:
    """Handwritten digits, 28 by 28 pixels (LeCun, Cortes and Burges 1998).

    The validation split is a random twelfth of TFDS's train split; it depends on the seed.
    """
    return open_mnist(data_dir, seed, "image", _read)


def _read(builder: Any, split: str) -> Any:
    """Returns a split as pairs of an encoded image and its class index."""
    examples = read_examples(builder, split, {"image": tfds.decode.SkipDecoding()})
    return examples.map(lambda example: (example["image"], example["label"]))
