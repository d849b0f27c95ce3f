import struct
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from keras_rnn_zoo import registry

ENTRY = registry.datasets.get("digits")


@pytest.fixture(scope="module")
def splits():
    examples = ENTRY.make(None, 0)
    return {name: list(examples.split(name).as_numpy_iterator()) for name in ("train", "validation", "test")}


def pixels(rows):
    return np.stack([tf.io.decode_png(png).numpy().ravel() for png, _ in rows])


def labels(rows):
    return np.array([label for _, label in rows])


def test_the_splits_hold_every_image_of_the_source_once_with_its_label(splits):
    source = load_digits()
    expected = Counter((tuple(image.ravel()), label) for image, label in zip(source.images, source.target, strict=True))
    rows = [row for part in splits.values() for row in part]
    # The source counts the dark ones of 4 by 4 points: 17 levels, which 256 keep apart.
    levels = np.rint(pixels(rows) * (16 / 255))
    assert Counter((tuple(image), label) for image, label in zip(levels, labels(rows), strict=True)) == expected
    assert max(expected.values()) == 1


def test_every_split_has_its_share_of_every_digit(splits):
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 1258, "validation": 180, "test": 359}
    counts = {name: np.bincount(labels(rows), minlength=10) for name, rows in splits.items()}
    total = sum(counts.values())
    for name, share in {"train": 0.7, "validation": 0.1, "test": 0.2}.items():
        assert np.abs(counts[name] - share * total).max() <= 1


def test_the_digits_of_a_split_are_mixed(splits):
    for rows in splits.values():
        assert len(set(labels(rows[:40]))) >= 8


def test_an_image_is_a_gray_png_of_8_by_8_pixels(splits):
    for png, _ in splits["test"]:
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        width, height, depth, color = struct.unpack(">IIBB", png[16:26])
        assert (width, height, depth, color) == (8, 8, 8, 0)
    decoded = pixels(splits["test"])
    assert decoded.min() == 0
    assert decoded.max() == 255


def test_the_nearest_training_image_identifies_the_digit(splits):
    model = KNeighborsClassifier(1).fit(pixels(splits["train"]), labels(splits["train"]))
    assert model.score(pixels(splits["test"]), labels(splits["test"])) > 0.95


def test_they_are_the_same_everywhere_and_whatever_the_seed_of_training():
    first, other = ENTRY.make(None, 0), ENTRY.make(None, 1)
    assert first.checksum == other.checksum == "2ca91b6ee3954d076fa32c8f0da6827c03e00b2e72154b8b4cfebd3054c89612"
    for a, b in zip(first.split("test").take(50), other.split("test").take(50), strict=True):
        assert a[0] == b[0]


def test_the_entry_describes_the_examples():
    examples = ENTRY.make(None, 0)
    assert examples.input == ENTRY.model_options["input"] == "image"
    assert examples.classes == tuple("0123456789")
    assert ENTRY.model_options["num_classes"] == 10
    image, label = examples.split("train").element_spec
    assert (image.shape, image.dtype) == ((), tf.string)
    assert (label.shape, label.dtype) == ((), tf.int64)
