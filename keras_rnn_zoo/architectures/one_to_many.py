"""One to many: from an image to a sentence."""

from typing import Annotated, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.architectures._options import (
    Attention,
    Block,
    Cell,
    Dropout,
    EmbeddingDim,
    NumLayers,
    TargetVocabularySize,
    Units,
)
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.options import FROM_DATA
from keras_rnn_zoo.readers._options import Channels, ImageHeight, ImageWidth


@registry.architecture(
    order=2, aliases=("captioning", "image_captioning", "vec2seq"), tasks=("captioning",), default_dataset="shapes"
)
def one_to_many(
    *,
    input: Annotated[Literal["image"], FROM_DATA] = "image",
    encoder: Literal["cnn", "MobileNetV2", "EfficientNetB0", "ResNet50V2"] = "cnn",
    pretrained: bool = False,
    attention: Attention = "bahdanau",
    cell: Cell = "lstm",
    block: Block = "plain",
    units: Units = 128,
    num_layers: NumLayers = 1,
    embedding_dim: EmbeddingDim = 64,
    dropout: Dropout = 0.1,
    target_vocabulary_size: TargetVocabularySize = 10_000,
    image_height: ImageHeight = 64,
    image_width: ImageWidth = 64,
    channels: Channels = 3,
) -> "keras.Model":
    """Reads an image and generates a sentence that describes it, until the end token.

    A convolutional network encodes the image as a grid of vectors. The decoder starts from their mean, and may attend
    to them at each word (Xu et al. 2015, "Show, Attend and Tell").

    Args:
        input: kind of input, which determines the frontend.
        encoder: the convolutional network: a small one of this package, or one of `keras.applications`.
        pretrained: whether to use ImageNet weights for a network of `keras.applications`; they are downloaded and not
            trained.
        units: state size of a recurrent layer.
        embedding_dim: size of word embeddings.
        dropout: fraction of features dropped in training: of cells and embeddings, between layers, before the logits.

    Returns:
        A model with the inputs `source`, pixels `(batch, image_height, image_width, channels)` from 0 to 255, and
        `target`, int32 ids `(batch, time)` of the sentence after the start token. Its output is float32 logits
        `(batch, time, target_vocabulary_size)` of the next word at each step.

    Example:
        >>> one_to_many(target_vocabulary_size=50).output_shape
        (None, None, 50)
    """
    from keras_rnn_zoo.layers.decoder import decode_from
    from keras_rnn_zoo.layers.frontends import grid_frontend

    # Frontend
    source, memory, mask = grid_frontend(
        image_height=image_height,
        image_width=image_width,
        channels=channels,
        encoder=encoder,
        pretrained=pretrained,
        dropout=dropout,
        name="source",
    )  # (batch, cells, features)

    # Topology and head
    target, logits = decode_from(
        memory,
        mask,
        vocabulary_size=target_vocabulary_size,
        embedding_dim=embedding_dim,
        cell=cell,
        block=block,
        units=units,
        num_layers=num_layers,
        attention=attention,
        dropout=dropout,
    )
    return keras.Model({"source": source, "target": target}, logits, name="one_to_many")
