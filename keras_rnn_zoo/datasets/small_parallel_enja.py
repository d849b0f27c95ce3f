"""small_parallel_enja: short Japanese and English sentences."""

import functools
from pathlib import Path
from typing import Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared, read_split
from keras_rnn_zoo.datasets.examples import Examples

LOCATION = "small_parallel_enja"


@registry.dataset(
    task="translation",
    source="tfds",
    location=LOCATION,
    size="50,000 train, 500 validation, 500 test",
    license="CC BY 2.0 FR, from the Tanaka corpus",
    license_id="cc-by-2.0",
    terms="https://github.com/odashi/small_parallel_enja",
    model_options={"input": "text"},
    defaults={
        "tokens": "spaces",
        "target_tokens": "spaces",
        "max_length": 40,
        "units": 256,
        "embedding_dim": 256,
        "dropout": 0.3,
        "batch_size": 128,
        "learning_rate": 2e-3,
        "epochs": 12,
        "beam_size": 5,
        "bleu_tokenize": "none",
    },
)
def small_parallel_enja(data_dir: str | None, seed: int, *, source_language: Literal["ja", "en"] = "ja") -> Examples:
    """Short Japanese sentences and their English translations, from the Tanaka corpus.

    Sentences are tokenized, with a single space between tokens; the English is in lower case. Translations are
    generated and scored in these tokens, like published scores.

    Args:
        data_dir: the folder of prepared datasets.
        seed: not used; the splits are fixed.
        source_language: the language to translate from; the other one is the target.
    """
    from keras_rnn_zoo.tfds_builders.small_parallel_enja.small_parallel_enja_dataset_builder import Builder

    builder = open_prepared(LOCATION, data_dir, Builder)
    keys = (source_language, "en" if source_language == "ja" else "ja")
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input="text",
        splits={
            split: functools.partial(read_split, builder, split, keys) for split in ("train", "validation", "test")
        },
    )
