"""Recordings of single spoken digits."""

from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared, read_examples, translate_record_errors
from keras_rnn_zoo.datasets.examples import Examples, split_off_validation
from keras_rnn_zoo.lazy import tf, tfds

LOCATION = "spoken_digit"

TEST_NAMES = r".*_[0-4]\.wav"
"""File names of the dataset's official test set: the first five recordings of each digit by each speaker."""


@registry.dataset(
    task="classification",
    source="tfds",
    location=LOCATION,
    size="2,400 train, 300 validation, 300 test",
    license="CC BY-SA 4.0",
    license_id="cc-by-sa-4.0",
    terms="https://github.com/Jakobovski/free-spoken-digit-dataset",
    model_options={"input": "audio", "num_classes": 10},
    defaults={"sample_rate": 8000, "epochs": 20, "patience": 20},
)
def spoken_digit(data_dir: str | None, seed: int) -> Examples:
    """Digits spoken in English by six speakers, recorded at 8 kHz (Free Spoken Digit Dataset).

    The test split is the official one, the recordings whose file names end in _0 to _4; TFDS has a single split for
    all. The validation split is a random ninth of the others; it depends on the seed.
    """
    builder = open_prepared(LOCATION, data_dir)
    test_size = sum(is_test(name) for name in read_names(builder))
    size = builder.info.splits["train"].num_examples - test_size
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input="audio",
        classes=tuple("0123456789"),
        splits={
            **split_off_validation(_read(builder, test=False), size, 1 / 9, seed),
            "test": lambda: _read(builder, test=True),
        },
    )


def is_test(name: str) -> bool:
    """Returns whether a recording with this file name belongs to the official test set."""
    import re

    return re.fullmatch(TEST_NAMES, name) is not None


def read_names(builder: Any) -> list[str]:
    """Returns the file names of the recordings, such as "7_jackson_32.wav", in the order of the data."""
    names = read_examples(builder, "train", tfds.decode.PartialDecoding(["audio/filename"]))
    with translate_record_errors(LOCATION):
        return [example["audio/filename"].decode() for example in names.as_numpy_iterator()]


def to_waveform(samples: Any) -> Any:
    """Returns 16-bit samples, which TFDS stores as wider integers, as float32 from -1 to 1."""
    return tf.cast(samples, tf.float32) / 32_768.0


def _read(builder: Any, test: bool) -> Any:
    """Returns the recordings in the official test set, or all others, as pairs of waveform and class index."""
    examples = read_examples(builder, "train")
    examples = examples.filter(lambda e: tf.strings.regex_full_match(e["audio/filename"], TEST_NAMES) == test)
    return examples.map(lambda example: (to_waveform(example["audio"]), example["label"]))
