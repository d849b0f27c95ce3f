"""Captioning: a sentence that says what an image shows."""

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import tf
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
)
class Captioning(TextGenerationTask):
    """Describes an image in a sentence.

    Args:
        max_length: most tokens written.
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
        """Returns the weights over the cells of the image `(batch, steps, rows, columns)`."""
        grid = model.get_layer("positions")
        return tf.reshape(weights, [*tf.unstack(tf.shape(weights)[:2]), grid.rows, grid.columns])

    def score(
        self, answers: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        from sacrebleu.metrics import BLEU, CHRF

        from keras_rnn_zoo.layers.text import LOSSLESS

        texts = as_texts(answers["text"])
        wanted = [[text for text in as_texts(several) if text] for several in references]
        if self.target_ids.tokens not in LOSSLESS:
            # What such tokens cannot write, such as capitals, is no mistake of the description.
            wanted = _in_tokens(wanted, self.target_ids.tokens)
        # sacrebleu takes the first references of all, the second of all, ...: absent ones are None.
        streams: Any = [
            [several[number] if number < len(several) else None for several in wanted]
            for number in range(max(map(len, wanted)))
        ]
        orders = [BLEU(max_ngram_order=order, tokenize=self.bleu_tokenize) for order in (1, 2, 3, 4)]
        measured = [bleu.corpus_score(texts, streams).score for bleu in orders]
        scores = {
            "bleu": measured[-1],
            "chrf": CHRF().corpus_score(texts, streams).score,
            "exact_match": exact_match(texts, wanted),
        }
        if importlib.util.find_spec("pycocoevalcap"):
            from pycocoevalcap.cider.cider import Cider

            written = [[text] for text in texts]
            if self.target_ids.tokens in LOSSLESS:  # CIDEr is defined on lower-case words with spaces between them.
                wanted, written = _in_tokens(wanted, "words"), _in_tokens(written, "words")
            scores["cider"] = float(Cider().compute_score(dict(enumerate(wanted)), dict(enumerate(written)))[0])
        report = {f"bleu_{order}": value for order, value in enumerate(measured, 1)}
        return scores, {**report, "bleu_signature": str(orders[-1].get_signature())}


def _in_tokens(texts: Sequence[Sequence[str]], tokens: str) -> list[list[str]]:
    """Returns texts, several for each image, as their tokens with spaces between them."""
    from keras_rnn_zoo.layers.text import SPLITS

    split = SPLITS[tokens](tf.constant([text for several in texts for text in several], tf.string))
    joined = iter(as_texts(tf.strings.reduce_join(split, axis=-1, separator=" ").numpy()))
    return [[next(joined) for _ in several] for several in texts]
