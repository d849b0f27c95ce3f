"""Many to many: from a sequence to another sequence."""

from typing import Annotated, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.architectures._options import (
    Attention,
    Autoregression,
    Bidirectional,
    Block,
    Cell,
    ChannelIndependent,
    Covariates,
    Dropout,
    EmbeddingDim,
    Features,
    FreezeEmbedding,
    FutureSteps,
    Known,
    LastValue,
    Levels,
    NumLayers,
    PastSteps,
    SegmentLength,
    Subsampling,
    Targets,
    TargetVocabularySize,
    Units,
    WordDropout,
)
from keras_rnn_zoo.conventions import AUDIO_SUBSAMPLING
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.options import FROM_DATA, ForInputs
from keras_rnn_zoo.readers._options import SampleRate, VocabularySize


@registry.architecture(
    order=4, aliases=("seq2seq", "encoder_decoder"), tasks=("translation", "forecasting"), default_dataset="dates"
)
def many_to_many(
    *,
    input: Annotated[Literal["text", "audio", "series", "window"], FROM_DATA] = "text",
    head: Annotated[Literal["text", "forecasting"], FROM_DATA] = "text",
    attention: Annotated[Attention, ForInputs(("text", "audio", "series"))] = "luong",
    cell: Cell = "lstm",
    block: Block = "plain",
    units: Units = 128,
    num_layers: NumLayers = 1,
    bidirectional: Bidirectional = True,
    embedding_dim: EmbeddingDim = 128,
    freeze_embedding: FreezeEmbedding = False,
    dropout: Dropout = 0.2,
    word_dropout: WordDropout = 0.0,
    vocabulary_size: VocabularySize = 20_000,
    target_vocabulary_size: TargetVocabularySize = 20_000,
    sample_rate: SampleRate = 16_000,
    features: Features = 1,
    subsampling: Subsampling = 1,
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
    """Reads a sequence and generates another one, such as the translation of a sentence.

    A recurrent encoder reads the source; a recurrent decoder with attention to it generates tokens until the end token
    (Sutskever et al. 2014; Bahdanau et al. 2014; Luong et al. 2015). In training, the decoder reads the target. The
    decoder of a forecast reads what is known in advance and its own last output, in training, too.

    Args:
        input: kind of input, which determines the frontend.
        head: whether the output is a text or, for windows, a forecast.
        units: state size of a recurrent layer, for each direction of the encoder.
        num_layers: number of recurrent layers in the encoder, and in the decoder.
        bidirectional: whether the encoder reads in both directions.
        dropout: fraction of features dropped in training: of embeddings, between layers and before the logits.
        word_dropout: fraction of source tokens hidden in training; for text.
        vocabulary_size: maximum number of distinct source tokens, including padding and the unknown token; for text.

    Returns:
        A model with the inputs `source`, a batch of sequences as in `many_to_one`, and `target`, int32 ids
        `(batch, time)` of the text after the start token. Its output is float32 logits
        `(batch, time, target_vocabulary_size)` of the next token at each step. For windows and forecasts, see
        `layers/forecast.py`.

    Example:
        >>> model = many_to_many(target_vocabulary_size=50)
        >>> model({"source": numpy.array([[4, 8, 15]]), "target": numpy.array([[2, 7]])}).shape
        TensorShape([1, 2, 50])
    """
    from keras_rnn_zoo.layers.decoder import decode_from
    from keras_rnn_zoo.layers.forecast import window_frontend
    from keras_rnn_zoo.layers.forecast_decoder import decoded_forecast
    from keras_rnn_zoo.layers.frontends import sequence_frontend
    from keras_rnn_zoo.layers.recurrent import recurrent_stack

    recurrent = {"cell": cell, "block": block, "units": units, "num_layers": num_layers, "dropout": dropout}
    if input == "window":
        sizes = {"targets": targets, "future_steps": future_steps, "segment_length": segment_length}
        reading = {"past_steps": past_steps, "covariates": covariates, "known": known, "last_value": last_value}
        inputs, x, mask, window = window_frontend(
            channel_independent=channel_independent, units=units, **sizes, **reading
        )
        x = recurrent_stack(x, mask, bidirectional=bidirectional, return_sequences=False, **recurrent)
        outputs = decoded_forecast(x, levels=levels, autoregression=autoregression, **sizes, **recurrent, **window)
        return keras.Model(inputs, outputs, name="many_to_many")

    # Frontend
    text = {"vocabulary_size": vocabulary_size, "embedding_dim": embedding_dim, "word_dropout": word_dropout}
    text["freeze_embedding"] = freeze_embedding
    numbers = {"sample_rate": sample_rate, "features": features}
    numbers["subsampling"] = AUDIO_SUBSAMPLING if input == "audio" else subsampling
    source, x, mask = sequence_frontend(input, dropout=dropout, name="source", **text, **numbers)

    # Topology and head
    memory = recurrent_stack(x, mask, bidirectional=bidirectional, **recurrent)  # (batch, time, features)
    vocabulary = {"vocabulary_size": target_vocabulary_size, "embedding_dim": embedding_dim}
    target, logits = decode_from(memory, mask, attention=attention, **vocabulary, **recurrent)
    return keras.Model({"source": source, "target": target}, logits, name="many_to_many")
