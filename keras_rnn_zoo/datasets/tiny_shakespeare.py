"""The plays of Shakespeare, character by character."""

import functools
from pathlib import Path
from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared, read_split, translate_record_errors
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.options import Range

LOCATION = "tiny_shakespeare"

HELD_OUT_LENGTH = 2000
"""Most characters in a stretch of validation and test. Each starts without context: long ones measure less of that."""


@registry.dataset(
    task="language_modeling",
    source="tfds",
    location=LOCATION,
    size="1,003,854 characters train, 55,770 validation, 55,770 test",
    license="public domain",
    model_options={"input": "text", "causal": True},
    defaults={
        "tokens": "characters",
        "max_length": 2000,
        "units": 512,
        "embedding_dim": 256,
        "dropout": 0.25,
        "batch_size": 32,
        "learning_rate": 4e-3,
        "epochs": 8,
    },
)
def tiny_shakespeare(
    data_dir: str | None, seed: int, *, chunk_length: Annotated[int, Range(2, 2000)] = 128
) -> Examples:
    """Scenes from plays of Shakespeare, to be written on character by character (Karpathy 2015).

    Each split is one text, cut into stretches of whole lines: every character is predicted once, and what stands at
    the start of a line is what follows when nothing is given. Those of validation and test have up to 2,000 characters.

    Args:
        data_dir: the folder of prepared data sets.
        seed: not used: the splits are TFDS's own.
        chunk_length: most characters in a stretch of the train split.
    """
    builder = open_prepared(LOCATION, data_dir)
    lengths = {"train": chunk_length, "validation": HELD_OUT_LENGTH, "test": HELD_OUT_LENGTH}
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input="text",
        splits={name: functools.partial(_read, builder, name, size) for name, size in lengths.items()},
    )


def cut(text: str, length: int) -> list[str]:
    """Returns stretches of whole lines, of at most `length` characters; a longer line is cut."""
    stretches, start = [], 0
    while start < len(text):
        end = start + length
        if end < len(text):
            end = text.rfind("\n", start, end) + 1 or end
        stretches.append(text[start:end])
        start = end
    return stretches


def _read(builder: Any, split: str, length: int) -> Any:
    texts = read_split(builder, split, ("text", "text")).as_numpy_iterator()
    with translate_record_errors(LOCATION):
        stretches = [stretch for text, _ in texts for stretch in cut(text.decode(), length)]
    return tf.data.Dataset.from_tensor_slices((stretches, stretches))
