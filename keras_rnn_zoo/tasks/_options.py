"""Options that several tasks have, each with its meaning."""

from typing import Annotated, Literal

from keras_rnn_zoo.options import Range

BeamSize = Annotated[int, Range(1, 100), "number of texts that the search follows at once; 1 is greedy search."]
BleuTokenize = Annotated[
    Literal["13a", "none", "char", "intl", "zh"],
    "sacrebleu's tokenizer for BLEU; none takes what stands between spaces.",
]
LengthPenalty = Annotated[float, Range(0, 3), "exponent of the length penalty of Wu et al. 2016; 0 for none."]
TargetTokens = Annotated[
    Literal["pieces", "words", "spaces", "characters"],
    "what a token of the written text is. Pieces (words and marks with the space before them) and characters give the "
    "text as it is, with capitals and spaces; words are lower-cased and split by the rules of English; spaces takes "
    "what stands between spaces.",
]
TargetVocabularySize = Annotated[
    int,
    Range(5, 10_000_000),
    "most tokens in use to write with, four reserved ones among them; the most frequent are kept.",
]
TextLength = Annotated[int, Range(1, 10_000), "most tokens of a text, read or written."]
