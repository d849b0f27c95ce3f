"""CoNLL-2003: named entities in news sentences."""

import functools
from pathlib import Path

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared
from keras_rnn_zoo.datasets._tagged import NAMES
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.datasets.universal_dependencies import SPLITS, read_tagged

LOCATION = "conll2003/conll2003"


@registry.dataset(
    task="tagging",
    source="tfds",
    location=LOCATION,
    size="14,041 train, 3,250 validation, 3,453 test",
    license="research use (Reuters corpus); cite Tjong Kim Sang and De Meulder 2003",
    terms="https://trec.nist.gov/data/reuters/reuters.html",
    not_shipped="the agreement for the Reuters corpus allows research only, and no passing on",
    model_options={"input": "text"},
    defaults=NAMES,
)
def conll2003(data_dir: str | None, seed: int) -> Examples:
    """English news with the names of persons, organizations, locations and others (CoNLL-2003 shared task).

    The tags are IOB2, as in the copy that TFDS downloads: every name begins with B-, whereas the original files use B-
    only between adjacent names of the same type. The empty sentence at the end of each TFDS split is skipped.
    """
    builder = open_prepared(LOCATION, data_dir)
    names = builder.info.features["ner"].feature.names
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input="text",
        classes=("O", *sorted(set(names) - {"O"})),
        splits={name: functools.partial(read_tagged, builder, split, "ner") for name, split in SPLITS.items()},
    )
