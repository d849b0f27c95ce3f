"""COCO 2014: photographs with captions."""

import functools
from pathlib import Path

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._captions import PHOTOGRAPHS, read_captions
from keras_rnn_zoo.datasets._prepared import checksum, open_prepared
from keras_rnn_zoo.datasets.examples import Examples

LOCATION = "coco_captions/2014"


@registry.dataset(
    task="captioning",
    source="tfds",
    location=LOCATION,
    size="113,287 train, 5,000 validation, 5,000 test, each with five captions or more",
    license="captions CC BY 4.0; images under the terms of Flickr",
    terms="https://cocodataset.org/#termsofuse",
    not_shipped="the images belong to their photographers, whose terms differ",
    model_options={"input": "image"},
    defaults={**PHOTOGRAPHS, "dropout": 0.3},
)
def coco_captions(data_dir: str | None, seed: int) -> Examples:
    """Photographs of everyday scenes (COCO 2014), in the splits of Karpathy and Li 2015.

    As is customary, the train split includes "restval", the images of COCO's validation set that are in neither the
    validation nor the test split. In the train split, each caption is a separate example. Captions are generated and
    scored as lower-case words separated by spaces, like published scores; `target_tokens=pieces` generates ordinary
    text.

    Args:
        data_dir: the folder of prepared datasets.
        seed: not used; the splits are fixed.
    """
    builder = open_prepared(LOCATION, data_dir)
    read = functools.partial(read_captions, builder, captions=lambda sentences: sentences["text"])
    return Examples(
        version=str(builder.version),
        checksum=checksum(Path(builder.data_dir)),
        input="image",
        splits={
            "train": lambda: read("train+restval", one_each=True),
            "validation": lambda: read("val"),
            "test": lambda: read("test"),
        },
    )
