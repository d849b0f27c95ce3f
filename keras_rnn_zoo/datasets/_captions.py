"""Photographs with captions: default settings, and reading prepared datasets of them."""

from collections.abc import Callable
from typing import Any

from keras_rnn_zoo.datasets._prepared import read_examples
from keras_rnn_zoo.datasets.examples import one_target_each
from keras_rnn_zoo.lazy import tfds

PHOTOGRAPHS = {
    "encoder": "EfficientNetB0",
    "pretrained": True,
    "image_height": 224,
    "image_width": 224,
    "units": 512,
    "embedding_dim": 256,
    "batch_size": 64,
    "target_tokens": "words",
    "bleu_tokenize": "none",
}
"""Defaults for captions of photographs. Published scores are computed on lower-case words."""


def read_captions(builder: Any, split: str, captions: Callable[[Any], Any], one_each: bool = False) -> Any:
    """Returns a split as a `tf.data.Dataset` of `(encoded image, captions)`, in the order of the files.

    Args:
        builder: the builder that `open_prepared` returned; its features are "image" and "captions".
        split: TFDS's name of the split.
        captions: a function from the feature "captions" to strings `(references,)`.
        one_each: whether to return a separate element for each caption, with strings `(1,)`, as for training.
    """
    decoders = tfds.decode.PartialDecoding(["image", "captions"], decoders={"image": tfds.decode.SkipDecoding()})
    examples = read_examples(builder, split, decoders).map(
        lambda example: (example["image"], captions(example["captions"]))
    )
    return one_target_each(examples) if one_each else examples
