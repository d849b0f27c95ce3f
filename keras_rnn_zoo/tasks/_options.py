"""Options that several tasks have, each with its meaning."""

from typing import Annotated, Literal

from keras_rnn_zoo.options import Range

BeamSize = Annotated[int, Range(1, 100), "number of hypotheses in beam search; 1 is greedy search."]
BleuTokenize = Annotated[
    Literal["13a", "none", "char", "intl", "zh"],
    "sacrebleu's tokenizer for BLEU; none splits at spaces.",
]
LengthPenalty = Annotated[float, Range(0, 3), "exponent of the length penalty of Wu et al. 2016; 0 for none."]
TargetNames = Annotated[str, "names of several targets, joined by +; those of a table are the names of its columns."]
TargetTokens = Annotated[
    Literal["pieces", "subwords", "words", "spaces", "characters"],
    "kind of tokens in the generated text. Pieces (words and punctuation with the space before them), subwords (parts "
    "of words, learned from the training texts; Sennrich et al. 2016) and characters preserve capitals and spaces; "
    "words are lowercased and split by the rules of English; spaces splits at spaces.",
]
TargetVocabularySize = Annotated[
    int,
    Range(5, 10_000_000),
    "maximum number of distinct tokens in generated texts, including four reserved ones; the most frequent are kept.",
]
TextLength = Annotated[int, Range(1, 10_000), "maximum number of tokens of a text."]
