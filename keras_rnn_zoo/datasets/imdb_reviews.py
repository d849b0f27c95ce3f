"""IMDB movie reviews."""

from pathlib import Path

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared, read_split
from keras_rnn_zoo.datasets.examples import Examples, split_off_validation

LOCATION = "imdb_reviews/plain_text"


@registry.dataset(
    task="classification",
    source="tfds",
    location=LOCATION,
    size="22,500 train, 2,500 validation, 25,000 test",
    license="none stated, for research; cite Maas et al. 2011",
    terms="https://ai.stanford.edu/~amaas/data/sentiment/",
    model_options={"input": "text", "num_classes": 2},
    defaults={
        "dropout": 0.5,
        "word_dropout": 0.3,
        "batch_size": 64,
        "epochs": 5,
        "learning_rate": 5e-3,
        # With Keras's default of 1e-7, the embedding of a word seen once moves as far as that of a frequent word.
        "adam_epsilon": 3e-5,
    },
)
def imdb_reviews(data_dir: str | None, seed: int) -> Examples:
    """Movie reviews from IMDB, positive or negative (Maas et al. 2011).

    The validation split is a random tenth of TFDS's train split; it depends on the seed.
    """
    builder = open_prepared(LOCATION, data_dir)
    train = read_split(builder, "train", ("text", "label"))
    folder = Path(builder.data_dir)
    return Examples(
        version=str(builder.version),
        checksum=checksum(folder),
        input="text",
        classes=("negative", "positive"),
        splits={
            **split_off_validation(train, builder.info.splits["train"].num_examples, 0.1, seed),
            "test": lambda: read_split(builder, "test", ("text", "label")),
        },
    )
