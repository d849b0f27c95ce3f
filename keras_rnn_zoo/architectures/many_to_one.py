"""Many to one: from a sequence to a single prediction."""

from typing import Annotated, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.architectures._options import (
    Autoregression,
    Bidirectional,
    Block,
    Cell,
    ChannelIndependent,
    Covariates,
    Dropout,
    Features,
    FreezeEmbedding,
    FutureSteps,
    Head,
    InputEmbeddingDim,
    Known,
    LastValue,
    Levels,
    NumClasses,
    NumLayers,
    PastSteps,
    SegmentLength,
    SpectrogramMasks,
    Targets,
    Units,
    WordDropout,
)
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.options import FROM_DATA, ForInputs, Search
from keras_rnn_zoo.readers._options import SampleRate, VocabularySize


@registry.architecture(
    order=3,
    aliases=("seq2vec", "sentiment"),
    tasks=("classification", "regression", "forecasting"),
    default_dataset="toy_reviews",
)
def many_to_one(
    *,
    input: Annotated[Literal["text", "audio", "series", "window"], FROM_DATA] = "text",
    head: Head = "classification",
    num_classes: NumClasses = 2,
    cell: Cell = "lstm",
    block: Block = "plain",
    units: Units = 64,
    num_layers: NumLayers = 1,
    bidirectional: Bidirectional = True,
    pooling: Annotated[Literal["last", "mean", "max", "attention"], Search()] = "max",
    embedding_dim: InputEmbeddingDim = 128,
    freeze_embedding: FreezeEmbedding = False,
    dropout: Dropout = 0.2,
    word_dropout: WordDropout = 0.0,
    vocabulary_size: VocabularySize = 20_000,
    sample_rate: SampleRate = 16_000,
    spectrogram_masks: SpectrogramMasks = 0.0,
    features: Features = 1,
    subsampling: Annotated[Literal[1, 2, 4, 8], ForInputs(("series", "audio"))] = 1,
    segment_length: SegmentLength = 1,
    channel_independent: ChannelIndependent = False,
    autoregression: Autoregression = True,
    targets: Targets = 1,
    covariates: Covariates = 0,
    known: Known = 0,
    past_steps: PastSteps = 24,
    future_steps: FutureSteps = 6,
    last_value: LastValue = True,
    levels: Levels = 3,
) -> "keras.Model":
    """Reads a whole sequence and makes a single prediction, such as the sentiment of a review.

    Recurrent layers read the steps of the sequence, which are pooled over time. Padding never changes a prediction.

    Args:
        input: kind of input, which determines the frontend.
        pooling: how steps are combined to one vector: the last state, or their mean, maximum or learned weighted mean.
        subsampling: factor by which convolutions subsample the steps before the recurrent layers read them; for series
            and the frames of audio. Training on your own files chooses it by the length of the series unless you set
            it.

    Returns:
        A model whose input is a batch of sequences, padded at the end, and whose output is float32 logits
        `(batch, num_classes)`, or values `(batch, targets)` for regression. Text is int32 ids `(batch, time)`, padded
        with zeros; audio is float32 waveforms `(batch, samples)` and series are float32 `(batch, time, features)`, both
        padded with NaN. For windows and forecasts, see `layers/forecast.py`.

    Example:
        >>> model = many_to_one(cell="gru", units=32, num_classes=5)
        >>> model(numpy.array([[4, 8, 15], [16, 23, 0]])).shape
        TensorShape([2, 5])
    """
    from keras_rnn_zoo.layers.forecast import forecast_head, window_frontend
    from keras_rnn_zoo.layers.frontends import normalization, sequence_frontend
    from keras_rnn_zoo.layers.heads import output_head
    from keras_rnn_zoo.layers.masking import pooled
    from keras_rnn_zoo.layers.recurrent import recurrent_stack

    # Frontend
    window = {}
    if input == "window":
        sizes = {"targets": targets, "past_steps": past_steps, "future_steps": future_steps, "covariates": covariates}
        independent = channel_independent and head == "forecasting"
        reading = {"segment_length": segment_length, "channel_independent": independent, "last_value": last_value}
        inputs, x, mask, window = window_frontend(units=units, known=known, **sizes, **reading)
    else:
        text = {"vocabulary_size": vocabulary_size, "embedding_dim": embedding_dim, "word_dropout": word_dropout}
        text["freeze_embedding"] = freeze_embedding
        numbers = {"sample_rate": sample_rate, "features": features, "subsampling": subsampling}
        masks = {"spectrogram_masks": spectrogram_masks}
        normalized = normalization(bidirectional)
        inputs, x, mask = sequence_frontend(input, dropout=dropout, normalized=normalized, **text, **numbers, **masks)

    # Topology
    recurrent = {"cell": cell, "block": block, "units": units, "num_layers": num_layers, "dropout": dropout}
    x = recurrent_stack(x, mask, bidirectional=bidirectional, return_sequences=pooling != "last", **recurrent)
    if pooling != "last":
        x = pooled(x, mask, pooling)  # (batch, features)

    # Head
    if head == "forecasting":
        sizes = {"targets": targets, "future_steps": future_steps, "levels": levels, "segment_length": segment_length}
        outputs = forecast_head(x, dropout=dropout, autoregression=autoregression, **sizes, **window)
        return keras.Model(inputs, outputs, name="many_to_one")
    x = keras.layers.Dropout(dropout, name="head_dropout")(x)
    return keras.Model(inputs, output_head(x, head=head, num_classes=num_classes, targets=targets), name="many_to_one")
