"""Flickr8k: photographs with captions."""

import functools
from pathlib import Path

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._captions import PHOTOGRAPHS, read_captions
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared
from keras_rnn_zoo.datasets.examples import Examples

LOCATION = "flickr8k"


@registry.dataset(
    task="captioning",
    source="tfds",
    location=LOCATION,
    size="6,000 train, 1,000 validation, 1,000 test, each with five captions",
    license="non-commercial research and education; cite Hodosh et al. 2013",
    terms="https://hockenmaier.cs.illinois.edu/Framing_Image_Description/KCCA.html",
    not_shipped="the data may be used for non-commercial research and education only",
    model_options={"input": "image"},
    defaults={**PHOTOGRAPHS, "dropout": 0.5},
)
def flickr8k(data_dir: str | None, seed: int) -> Examples:
    """Photographs of people and animals in action, with five captions each (Hodosh et al. 2013).

    Download it manually, and put its files into the folder `flickr8k` of the data directory. In the train split, each
    caption is a separate example. Captions are generated and scored as lower-case words separated by spaces, like
    published scores; `target_tokens=pieces` generates ordinary text.

    Args:
        data_dir: the folder of prepared datasets.
        seed: not used; the splits are fixed.
    """
    from keras_rnn_zoo.tfds_builders.flickr8k.flickr8k_dataset_builder import Builder

    builder = open_prepared(LOCATION, data_dir, Builder)
    read = functools.partial(read_captions, builder, captions=lambda texts: texts)
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input="image",
        splits={
            "train": lambda: read("train", one_each=True),
            "validation": lambda: read("validation"),
            "test": lambda: read("test"),
        },
    )
