"""The entry over dummy images in the schema of TFDS's builder."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from keras_rnn_zoo import registry

ENTRY = registry.datasets.get("coco_captions")
SPLITS = {
    "train": {"a.jpg": ["A red square.", "A square that is red."]},
    "restval": {"b.jpg": ["A blue square.", "Blue.", "All of it is blue."]},
    "val": {"c.jpg": ["Green.", "A green square."]},
    "test": {"d.jpg": ["White.", "A white square."], "e.jpg": ["Black.", "Night."]},
}
COLORS = {"a.jpg": "f00", "b.jpg": "00f", "c.jpg": "0f0", "d.jpg": "fff", "e.jpg": "000"}


def color(name):
    return [255 * (digit == "f") for digit in COLORS[name]]


@pytest.fixture
def examples(write_dummy, tmp_path):
    box = tfds.features.BBox(ymin=0.0, xmin=0.0, ymax=1.0, xmax=1.0)

    def rows(images):
        for number, (name, captions) in enumerate(images.items()):
            yield {
                "image": np.full((16, 24, 3), color(name), np.uint8),
                "image/filename": name,
                "image/id": number,
                "objects": [{"bbox": box, "label": 0, "is_crowd": False, "area": 384, "id": number}],
                "captions": [{"id": index, "text": text} for index, text in enumerate(captions)],
            }

    folder = write_dummy("coco_captions", tmp_path, {name: rows(images) for name, images in SPLITS.items()})
    assert folder.parent == tmp_path / ENTRY.location
    return ENTRY.make(str(tmp_path), 0)


def read(examples, split):
    """Returns the captions with the color of the image that they go with, told from the encoded bytes."""
    found = []
    for image, texts in examples.split(split).as_numpy_iterator():
        assert image.startswith(b"\xff\xd8"), "not a JPEG file"
        mean = tf.image.decode_jpeg(image, channels=3).numpy().mean((0, 1))
        name = min(COLORS, key=lambda name: np.abs(mean - color(name)).sum())
        found.append((name, [text.decode() for text in texts]))
    return found


def test_train_and_restval_are_trained_on_a_caption_at_a_time(examples):
    expected = [
        (name, [text]) for part in ("train", "restval") for name, texts in SPLITS[part].items() for text in texts
    ]
    assert read(examples, "train") == expected
    assert examples.split("train").element_spec == (tf.TensorSpec((), tf.string), tf.TensorSpec((1,), tf.string))


@pytest.mark.parametrize(("split", "part"), [("validation", "val"), ("test", "test")])
def test_the_other_splits_have_all_captions_of_an_image(examples, split, part):
    assert sorted(read(examples, split)) == sorted(SPLITS[part].items())
    assert examples.split(split).element_spec == (tf.TensorSpec((), tf.string), tf.TensorSpec((None,), tf.string))


def test_version_kind_of_input_and_checksum(examples):
    assert (examples.version, examples.input, len(examples.checksum)) == ("1.1.0", "image", 64)
