"""Many to many: a sequence in, another sequence out."""

from typing import Annotated, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.options import FROM_DATA, ForInputs, Range


@registry.architecture(order=4, aliases=("seq2seq", "encoder_decoder"), tasks=("translation",), default_dataset="dates")
def many_to_many(
    *,
    input: Annotated[Literal["text", "audio", "series"], FROM_DATA] = "text",
    attention: Literal["none", "luong", "bahdanau"] = "luong",
    cell: Literal["simple_rnn", "gru", "lstm", "mingru", "minlstm"] = "lstm",
    units: Annotated[int, Range(1, 8192)] = 128,
    num_layers: Annotated[int, Range(1, 16)] = 1,
    bidirectional: bool = True,
    embedding_dim: Annotated[int, Range(1, 8192)] = 128,
    dropout: Annotated[float, Range(0, 0.95)] = 0.2,
    word_dropout: Annotated[float, Range(0, 0.95)] = 0.0,
    vocabulary_size: Annotated[int, Range(3, 10_000_000)] = 20_000,
    target_vocabulary_size: Annotated[int, Range(5, 10_000_000)] = 20_000,
    sample_rate: Annotated[int, Range(1000, 192_000)] = 16_000,
    features: Annotated[int, Range(1, 100_000), FROM_DATA] = 1,
    subsampling: Annotated[Literal[1, 2, 4, 8], ForInputs(("series",))] = 1,
) -> "keras.Model":
    """Reads a sequence and writes another one, such as a sentence and its translation.

    A recurrent encoder reads the source; a recurrent decoder, which attends to it, writes until the end token
    (Sutskever et al. 2014; Bahdanau et al. 2014; Luong et al. 2015). In training the decoder reads the target itself.

    Args:
        input: kind of input, which picks the frontend.
        attention: how the decoder looks at the source: not at all, but for its mean; by a product (Luong et al. 2015);
            by a layer of tanh units (Bahdanau et al. 2014).
        cell: recurrent cell; the gates of the last two know of the input alone (Feng et al. 2024), which trains faster.
        units: features of a recurrent layer's state, for each direction of the encoder.
        num_layers: number of recurrent layers, of encoder and decoder each.
        bidirectional: whether the encoder reads both ways.
        embedding_dim: features of a token's embedding.
        dropout: share of features dropped in training: of embeddings, between layers and before the logits.
        word_dropout: share of source tokens hidden in training; for text.
        vocabulary_size: most token ids of sources, padding and the unknown one among them; for text.
        target_vocabulary_size: most token ids of targets, four reserved ones among them; the commonest are kept.
        sample_rate: samples a second; for audio.
        features: numbers a step; for series.
        subsampling: factor by which convolutions thin the steps before the encoder reads them; for series.

    Returns:
        A model of the inputs `source`, a batch of sequences as `many_to_one` reads them, and `target`, int32 ids
        `(batch, time)` of the text after the start token, to float32 logits `(batch, time, target_vocabulary_size)`
        of the next token at each step.

    Example:
        >>> model = many_to_many(target_vocabulary_size=50)
        >>> model({"source": numpy.array([[4, 8, 15]]), "target": numpy.array([[2, 7]])}).shape
        TensorShape([1, 2, 50])
    """
    from keras_rnn_zoo.layers.decoder import decode_from
    from keras_rnn_zoo.layers.frontends import audio_frontend, series_frontend, token_frontend
    from keras_rnn_zoo.layers.recurrent import recurrent_stack

    # Frontend
    if input == "text":
        source, x, mask = token_frontend(
            vocabulary_size=vocabulary_size,
            embedding_dim=embedding_dim,
            dropout=dropout,
            word_dropout=word_dropout,
            name="source",
        )
    elif input == "audio":
        source, x, mask = audio_frontend(sample_rate=sample_rate, dropout=dropout, subsampling=4, name="source")
    else:
        source, x, mask = series_frontend(features=features, subsampling=subsampling, name="source")

    # Topology and head
    memory = recurrent_stack(
        x, mask, cell=cell, units=units, num_layers=num_layers, bidirectional=bidirectional, dropout=dropout
    )  # (batch, time, features)
    target, logits = decode_from(
        memory,
        mask,
        vocabulary_size=target_vocabulary_size,
        embedding_dim=embedding_dim,
        cell=cell,
        units=units,
        num_layers=num_layers,
        attention=attention,
        dropout=dropout,
    )
    return keras.Model({"source": source, "target": target}, logits, name="many_to_many")
