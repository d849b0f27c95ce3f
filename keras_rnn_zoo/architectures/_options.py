"""Options shared by several architectures."""

from typing import Annotated, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.options import FROM_DATA, ForInputs, NamesIn, Range

Attention = Annotated[
    Literal["none", "luong", "bahdanau"],
    "attention of the decoder to the input: none (the decoder sees only its mean), luong (multiplicative; Luong et al. "
    "2015) or bahdanau (additive; Bahdanau et al. 2014).",
]
Bidirectional = Annotated[bool, "whether to read the sequence in both directions."]
Cell = Annotated[
    str,
    NamesIn(registry.cells),
    "recurrent cell; the gates of mingru and minlstm read the input only (Feng et al. 2024), which trains faster.",
]
Dropout = Annotated[
    float, Range(0, 0.95), "fraction of features dropped in training: of the input, between layers and before the head."
]
EmbeddingDim = Annotated[int, Range(1, 8192), "size of token embeddings; for text."]
Features = Annotated[int, Range(1, 100_000), FROM_DATA, "number of features per step; for series."]
Head = Annotated[Literal["classification", "regression"], FROM_DATA, "whether the output is a class or a number."]
NumClasses = Annotated[int, Range(2), FROM_DATA, "number of classes."]
NumLayers = Annotated[int, Range(1, 16), "number of recurrent layers."]
Subsampling = Annotated[
    Literal[1, 2, 4, 8],
    ForInputs(("series",)),
    "factor by which convolutions subsample the steps before the recurrent layers read them; for series. Training on "
    "your own files chooses it by the length of the series unless you set it.",
]
TargetVocabularySize = Annotated[
    int,
    Range(5, 10_000_000),
    "maximum number of distinct target tokens, including four reserved ones; training keeps the most frequent.",
]
Units = Annotated[int, Range(1, 8192), "state size of a recurrent layer, for each direction."]
WordDropout = Annotated[float, Range(0, 0.95), "fraction of tokens hidden in training; for text."]
