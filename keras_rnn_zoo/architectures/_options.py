"""Options that several architectures have, each with its meaning."""

from typing import Annotated, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.options import FROM_DATA, ForInputs, NamesIn, Range

Attention = Annotated[
    Literal["none", "luong", "bahdanau"],
    "how the decoder looks at what was read: not at all, but for its mean; by a product (Luong et al. 2015); by a "
    "layer of tanh units (Bahdanau et al. 2014).",
]
Bidirectional = Annotated[bool, "whether to read the sequence both ways."]
Cell = Annotated[
    str,
    NamesIn(registry.cells),
    "recurrent cell; the gates of mingru and minlstm read the input only (Feng et al. 2024), which trains faster.",
]
Dropout = Annotated[
    float, Range(0, 0.95), "fraction of features dropped in training: of the input, between layers and before the head."
]
EmbeddingDim = Annotated[int, Range(1, 8192), "features of a token's embedding; for text."]
Features = Annotated[int, Range(1, 100_000), FROM_DATA, "numbers a step; for series."]
Head = Annotated[Literal["classification", "regression"], FROM_DATA, "whether the output is a class or a number."]
NumClasses = Annotated[int, Range(2), FROM_DATA, "number of classes."]
NumLayers = Annotated[int, Range(1, 16), "number of recurrent layers."]
Subsampling = Annotated[
    Literal[1, 2, 4, 8],
    ForInputs(("series",)),
    "factor by which convolutions subsample the steps before the recurrent layers read them; for series. Training on "
    "your own files chooses it by the length of the series, unless it is given.",
]
TargetVocabularySize = Annotated[
    int,
    Range(5, 10_000_000),
    "most token ids of targets, four reserved ones among them; training keeps the most frequent.",
]
Units = Annotated[int, Range(1, 8192), "features of a recurrent layer's state, for each direction."]
WordDropout = Annotated[float, Range(0, 0.95), "fraction of tokens hidden in training; for text."]
