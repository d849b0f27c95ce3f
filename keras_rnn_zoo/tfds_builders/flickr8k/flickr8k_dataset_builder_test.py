"""Test of the builder of flickr8k."""

from typing import ClassVar

import tensorflow_datasets as tfds

from keras_rnn_zoo.tfds_builders.flickr8k import flickr8k_dataset_builder


class Flickr8kTest(tfds.testing.DatasetBuilderTestCase):
    """Prepares the dummy data and reads it back."""

    DATASET_CLASS = flickr8k_dataset_builder.Builder
    SPLITS: ClassVar[dict[str, int]] = {"train": 2, "validation": 1, "test": 1}


if __name__ == "__main__":
    tfds.testing.test_main()
