"""Translation: generation of a target text for a source text."""

from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.tasks._compared import ScoreParts, bleu_of
from keras_rnn_zoo.tasks._options import (
    BeamSize,
    BleuTokenize,
    LengthPenalty,
    TargetTokens,
    TargetVocabularySize,
    TextLength,
)
from keras_rnn_zoo.tasks._text_generation import OUTPUTS, TextGenerationTask, as_texts, exact_match
from keras_rnn_zoo.user_data.text_defaults import sentence_defaults


@registry.task(
    outputs=OUTPUTS,
    files=registry.TaskFiles(
        source="source",
        target="target",
        columns={"source": "source src input from text", "target": "target tgt translation output to"},
        text_defaults=sentence_defaults,
    ),
    pipeline_tags={"text": "translation"},
)
class Translation(TextGenerationTask):
    """Translates a text to another text."""

    def __init__(
        self,
        reader: Any,
        classes: tuple[str, ...],
        *,
        target_tokens: TargetTokens = "pieces",
        target_vocabulary_size: TargetVocabularySize = 20_000,
        max_length: TextLength = 100,
        beam_size: BeamSize = 1,
        length_penalty: LengthPenalty = 1.0,
        bleu_tokenize: BleuTokenize = "13a",
    ) -> None:
        super().__init__(reader, classes, target_tokens, target_vocabulary_size, max_length, beam_size, length_penalty)
        self.bleu_tokenize = bleu_tokenize

    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        from sacrebleu.metrics import BLEU, CHRF

        texts, targets = as_texts(predictions["text"]), as_texts(references)
        bleu, chrf = BLEU(tokenize=self.bleu_tokenize), CHRF()
        scores = {
            "bleu": bleu.corpus_score(texts, [targets]).score,
            "chrf": chrf.corpus_score(texts, [targets]).score,
            "exact_match": exact_match(texts, [[text] for text in targets]),
        }
        return scores, {"bleu_signature": str(bleu.get_signature()), "chrf_signature": str(chrf.get_signature())}

    def score_parts(self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any]) -> ScoreParts:
        from sacrebleu.metrics import BLEU

        return bleu_of(BLEU(tokenize=self.bleu_tokenize), as_texts(predictions["text"]), [as_texts(references)])
