"""The small handwritten digits that are included in scikit-learn."""

import functools
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np, tf

SEED = 1998
FRACTIONS = {"train": 0.7, "validation": 0.1, "test": 0.2}


@registry.dataset(
    task="classification",
    size="1,258 train, 180 validation, 359 test",
    license="CC BY 4.0, Alpaydin and Kaynak, UCI ML repository",
    license_id="cc-by-4.0",
    terms="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
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

    These are the 1,797 images of scikit-learn's `load_digits`. Each split has the same fraction of every digit, and
    does not depend on the training seed.
    """
    import hashlib

    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype("uint8")[..., np.newaxis]
    labels = bunch.target.astype("int64")
    splits = {name: (images[rows], labels[rows]) for name, rows in split_rows(labels).items()}
    # Hash pixels, not PNG files, whose compression may change with the version of TensorFlow.
    data = hashlib.sha256()
    for split_images, split_labels in splits.values():
        data.update(split_images.tobytes() + split_labels.tobytes())
    return Examples(
        version="1.0.0",
        checksum=data.hexdigest(),
        input="image",
        classes=tuple(map(str, bunch.target_names)),
        splits={name: functools.partial(_as_dataset, *split) for name, split in splits.items()},
    )


def split_rows(labels: Any) -> dict[str, Any]:
    """Returns the row indices of each split, stratified by label."""
    draw = np.random.Generator(np.random.PCG64(SEED))
    pieces: dict[str, list[Any]] = {name: [] for name in FRACTIONS}
    for label in np.unique(labels):
        rows = draw.permutation(np.flatnonzero(labels == label))
        ends = np.rint(np.cumsum(list(FRACTIONS.values())) * len(rows)).astype(int)[:-1]
        for name, piece in zip(FRACTIONS, np.split(rows, ends), strict=True):
            pieces[name].append(piece)
    return {name: draw.permutation(np.concatenate(rows)) for name, rows in pieces.items()}


def _as_dataset(images: Any, labels: Any) -> "tf.data.Dataset":
    pixels = tf.data.Dataset.from_tensor_slices((images, labels))
    return pixels.map(lambda image, label: (tf.io.encode_png(image), label))
