"""Captioning: a sentence that says what an image shows."""

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.tasks.writing import OUTPUTS, Writing, as_texts, exact_match


@registry.task(outputs=OUTPUTS)
class Captioning(Writing):
    """Describes an image in a sentence.

    Args:
        target_tokens: what a token of the written text is: words by the rules of English, what stands between spaces,
            or characters.
        target_vocabulary_size: most tokens in use to write with, four reserved ones among them; the commonest are kept.
        max_length: most tokens written.
        beam_size: number of texts that the search follows at once; 1 is greedy search.
        length_penalty: exponent of the length penalty of Wu et al. 2016; 0 for none.
    """

    def __init__(
        self,
        reader: Any,
        classes: tuple[str, ...],
        *,
        target_tokens: Literal["words", "spaces", "characters"] = "words",
        target_vocabulary_size: Annotated[int, Range(5, 10_000_000)] = 10_000,
        max_length: Annotated[int, Range(1, 10_000)] = 40,
        beam_size: Annotated[int, Range(1, 100)] = 1,
        length_penalty: Annotated[float, Range(0, 3)] = 1.0,
    ) -> None:
        super().__init__(reader, classes, target_tokens, target_vocabulary_size, max_length, beam_size, length_penalty)

    def attended(self, model: Any, weights: Any) -> Any:
        """Returns the weights over the cells of the image `(batch, steps, rows, columns)`."""
        grid = model.get_layer("positions")
        return tf.reshape(weights, [*tf.unstack(tf.shape(weights)[:2]), grid.rows, grid.columns])

    def score(
        self, answers: Mapping[str, Sequence[Any]], references: Sequence[Any], loss: float
    ) -> tuple[dict[str, float], dict[str, Any]]:
        from sacrebleu.metrics import BLEU, CHRF

        texts = as_texts(answers["text"])
        # What the vocabulary cannot write, such as capitals, is no mistake of the description.
        present = [[text for text in as_texts(several) if text] for several in references]
        written = iter(self._as_written([text for several in present for text in several]))
        wanted = [[next(written) for _ in several] for several in present]
        # sacrebleu takes the first references of all, the second of all, ...: absent ones are None.
        streams: Any = [
            [several[number] if number < len(several) else None for several in wanted]
            for number in range(max(map(len, wanted)))
        ]
        orders = [BLEU(max_ngram_order=order, tokenize="none") for order in (1, 2, 3, 4)]
        measured = [bleu.corpus_score(texts, streams).score for bleu in orders]
        scores = {
            "bleu": measured[-1],
            "chrf": CHRF().corpus_score(texts, streams).score,
            "exact_match": exact_match(texts, wanted),
        }
        if importlib.util.find_spec("pycocoevalcap"):
            from pycocoevalcap.cider.cider import Cider

            scores["cider"] = float(
                Cider().compute_score(dict(enumerate(wanted)), {n: [t] for n, t in enumerate(texts)})[0]
            )
        report = {f"bleu_{order}": value for order, value in enumerate(measured, 1)}
        return scores, {**report, "bleu_signature": str(orders[-1].get_signature())}

    def _as_written(self, texts: Sequence[str]) -> list[str]:
        """Returns references in the tokens that captions are written in."""
        from keras_rnn_zoo.layers.text import SEPARATORS

        written = tf.strings.reduce_join(
            self.target_ids.split(texts), axis=-1, separator=SEPARATORS[self.target_ids.tokens]
        )
        return as_texts(written.numpy())
