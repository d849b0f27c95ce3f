"""Options shared by several architectures."""

from typing import Annotated, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.options import FROM_DATA, ForInputs, NamesIn, Range, Search

Attention = Annotated[
    Literal["none", "luong", "bahdanau"],
    Search(),
    "attention of the decoder to the input: none (the decoder sees only its mean), luong (multiplicative; Luong et al. "
    "2015) or bahdanau (additive; Bahdanau et al. 2014).",
]
OF_WINDOWS = ForInputs(("window",))
"""Marks an option of forecasting."""
Autoregression = Annotated[
    bool,
    OF_WINDOWS,
    "whether a linear map of each target's past is added to its forecast (Lai et al. 2018), for trends and seasons; "
    "training fits it by least squares.",
]
Bidirectional = Annotated[
    bool,
    "whether to read the sequence in both directions; if not, the model can answer while its input is still coming in.",
]
Block = Annotated[
    Literal["plain", "residual"],
    Search(),
    "how recurrent layers are stacked: plain, each reading the one below, or in residual blocks, each with "
    "normalization and a gated MLP, as linear cells such as lru and mamba need (De et al. 2024).",
]
Cell = Annotated[
    str,
    NamesIn(registry.cells, with_options=True),
    Search(),
    "recurrent cell, which its options may follow, as in lru:r_min=0.9; see docs/cells.md for what each is good for.",
]
Distortion = Annotated[
    float,
    Range(0, 0.5),
    "relative size of random stretching, slanting and shifting of images in training; useful with few images, and for "
    "handwriting.",
]
Dropout = Annotated[
    float,
    Range(0, 0.95),
    Search(0, 0.6),
    "fraction of features dropped in training: of the input, between layers and before the head.",
]
Elastic = Annotated[
    float,
    Range(0, 0.5),
    "random bending of images in training (elastic distortion, Simard et al. 2003): how far pixels move, as a fraction "
    "of the height (standard deviation); useful for handwriting, such as 0.04.",
]
EmbeddingDim = Annotated[int, Range(1, 8192), Search(16, 256, log=True), "size of token embeddings; for text."]
InputEmbeddingDim = Annotated[
    int, Range(1, 8192), Search(16, 256, log=True, inputs=("text",)), "size of token embeddings; for text."
]
"""`EmbeddingDim` of an architecture whose output has no embeddings."""
FreezeEmbedding = Annotated[
    bool,
    ForInputs(("text",)),
    "whether the embedding of input tokens keeps its first values, such as vectors of a file; for text.",
]
Features = Annotated[int, Range(1, 100_000), FROM_DATA, "number of features per step; for series."]
ChannelIndependent = Annotated[
    bool,
    OF_WINDOWS,
    "whether each target of a window is forecast from its own past alone, by the same weights, rather than from all.",
]
Covariates = Annotated[
    int, Range(0, 100_000), FROM_DATA, OF_WINDOWS, "number of values per step that are known in advance."
]
Known = Annotated[
    int,
    Range(0, 100_000),
    FROM_DATA,
    OF_WINDOWS,
    "number of the covariates, the first ones, whose past the linear map reads, too; the others are of the calendar.",
]
FutureSteps = Annotated[int, Range(1, 10_000), FROM_DATA, OF_WINDOWS, "number of steps to forecast."]
Head = Annotated[
    Literal["classification", "regression", "forecasting"],
    FROM_DATA,
    "whether the output is a class, a number or a forecast.",
]
LastValue = Annotated[
    bool, FROM_DATA, OF_WINDOWS, "whether targets are read and forecast as differences from their last value."
]
Levels = Annotated[int, Range(1, 99), FROM_DATA, OF_WINDOWS, "number of quantiles to forecast."]
NumClasses = Annotated[int, Range(2), FROM_DATA, "number of classes."]
NumLayers = Annotated[int, Range(1, 16), Search(1, 3), "number of recurrent layers."]
PastSteps = Annotated[int, Range(1, 100_000), FROM_DATA, OF_WINDOWS, "number of past steps of a window."]
SegmentLength = Annotated[
    int,
    Range(1, 10_000),
    OF_WINDOWS,
    "number of steps of a window that the recurrent layers read, and forecast, as one (Lin et al. 2023); for long "
    "windows.",
]
SpectrogramMasks = Annotated[
    float,
    Range(0, 0.5),
    ForInputs(("audio",)),
    "largest share of the mel bands, and of the frames, that each of four random masks hides in training (SpecAugment, "
    "Park et al. 2019); 0 for none.",
]
Subsampling = Annotated[
    Literal[1, 2, 4, 8],
    ForInputs(("series",)),
    "factor by which convolutions subsample the steps before the recurrent layers read them; for series. Training on "
    "your own files chooses it by the length of the series unless you set it.",
]
Targets = Annotated[
    int, Range(1, 100_000), FROM_DATA, "number of numbers to predict, or of series that are forecast together."
]
TargetVocabularySize = Annotated[
    int,
    Range(5, 10_000_000),
    "maximum number of distinct target tokens, including four reserved ones; training keeps the most frequent.",
]
Units = Annotated[
    int, Range(1, 8192), Search(16, 256, log=True), "state size of a recurrent layer, for each direction."
]
WordDropout = Annotated[
    float, Range(0, 0.95), Search(0, 0.3, inputs=("text",)), "fraction of tokens hidden in training; for text."
]
