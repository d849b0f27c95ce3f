"""Many to many in sync: a prediction for each step of a sequence."""

from typing import Annotated, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.architectures._options import (
    Bidirectional,
    Block,
    Cell,
    Dropout,
    Features,
    FreezeEmbedding,
    InputEmbeddingDim,
    NumClasses,
    NumLayers,
    Targets,
    Units,
    WordDropout,
)
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.options import FROM_DATA, Range
from keras_rnn_zoo.readers._options import CharUnits, Crf, SampleRate, VocabularySize


@registry.architecture(
    order=5,
    aliases=("tagger", "language_model"),
    tasks=("tagging", "language_modeling", "step_classification", "step_regression"),
    default_dataset="slots",
    alias_datasets={"language_model": "tiny_shakespeare"},
)
def sync_many_to_many(
    *,
    input: Annotated[Literal["text", "audio", "series"], FROM_DATA] = "text",
    causal: Annotated[bool, FROM_DATA] = False,
    head: Annotated[Literal["classification", "regression"], FROM_DATA] = "classification",
    num_classes: NumClasses = 10,
    targets: Targets = 1,
    cell: Cell = "lstm",
    block: Block = "plain",
    units: Units = 100,
    num_layers: NumLayers = 1,
    bidirectional: Bidirectional = True,
    embedding_dim: InputEmbeddingDim = 100,
    freeze_embedding: FreezeEmbedding = False,
    char_units: CharUnits = 0,
    char_vocabulary_size: Annotated[int, Range(3, 10_000_000), FROM_DATA] = 100,
    crf: Crf = False,
    dropout: Dropout = 0.3,
    word_dropout: WordDropout = 0.0,
    vocabulary_size: VocabularySize = 20_000,
    sample_rate: SampleRate = 16_000,
    features: Features = 1,
) -> "keras.Model":
    """Makes a prediction for each step of a sequence, such as the part of speech of a word, or the state of a machine.

    With `bidirectional=false`, the prediction for a step depends only on the steps up to it.

    Args:
        input: kind of input, which determines the frontend.
        causal: whether a step depends only on earlier steps, as in a language model. Then `bidirectional`, `char_units`
            and `word_dropout` have no effect, and the classes are the tokens of the text.
        head: whether the output of a step is classes or numbers.
        num_classes: number of classes of a step.
        char_vocabulary_size: number of distinct characters; for text.
        targets: number of numbers to predict for each step.
        word_dropout: fraction of words hidden in training, for the rarest words; more frequent words are hidden less
            often; for text.

    Returns:
        A model whose input is a batch of sequences as in `many_to_one`, and whose output is float32 logits
        `(batch, time, num_classes)`, or values `(batch, time, targets)` for regression. The steps of audio are the
        frames of its spectrogram, one every 10 ms.
        With `char_units`, text is int32 `(batch, words, 1 + characters)`: each word's id, then those of its characters.
        With `crf`, the output has the potentials of `keras_rnn_zoo.layers.crf`, `(batch, num_classes + 2 + time,
        num_classes)`, in place of logits, and `keras_rnn_zoo.layers.crf.best_tags` finds the tags.
        A causal model's input begins with 0, the start of the text, before the first token.

    Example:
        >>> sync_many_to_many(num_classes=17)(numpy.array([[4, 8, 15], [16, 23, 0]])).shape
        TensorShape([2, 3, 17])
    """
    from keras_rnn_zoo.layers.crf import Crf
    from keras_rnn_zoo.layers.decoder import TextDecoder
    from keras_rnn_zoo.layers.frontends import normalization, sequence_frontend
    from keras_rnn_zoo.layers.heads import output_head
    from keras_rnn_zoo.layers.recurrent import recurrent_stack

    if crf and (causal or head != "classification"):
        raise OptionError("Option 'crf' applies only to tags, the classes of the steps of a whole sequence. Omit it.")
    if causal and freeze_embedding:
        raise OptionError("Option 'freeze_embedding' is not for language models, whose output layer it is. Omit it.")
    recurrent = {"cell": cell, "block": block, "units": units, "num_layers": num_layers, "dropout": dropout}
    if causal:
        ids = keras.Input((None,), dtype="int32", name="ids")
        decoder = TextDecoder(vocabulary_size, embedding_dim, **recurrent, name="decoder")
        return keras.Model(ids, decoder(ids), name="sync_many_to_many")

    # Frontend
    text = {"vocabulary_size": vocabulary_size, "embedding_dim": embedding_dim, "word_dropout": word_dropout}
    text |= {
        "freeze_embedding": freeze_embedding,
        "rare_words": True,
        "char_units": char_units,
        "char_vocabulary_size": char_vocabulary_size,
    }
    numbers = {"sample_rate": sample_rate, "features": features, "normalized": normalization(bidirectional)}
    inputs, x, mask = sequence_frontend(input, dropout=dropout, **text, **numbers)

    # Topology
    x = recurrent_stack(x, mask, bidirectional=bidirectional, **recurrent)  # (batch, time, features)

    # Head
    x = keras.layers.Dropout(dropout, name="head_dropout")(x)
    outputs = output_head(x, head=head, num_classes=num_classes, targets=targets)
    if crf:
        outputs = Crf(dtype="float32", name="crf")(outputs, mask=mask)
    return keras.Model(inputs, outputs, name="sync_many_to_many")
