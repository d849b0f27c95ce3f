"""Many to one: a sequence in, one answer out."""

from typing import Annotated, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.options import FROM_DATA, ForInputs, Range


@registry.architecture(
    order=3, aliases=("seq2vec", "sentiment"), tasks=("classification", "regression"), default_dataset="toy_reviews"
)
def many_to_one(
    *,
    input: Annotated[Literal["text", "audio", "series"], FROM_DATA] = "text",
    head: Annotated[Literal["classification", "regression"], FROM_DATA] = "classification",
    num_classes: Annotated[int, Range(2), FROM_DATA] = 2,
    cell: Literal["simple_rnn", "gru", "lstm", "mingru", "minlstm"] = "lstm",
    units: Annotated[int, Range(1, 8192)] = 64,
    num_layers: Annotated[int, Range(1, 16)] = 1,
    bidirectional: bool = True,
    pooling: Literal["last", "mean", "max", "attention"] = "max",
    embedding_dim: Annotated[int, Range(1, 8192)] = 128,
    dropout: Annotated[float, Range(0, 0.95)] = 0.2,
    word_dropout: Annotated[float, Range(0, 0.95)] = 0.0,
    vocabulary_size: Annotated[int, Range(3, 10_000_000)] = 20_000,
    sample_rate: Annotated[int, Range(1000, 192_000)] = 16_000,
    features: Annotated[int, Range(1, 100_000), FROM_DATA] = 1,
    subsampling: Annotated[Literal[1, 2, 4, 8], ForInputs(("series", "audio"))] = 1,
) -> "keras.Model":
    """Reads a whole sequence and gives one answer, such as the sentiment of a review.

    The steps of the sequence are read by recurrent layers and pooled over time. Padding never changes an answer.

    Args:
        input: kind of input, which picks the frontend.
        head: whether the answer is a class or a number.
        num_classes: number of classes to tell apart.
        cell: recurrent cell; the gates of the last two know of the input alone (Feng et al. 2024), which trains faster.
        units: features of a recurrent layer's state, for each direction.
        num_layers: number of recurrent layers.
        bidirectional: whether to read the sequence both ways.
        pooling: how the steps become one vector: the state at the end, their mean, maximum or learnt weighted mean.
        embedding_dim: features of a token's embedding; for text.
        dropout: share of features dropped in training: of the input, between layers and before the head.
        word_dropout: share of tokens hidden in training; for text.
        vocabulary_size: most token ids, padding and the unknown word among them; training keeps the commonest.
        sample_rate: samples a second; for audio.
        features: numbers a step; for series.
        subsampling: factor by which convolutions thin the steps before the recurrent layers read them; for series and
            the frames of audio. Training on your own files chooses it by the length of the series, unless it is given.

    Returns:
        A model from a batch of sequences, padded at the end, to float32 logits `(batch, num_classes)`, or values
        `(batch, 1)` for regression. Text is int32 ids `(batch, time)`, zero for padding; audio float32 waveforms
        `(batch, samples)` and series float32 `(batch, time, features)`, NaN for padding.

    Example:
        >>> model = many_to_one(cell="gru", units=32, num_classes=5)
        >>> model(numpy.array([[4, 8, 15], [16, 23, 0]])).shape
        TensorShape([2, 5])
    """
    from keras_rnn_zoo.layers.frontends import audio_frontend, series_frontend, token_frontend
    from keras_rnn_zoo.layers.heads import output_head
    from keras_rnn_zoo.layers.masking import AttentionPooling, MaskedMaxPooling, MaskedMeanPooling
    from keras_rnn_zoo.layers.recurrent import recurrent_stack

    # Frontend
    if input == "text":
        inputs, x, mask = token_frontend(
            vocabulary_size=vocabulary_size, embedding_dim=embedding_dim, dropout=dropout, word_dropout=word_dropout
        )
    elif input == "audio":
        inputs, x, mask = audio_frontend(sample_rate=sample_rate, dropout=dropout, subsampling=subsampling)
    else:
        inputs, x, mask = series_frontend(features=features, subsampling=subsampling)

    # Topology
    x = recurrent_stack(
        x,
        mask,
        cell=cell,
        units=units,
        num_layers=num_layers,
        bidirectional=bidirectional,
        dropout=dropout,
        return_sequences=pooling != "last",
    )
    if pooling != "last":
        pools = {"mean": MaskedMeanPooling, "max": MaskedMaxPooling, "attention": AttentionPooling}
        x = pools[pooling](name="pooling")(x, mask=mask)  # (batch, features)

    # Head
    x = keras.layers.Dropout(dropout, name="head_dropout")(x)
    return keras.Model(inputs, output_head(x, head=head, num_classes=num_classes), name="many_to_one")
