"""Sequential MNIST: a handwritten digit, pixel by pixel."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._mnist import METADATA, open_mnist
from keras_rnn_zoo.datasets._prepared import read_split
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np, tf

PIXELS = 28 * 28
SEED = 1997


@registry.dataset(
    **METADATA,
    model_options={"input": "series", "features": 1, "num_classes": 10},
    defaults={
        "cell": "lru:r_min=0.9,r_max=0.999,max_phase=0.314",
        "block": "residual",
        "units": 44,
        "num_layers": 2,
        "bidirectional": False,
        "pooling": "mean",
        "dropout": 0.0,
        "batch_size": 64,
        "learning_rate": 0.003,
        "epochs": 9,
    },
)
def sequential_mnist(data_dir: str | None, seed: int, *, permuted: bool = False) -> Examples:
    """MNIST read pixel by pixel: 784 steps of one brightness from 0 to 1, row by row (Le, Jaitly and Hinton 2015).

    Guessing is right in 10%; LSTM networks reach about 99%, and about 95% on permuted pixels. The validation split is a
    random twelfth of TFDS's train split; it depends on the seed.

    Args:
        data_dir: the folder of prepared datasets.
        seed: seed of the validation split.
        permuted: whether the pixels of all images come in one random order, so that pixels that belong together are
            far apart. The order is fixed.
    """
    order = np.random.Generator(np.random.PCG64(SEED)).permutation(PIXELS) if permuted else None

    def read(builder: Any, split: str) -> Any:
        return read_split(builder, split, ("image", "label")).map(series)

    def series(image: Any, label: Any) -> Any:
        pixels = tf.cast(tf.reshape(image, [PIXELS, 1]), tf.float32) / 255
        return pixels if order is None else tf.gather(pixels, order), label

    return open_mnist(data_dir, seed, "series", read)
