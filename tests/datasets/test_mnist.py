"""The entry over dummy digits in the schema of TFDS's builder, and the real ones where they are at hand."""

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo import registry

ENTRY = registry.datasets.get("mnist")


@pytest.fixture(scope="module")
def dummy(write_dummy, tmp_path_factory):
    """A folder with 24 images to learn from and 3 to test with, and their pixels by label."""
    folder = tmp_path_factory.mktemp("prepared")
    pixels = np.random.default_rng(0).integers(0, 256, (27, 28, 28, 1), np.uint8)
    rows = [{"image": image, "label": number % 10} for number, image in enumerate(pixels)]
    assert write_dummy("mnist", folder, {"train": rows[:24], "test": rows[24:]}).parent == folder / ENTRY.location
    return str(folder), pixels


def pairs(examples, split):
    return [(tf.io.decode_png(image).numpy(), int(label)) for image, label in examples.split(split)]


def test_the_images_are_encoded_and_keep_their_labels(dummy):
    folder, pixels = dummy
    examples = ENTRY.make(folder, 0)
    found = {name: pairs(examples, name) for name in ("train", "validation", "test")}
    assert {name: len(part) for name, part in found.items()} == {"train": 22, "validation": 2, "test": 3}
    numbers = {image.tobytes(): number for number, image in enumerate(pixels)}
    for part in found.values():
        assert all(label == numbers[image.tobytes()] % 10 for image, label in part)
    assert {numbers[image.tobytes()] for image, _ in found["test"]} == {24, 25, 26}
    learnt = [numbers[image.tobytes()] for image, _ in found["train"] + found["validation"]]
    assert sorted(learnt) == list(range(24))


def test_the_seed_draws_the_validation_split(dummy):
    first, again, other = (
        [image.tobytes() for image, _ in pairs(ENTRY.make(dummy[0], seed), "validation")] for seed in (0, 0, 1)
    )
    assert first == again != other


def test_element_spec_version_and_classes(dummy):
    examples = ENTRY.make(dummy[0], 0)
    assert examples.split("train").element_spec == (tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.int64))
    assert (examples.version, examples.input, len(examples.checksum)) == ("3.0.1", "image", 64)
    assert examples.classes == tuple("0123456789")


def labels(examples, split):
    batches = examples.split(split).map(lambda image, label: label).batch(1000)
    return np.concatenate(list(batches.as_numpy_iterator()))


@pytest.mark.slow
def test_the_real_splits_have_their_sizes_and_every_digit(tfds_dir):
    examples = ENTRY.make(str(tfds_dir), 0)
    counts = {name: np.bincount(labels(examples, name)) for name in ("train", "validation", "test")}
    assert {name: count.sum() for name, count in counts.items()} == {
        "train": 55_000,
        "validation": 5000,
        "test": 10_000,
    }
    # Published counts of the data set: 6,742 ones are its most frequent, 5,421 fives its rarest digit.
    whole = counts["train"] + counts["validation"]
    assert (whole[1], whole[5]) == (6742, 5421)
    assert counts["validation"] == pytest.approx(whole / 12, rel=0.15)


def test_the_real_images_are_png_of_28_by_28(tfds_dir):
    image, _ = next(ENTRY.make(str(tfds_dir), 0).split("test").as_numpy_iterator())
    assert image.startswith(b"\x89PNG")
    assert tf.io.decode_png(image).shape == (28, 28, 1)
