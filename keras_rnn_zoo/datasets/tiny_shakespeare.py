"""The plays of Shakespeare, character by character."""

import functools
from pathlib import Path
from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.datasets.prepared import checksum, naming_damaged_records, open_prepared, read_split
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.options import Range

LOCATION = "tiny_shakespeare"

HELD_OUT_LENGTH = 2000
"""Characters in a stretch of validation and test. Each starts without context, so longer ones measure less of that."""


@registry.dataset(
    task="language_modelling",
    architectures=("sync_many_to_many",),
    source="tfds",
    location=LOCATION,
    size="1,003,854 characters train, 55,770 validation, 55,770 test",
    licence="public domain",
    sizes={"input": "text", "causal": True},
    defaults={
        "tokens": "characters",
        "max_length": 2001,
        "units": 512,
        "embedding_dim": 64,
        "dropout": 0.3,
        "batch_size": 32,
        "epochs": 10,
    },
)
def tiny_shakespeare(data_dir: str | None, seed: int, *, length: Annotated[int, Range(2, 2000)] = 200) -> Examples:
    """Scenes from plays of Shakespeare, to be written on character by character (Karpathy 2015).

    Each split is one text, cut into stretches that overlap by one character: every character but a text's first is
    then predicted once. Those of validation and test have 2,000 characters.

    Args:
        data_dir: the folder of prepared data sets.
        seed: not used: the splits are TFDS's own.
        length: characters in a stretch of the train split.
    """
    builder = open_prepared(LOCATION, data_dir)
    lengths = {"train": length, "validation": HELD_OUT_LENGTH, "test": HELD_OUT_LENGTH}
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input="text",
        splits={name: functools.partial(_read, builder, name, size) for name, size in lengths.items()},
    )


def cut(text: str, length: int) -> list[str]:
    """Returns stretches of `length` characters, each beginning with the last of the one before; the last is shorter."""
    return [text[start : start + length] for start in range(0, len(text) - 1, length - 1)]


def _read(builder: Any, split: str, length: int) -> Any:
    texts = read_split(builder, split, ("text", "text")).as_numpy_iterator()
    with naming_damaged_records(LOCATION):
        stretches = [stretch for text, _ in texts for stretch in cut(text.decode(), length)]
    return tf.data.Dataset.from_tensor_slices((stretches, stretches))
