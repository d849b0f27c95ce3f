"""Captioning: a sentence that describes an image."""

from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.packages import is_installed
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


@registry.task(
    outputs=OUTPUTS,
    files=registry.TaskFiles(
        target="caption",
        columns={"caption": "caption captions text description sentence"},
        references=True,
        table="captions.csv",
    ),
    pipeline_tags={"image": "image-to-text"},
)
class Captioning(TextGenerationTask):
    """Describes an image in a sentence.

    Args:
        max_length: maximum number of tokens to generate.
    """

    repeats_inputs = True  # Each caption of an image is an example.

    def __init__(
        self,
        reader: Any,
        classes: tuple[str, ...],
        *,
        target_tokens: TargetTokens = "pieces",
        target_vocabulary_size: TargetVocabularySize = 10_000,
        max_length: TextLength = 40,
        beam_size: BeamSize = 1,
        length_penalty: LengthPenalty = 1.0,
        bleu_tokenize: BleuTokenize = "13a",
    ) -> None:
        super().__init__(reader, classes, target_tokens, target_vocabulary_size, max_length, beam_size, length_penalty)
        self.bleu_tokenize = bleu_tokenize

    def attended(self, model: Any, weights: Any) -> Any:
        """Returns the attention weights over the grid cells of the image, `(batch, steps, rows, columns)`."""
        grid = model.get_layer("positions")
        return tf.reshape(weights, [*tf.unstack(tf.shape(weights)[:2]), grid.rows, grid.columns])

    def score(
        self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        from sacrebleu.metrics import BLEU, CHRF

        from keras_rnn_zoo.layers.text import LOSSLESS

        texts, captions = as_texts(predictions["text"]), self._captions(references)
        streams = _streams(captions)
        orders = [BLEU(max_ngram_order=order, tokenize=self.bleu_tokenize) for order in (1, 2, 3, 4)]
        bleu_scores = [bleu.corpus_score(texts, streams).score for bleu in orders]
        scores = {
            "bleu": bleu_scores[-1],
            "chrf": CHRF().corpus_score(texts, streams).score,
            "exact_match": exact_match(texts, captions),
        }
        if is_installed("pycocoevalcap"):
            from pycocoevalcap.cider.cider import Cider

            generated = [[text] for text in texts]
            if self.target_ids.tokens in LOSSLESS:  # CIDEr is defined on lowercase words separated by spaces.
                captions, generated = _in_tokens(captions, "words"), _in_tokens(generated, "words")
            scores["cider"] = float(Cider().compute_score(dict(enumerate(captions)), dict(enumerate(generated)))[0])
        report = {f"bleu_{order}": value for order, value in enumerate(bleu_scores, 1)}
        return scores, {**report, "bleu_signature": str(orders[-1].get_signature())}

    def score_parts(self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any]) -> ScoreParts:
        from sacrebleu.metrics import BLEU

        streams = _streams(self._captions(references))
        return bleu_of(BLEU(tokenize=self.bleu_tokenize), as_texts(predictions["text"]), streams)

    def _captions(self, references: Sequence[Any]) -> list[list[str]]:
        """Returns the captions of each image that predictions are compared with."""
        from keras_rnn_zoo.layers.text import LOSSLESS

        captions = [[text for text in as_texts(several) if text] for several in references]
        # Do not count it as an error if tokens cannot represent the reference, such as its capitals.
        return captions if self.target_ids.tokens in LOSSLESS else _in_tokens(captions, self.target_ids.tokens)


def _streams(captions: Sequence[Sequence[str]]) -> Any:
    """Returns the captions of images as sacrebleu takes references: all first ones, all second ones, and so on.

    Missing ones are `None`.
    """
    return [
        [several[index] if index < len(several) else None for several in captions]
        for index in range(max(map(len, captions)))
    ]


def _in_tokens(texts: Sequence[Sequence[str]], tokens: str) -> list[list[str]]:
    """Returns texts, several for each image, as tokens separated by spaces."""
    from keras_rnn_zoo.layers.text import SPLITS

    split = SPLITS[tokens](tf.constant([text for several in texts for text in several], tf.string))
    joined = iter(as_texts(tf.strings.reduce_join(split, axis=-1, separator=" ").numpy()))
    return [[next(joined) for _ in several] for several in texts]
