"""Handwritten digits, small enough to come with scikit-learn."""

import functools
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np, tf

SEED = 1998
SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}


@registry.dataset(
    task="classification",
    size="1,258 train, 180 validation, 359 test",
    license="CC BY 4.0, Alpaydin and Kaynak, UCI ML repository",
    model_options={"input": "image", "num_classes": 10},
    defaults={
        "image_height": 8,
        "image_width": 8,
        "channels": 1,
        "shift": 0.06,
        "patience": 20,
        "epochs": 40,
        "batch_size": 32,
        "learning_rate": 0.001,
    },
)
def digits(data_dir: str | None, seed: int) -> Examples:
    """Real handwritten digits, 0 to 9, as gray images of 8 by 8 pixels (Alpaydin and Kaynak 1998).

    They are the 1,797 images of scikit-learn's `load_digits`. Each split holds the same share of every digit, and is
    the same whatever the seed of the training.
    """
    import hashlib

    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype("uint8")[..., np.newaxis]
    labels = bunch.target.astype("int64")
    parts = {name: (images[rows], labels[rows]) for name, rows in split_rows(labels).items()}
    # Of the pixels, not of the PNG files: their compression may differ from one version of TensorFlow to the next.
    data = hashlib.sha256()
    for pixels, numbers in parts.values():
        data.update(pixels.tobytes() + numbers.tobytes())
    return Examples(
        version="1.0.0",
        checksum=data.hexdigest(),
        input="image",
        classes=tuple(map(str, bunch.target_names)),
        splits={name: functools.partial(_as_dataset, *part) for name, part in parts.items()},
    )


def split_rows(labels: Any) -> dict[str, Any]:
    """Returns the row numbers of each split, drawn so that each label has the same share of every split."""
    draw = np.random.Generator(np.random.PCG64(SEED))
    parts: dict[str, list[Any]] = {name: [] for name in SHARES}
    for label in np.unique(labels):
        rows = draw.permutation(np.flatnonzero(labels == label))
        ends = np.rint(np.cumsum(list(SHARES.values())) * len(rows)).astype(int)[:-1]
        for name, part in zip(SHARES, np.split(rows, ends), strict=True):
            parts[name].append(part)
    return {name: draw.permutation(np.concatenate(part)) for name, part in parts.items()}


def _as_dataset(images: Any, labels: Any) -> "tf.data.Dataset":
    pixels = tf.data.Dataset.from_tensor_slices((images, labels))
    return pixels.map(lambda image, label: (tf.io.encode_png(image), label))
