"""Many to one: a sequence in, one answer out."""

from typing import Annotated, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.options import FROM_DATA, Range


@registry.architecture(aliases=("seq2vec", "sentiment"), tasks=("classification",))
def many_to_one(
    *,
    input: Annotated[Literal["text"], FROM_DATA] = "text",
    num_classes: Annotated[int, Range(2), FROM_DATA] = 2,
    cell: Literal["simple_rnn", "gru", "lstm"] = "lstm",
    units: Annotated[int, Range(1, 8192)] = 64,
    layers: Annotated[int, Range(1, 16)] = 1,
    bidirectional: bool = True,
    pooling: Literal["last", "mean", "max", "attention"] = "max",
    embedding_dim: Annotated[int, Range(1, 8192)] = 128,
    dropout: Annotated[float, Range(0, 0.95)] = 0.2,
    token_dropout: Annotated[float, Range(0, 0.95)] = 0.0,
    vocabulary_size: Annotated[int, Range(3, 10_000_000)] = 20_000,
) -> "keras.Model":
    """Reads a whole sequence and gives one answer, such as the sentiment of a review.

    Token ids are embedded, read by recurrent layers, pooled over time and classified. Padding never changes an answer.

    Args:
        input: kind of input, which picks the frontend.
        num_classes: number of classes to tell apart.
        cell: recurrent cell.
        units: features of a recurrent layer's state, for each direction.
        layers: number of recurrent layers.
        bidirectional: whether to read the sequence both ways.
        pooling: how the steps become one vector: the state at the end, their mean, maximum or learnt weighted mean.
        embedding_dim: features of a token's embedding.
        dropout: share of features dropped in training: of embeddings, between layers and before the head.
        token_dropout: share of tokens hidden in training.
        vocabulary_size: most token ids, padding and the unknown word among them; training keeps the commonest.

    Returns:
        A model from int32 ids `(batch, time)`, zero for padding at the end, to float32 logits `(batch, num_classes)`.

    Example:
        >>> model = many_to_one(cell="gru", units=32, num_classes=5)
        >>> model(numpy.array([[4, 8, 15], [16, 23, 0]])).shape
        TensorShape([2, 5])
    """
    from keras_rnn_zoo.layers.frontends import token_frontend
    from keras_rnn_zoo.layers.masking import AttentionPooling, MaskedMaxPooling, MaskedMeanPooling
    from keras_rnn_zoo.layers.recurrent import recurrent_stack

    # Frontend
    inputs, x, mask = token_frontend(
        vocabulary_size=vocabulary_size, embedding_dim=embedding_dim, dropout=dropout, token_dropout=token_dropout
    )  # (batch, time, embedding_dim)

    # Topology
    x = recurrent_stack(
        x,
        mask,
        cell=cell,
        units=units,
        layers=layers,
        bidirectional=bidirectional,
        dropout=dropout,
        return_sequences=pooling != "last",
    )
    if pooling != "last":
        pools = {"mean": MaskedMeanPooling, "max": MaskedMaxPooling, "attention": AttentionPooling}
        x = pools[pooling](name="pooling")(x, mask=mask)  # (batch, features)

    # Head
    x = keras.layers.Dropout(dropout, name="head_dropout")(x)
    logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="many_to_one")
