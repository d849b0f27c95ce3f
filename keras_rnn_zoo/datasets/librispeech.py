"""LibriSpeech: audiobooks with transcripts."""

import functools
from pathlib import Path
from typing import Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared, read_split
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.datasets.spoken_digit import to_waveform
from keras_rnn_zoo.lazy import tf

LOCATION = "librispeech/default"  # The other config, lazy_decode, needs TensorFlow I/O to read.


@registry.dataset(
    task="transcription",
    source="tfds",
    location=LOCATION,
    size="28,539 train, 2,703 validation, 2,620 test",
    license="CC BY 4.0",
    license_id="cc-by-4.0",
    terms="https://www.openslr.org/12",
    model_options={"input": "audio"},
    defaults={"units": 320, "num_layers": 3, "beam_size": 16, "batch_size": 16, "learning_rate": 0.001},
)
def librispeech(
    data_dir: str | None,
    seed: int,
    *,
    train_split: Literal[
        "train_clean100",
        "train_clean360",
        "train_other500",
        "train_clean100+train_clean360",
        "train_clean100+train_clean360+train_other500",
    ] = "train_clean100",
) -> Examples:
    """English audiobooks, read by many speakers, at 16 kHz (Panayotov et al. 2015).

    Transcripts are in lower case, with apostrophes but no other punctuation. The validation and test splits are the
    clean ones. TFDS downloads all parts at once, 57 GiB, and needs several times that space to prepare them.

    Args:
        data_dir: the folder of prepared datasets.
        seed: not used; the splits are fixed.
        train_split: the parts to train on: 100, 360 or 500 hours, or the usual combinations of 460 and 960 hours.
    """
    builder = open_prepared(LOCATION, data_dir)
    splits = {"train": train_split, "validation": "dev_clean", "test": "test_clean"}
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input="audio",
        splits={name: functools.partial(_read, builder, split) for name, split in splits.items()},
    )


def _read(builder: Any, split: str) -> Any:
    """Returns a split as pairs of a waveform and its lower-case transcript."""
    examples = read_split(builder, split, ("speech", "text"))
    return examples.map(lambda speech, text: (to_waveform(speech), tf.strings.lower(text)))
