"""The builder and the entry over the dummy files that stand beside the builder, laid out as the real ones."""

import shutil

import pytest
import tensorflow as tf

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.tfds_builders.flickr8k import flickr8k_dataset_builder_test as builder_test

ENTRY = registry.datasets.get("flickr8k")


class TestBuilder(builder_test.Flickr8kTest):
    """The test that stands beside the builder, as TFDS has it."""


@pytest.fixture
def brought(tmp_path):
    """The folder of a user who put the files of Flickr8k where the messages say."""
    return shutil.copytree(builder_test.Flickr8kTest.dummy_data, tmp_path / "flickr8k")


def rows(examples, split):
    return [(image, [text.decode() for text in texts]) for image, texts in examples.split(split).as_numpy_iterator()]


def written(folder, list_name):
    """Returns what the files say that a split holds: for each image its bytes and its captions."""
    lines = [line.split("\t") for line in (folder / "Flickr8k.token.txt").read_text().splitlines()]
    return [
        (
            (folder / "Flicker8k_Dataset" / name).read_bytes(),
            [caption for key, caption in lines if key.startswith(f"{name}#")],
        )
        for name in (folder / list_name).read_text().split()
    ]


def test_training_has_an_example_for_each_caption(brought):
    examples = ENTRY.make(str(brought.parent), 0)
    expected = [(image, [text]) for image, texts in written(brought, "Flickr_8k.trainImages.txt") for text in texts]
    assert len(expected) == 10
    assert sorted(rows(examples, "train")) == sorted(expected)
    assert rows(examples, "train") == rows(examples, "train")
    assert examples.split("train").element_spec == (tf.TensorSpec((), tf.string), tf.TensorSpec((1,), tf.string))
    assert (examples.version, examples.input, len(examples.checksum)) == ("1.0.0", "image", 64)


@pytest.mark.parametrize(
    ("split", "list_name"), [("validation", "Flickr_8k.devImages.txt"), ("test", "Flickr_8k.testImages.txt")]
)
def test_the_other_splits_have_all_captions_of_an_image_in_their_order(brought, split, list_name):
    examples = ENTRY.make(str(brought.parent), 0)
    assert rows(examples, split) == written(brought, list_name)
    assert examples.split(split).element_spec == (tf.TensorSpec((), tf.string), tf.TensorSpec((None,), tf.string))


def test_the_other_spelling_of_the_image_folder_is_read(brought):
    (brought / "Flicker8k_Dataset").rename(brought / "Flickr8k_Dataset")
    assert len(rows(ENTRY.make(str(brought.parent), 0), "train")) == 10


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "Flicker8k_Dataset" / "102_c.jpg").unlink(), r"Dataset/102_c\.jpg is missing"),
        (lambda f: shutil.rmtree(f / "Flicker8k_Dataset"), r"has no folder Flicker8k_Dataset"),
        (lambda f: (f / "Flickr_8k.devImages.txt").unlink(), r"Flickr_8k\.devImages\.txt is missing"),
        (lambda f: (f / "Flickr8k.token.txt").unlink(), r"Flickr8k\.token\.txt is missing"),
        (
            lambda f: (f / "Flickr8k.token.txt").write_text("100_a.jpg#0\tA dog .\n"),
            r"Flickr8k\.token\.txt has no caption for 102_c\.jpg, which is listed in Flickr_8k\.trainImages\.txt",
        ),
        (
            lambda f: (f / "Flickr8k.token.txt").write_text("100_a.jpg#0\tA dog .\nimage,caption\n"),
            r"line 2: expected name\.jpg#0, a tab and a caption; received 'image,caption'",
        ),
    ],
)
def test_missing_and_unreadable_files_are_named(brought, damage, message):
    damage(brought)
    with pytest.raises(DataError, match=message):
        ENTRY.make(str(brought.parent), 0)
    assert not list(brought.glob("1.*"))


def test_an_error_without_files_says_which_to_get_and_where_to_put_them(tmp_path):
    with pytest.raises(DataError) as error:
        ENTRY.make(str(tmp_path), 0)
    message = str(error.value)
    for part in ("could not be prepared", "Get Flickr8k from http", "Flickr8k.token.txt", "DIR/flickr8k"):
        assert part in message
    assert "\n" not in message
    assert not list(tmp_path.iterdir())
