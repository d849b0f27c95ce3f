"""Plays of Shakespeare, as a corpus for language modeling by characters."""

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
"""Maximum length of validation and test chunks, in characters. Each chunk starts without context, which matters less
for long chunks."""


@registry.dataset(
    task="language_modeling",
    source="tfds",
    location=LOCATION,
    size="1,003,854 characters train, 55,770 validation, 55,770 test",
    license="public domain",
    terms="https://github.com/karpathy/char-rnn",
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
    """Scenes from Shakespeare's plays, for language modeling character by character (Karpathy 2015).

    Each split is one text, cut into chunks of whole lines. Every character is predicted once, and without a prompt, the
    model generates text from the start of a line. Chunks of the validation and test splits have up to 2,000 characters.

    Args:
        data_dir: the folder of prepared datasets.
        seed: not used; the splits are fixed.
        chunk_length: maximum number of characters in a chunk of the train split.
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
    """Cuts a text into chunks of whole lines, of at most `length` characters; longer lines are cut."""
    chunks, start = [], 0
    while start < len(text):
        end = start + length
        if end < len(text):
            end = text.rfind("\n", start, end) + 1 or end
        chunks.append(text[start:end])
        start = end
    return chunks


def _read(builder: Any, split: str, length: int) -> Any:
    texts = read_split(builder, split, ("text", "text")).as_numpy_iterator()
    with translate_record_errors(LOCATION):
        chunks = [chunk for text, _ in texts for chunk in cut(text.decode(), length)]
    return tf.data.Dataset.from_tensor_slices((chunks, chunks))
