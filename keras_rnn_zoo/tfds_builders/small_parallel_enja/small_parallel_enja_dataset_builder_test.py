"""Test of the builder of small_parallel_enja."""

from typing import ClassVar

import tensorflow_datasets as tfds

from keras_rnn_zoo.tfds_builders.small_parallel_enja import small_parallel_enja_dataset_builder


class SmallParallelEnjaTest(tfds.testing.DatasetBuilderTestCase):
    """Prepares the dummy data and reads it back."""

    DATASET_CLASS = small_parallel_enja_dataset_builder.Builder
    SPLITS: ClassVar[dict[str, int]] = {"train": 3, "validation": 2, "test": 1}
    DL_DOWNLOAD_RESULT: ClassVar[dict[str, str]] = {
        f"{stem}.{language}": f"{stem}.{language}" for stem in ("train", "dev", "test") for language in ("en", "ja")
    }


if __name__ == "__main__":
    tfds.testing.test_main()
