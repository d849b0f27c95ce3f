"""One to one: from an input of fixed size to an output of fixed size."""

from typing import Annotated, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.architectures._options import (
    Distortion,
    Dropout,
    Elastic,
    Features,
    FreezeEmbedding,
    Head,
    InputEmbeddingDim,
    NumClasses,
    Targets,
)
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.options import FROM_DATA, Range, Search
from keras_rnn_zoo.readers._options import Channels, ImageHeight, ImageWidth, SampleRate, VocabularySize


@registry.architecture(
    order=1, aliases=("mlp", "feedforward"), tasks=("classification", "regression"), default_dataset="digits"
)
def one_to_one(
    *,
    input: Annotated[Literal["image", "text", "audio", "series"], FROM_DATA] = "image",
    head: Head = "classification",
    num_classes: NumClasses = 10,
    hidden_layers: Annotated[int, Range(0, 64), Search(0, 3)] = 2,
    units: Annotated[int, Range(1, 65536), Search(32, 1024, log=True)] = 512,
    activation: Literal["relu", "gelu", "tanh", "swish"] = "relu",
    dropout: Dropout = 0.3,
    shift: Annotated[float, Range(0, 0.5)] = 0.0,
    distortion: Distortion = 0.0,
    elastic: Elastic = 0.0,
    embedding_dim: InputEmbeddingDim = 128,
    freeze_embedding: FreezeEmbedding = False,
    vocabulary_size: VocabularySize = 20_000,
    image_height: ImageHeight = 64,
    image_width: ImageWidth = 64,
    channels: Channels = 3,
    sample_rate: SampleRate = 16_000,
    features: Features = 1,
    targets: Targets = 1,
) -> "keras.Model":
    """Reads an input of fixed size and makes a single prediction: a feedforward baseline for the recurrent models.

    Images are flattened. Sequences (text, audio, series) are averaged over their steps, so that the order of the steps
    is lost, as in a bag of words.

    Args:
        input: kind of input, which determines the frontend.
        hidden_layers: number of layers between input and head.
        units: number of units in a hidden layer.
        activation: activation function of the hidden layers.
        dropout: fraction of features dropped in training, after each hidden layer.
        shift: maximum random shift of images in training, as a fraction of their height and width.

    Returns:
        A model whose input is pixels `(batch, image_height, image_width, channels)` from 0 to 255, or a sequence as in
        `many_to_one`, and whose output is float32 logits `(batch, num_classes)` or values `(batch, targets)`.

    Example:
        >>> one_to_one(image_height=28, image_width=28, channels=1).output_shape
        (None, 10)
    """
    from keras_rnn_zoo.layers.frontends import sequence_frontend
    from keras_rnn_zoo.layers.heads import output_head
    from keras_rnn_zoo.layers.images import RandomDistortion, RandomElastic, RandomShift
    from keras_rnn_zoo.layers.masking import MaskedMeanPooling

    # Frontend
    if input == "image":
        inputs = keras.Input((image_height, image_width, channels), name="image")
        x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(inputs)
        if shift:
            x = RandomShift(shift, name="shift")(x)
        if distortion:
            # The layer's images are (width, height), as those of lines of text.
            x = keras.layers.Permute((2, 1, 3), name="columns_first")(x)
            x = RandomDistortion(distortion, name="distortion")(x)
            x = keras.layers.Permute((2, 1, 3), name="rows_first")(x)
        if elastic:
            x = RandomElastic(elastic, name="elastic")(x)
        x = keras.layers.Flatten(name="pixels")(x)
    else:
        text = {"vocabulary_size": vocabulary_size, "embedding_dim": embedding_dim, "word_dropout": 0.0}
        text["freeze_embedding"] = freeze_embedding
        numbers = {"sample_rate": sample_rate, "features": features, "normalized": "nothing"}
        inputs, x, mask = sequence_frontend(input, dropout=0.0, **text, **numbers)
        x = MaskedMeanPooling(name="pooling")(x, mask=mask)  # (batch, features)

    # Topology
    for index in range(1, hidden_layers + 1):
        x = keras.layers.Dense(units, activation=activation, name=f"hidden_{index}")(x)
        x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)

    # Head
    return keras.Model(inputs, output_head(x, head=head, num_classes=num_classes, targets=targets), name="one_to_one")
