"""Translation: from one text to another."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.tasks._text_generation import OUTPUTS, TextGenerationTask, as_texts, exact_match


@registry.task(outputs=OUTPUTS)
class Translation(TextGenerationTask):
    """Writes for each text another one.

    Args:
        target_tokens: what a token of the written text is. Pieces (words and marks with the space before them) and
            characters give the text as it is, with capitals and spaces; words are lower-cased and split by the rules
            of English; spaces takes what stands between spaces.
        target_vocabulary_size: most tokens in use to write with, four reserved ones among them; the commonest are kept.
        max_length: most tokens of a text, read or written.
        beam_size: number of texts that the search follows at once; 1 is greedy search.
        length_penalty: exponent of the length penalty of Wu et al. 2016; 0 for none.
        bleu_tokenize: sacrebleu's tokenizer for BLEU; none takes what stands between spaces.
    """

    def __init__(
        self,
        reader: Any,
        classes: tuple[str, ...],
        *,
        target_tokens: Literal["pieces", "words", "spaces", "characters"] = "pieces",
        target_vocabulary_size: Annotated[int, Range(5, 10_000_000)] = 20_000,
        max_length: Annotated[int, Range(1, 10_000)] = 100,
        beam_size: Annotated[int, Range(1, 100)] = 1,
        length_penalty: Annotated[float, Range(0, 3)] = 1.0,
        bleu_tokenize: Literal["13a", "none", "char", "intl", "zh"] = "13a",
    ) -> None:
        super().__init__(reader, classes, target_tokens, target_vocabulary_size, max_length, beam_size, length_penalty)
        self.bleu_tokenize = bleu_tokenize

    def score(
        self, answers: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        from sacrebleu.metrics import BLEU, CHRF

        texts, wanted = as_texts(answers["text"]), as_texts(references)
        bleu, chrf = BLEU(tokenize=self.bleu_tokenize), CHRF()
        scores = {
            "bleu": bleu.corpus_score(texts, [wanted]).score,
            "chrf": chrf.corpus_score(texts, [wanted]).score,
            "exact_match": exact_match(texts, [[text] for text in wanted]),
        }
        return scores, {"bleu_signature": str(bleu.get_signature()), "chrf_signature": str(chrf.get_signature())}
