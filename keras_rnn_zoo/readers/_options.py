"""Options that readers share with the architectures and the file formats, each with its meaning."""

from typing import Annotated, Literal

from keras_rnn_zoo.options import ForTasks, Range

VocabularySize = Annotated[
    int,
    Range(3, 10_000_000),
    "most token ids, padding and the unknown word among them; training keeps the most frequent; for text.",
]
MaxTokens = Annotated[int, Range(1, 1_000_000), "most tokens read of a text; of a longer one, the last ones are read."]
CharUnits = Annotated[
    int,
    Range(0, 8192),
    "units, each way, of a recurrent reader of each word's characters, which represents words never seen (Ling et al. "
    "2015); 0 for none; for text.",
]
Crf = Annotated[
    bool,
    ForTasks(("tagging",)),
    "whether the tags of a sentence are scored together, with a learned number for each pair of neighbors, by a "
    "conditional random field (Lample et al. 2016), and the best sequence of tags is predicted.",
]
Vectors = Annotated[
    str,
    "path of a file of word vectors to begin with, as text in the format of GloVe, word2vec or fastText, gzip or not; "
    "training copies those of the vocabulary.",
]
WordsFromVectors = Annotated[
    bool,
    "whether words of the file of vectors that the training data lacks are added, up to vocabulary_size words.",
]
ImageHeight = Annotated[int, Range(1, 4096), "pixels from top to bottom; for images."]
ImageWidth = Annotated[int, Range(1, 4096), "pixels from left to right; for images."]
Channels = Annotated[Literal[1, 3], "1 for gray, 3 for red, green and blue; for images."]
SampleRate = Annotated[int, Range(1000, 192_000), "samples a second; for audio."]
MaxSeconds = Annotated[float, Range(0.01, 3600), "most seconds read of a recording, from its start."]
History = Annotated[int, Range(1, 100_000), "steps of the past that are read to forecast from; for series over time."]
Horizon = Annotated[int, Range(1, 10_000), "steps to forecast."]
Stride = Annotated[int, Range(1, 100_000), "steps between the starts of two windows, each an example."]
Splits = Annotated[
    str,
    "sizes of the training, validation and test splits, in this order of time: percentages such as 70/10/20, or "
    "numbers of steps such as 8640/2880/2880, after which the rest is not used.",
]
