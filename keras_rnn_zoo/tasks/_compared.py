"""What comparisons of runs need of a task: scores that are made of parts, one for each example."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from keras_rnn_zoo.lazy import np


class ScoreParts(NamedTuple):
    """A metric of a split as a function of sums over its examples, such as those of errors and of characters.

    Attributes:
        metric: the name of the metric.
        values: what is summed, float64 `(examples, parts)`.
        total: the function from sums `(..., parts)` to the metric `(...)`.
        higher_is_better: whether higher values of the metric are better.
    """

    metric: str
    values: Any
    total: Callable[[Any], Any]
    higher_is_better: bool = True


class Compared:
    """The part of a task that comparisons use."""

    def score_parts(self, predictions: Mapping[str, Sequence[Any]], references: Sequence[Any]) -> ScoreParts | None:
        """Returns a metric of the task in parts; arguments as of `score`. `None` to compare the mean loss."""
        return None


def mean_of(metric: str, values: Any, *, higher_is_better: bool = True) -> ScoreParts:
    """Returns the mean of a value for each example, such as whether its class is right, as a metric in parts."""
    values = np.asarray(values, "float64")
    return ScoreParts(metric, values[:, None], lambda sums: sums[..., 0] / len(values), higher_is_better)


def ratio_of(metric: str, numerators: Any, denominators: Any, *, higher_is_better: bool = True) -> ScoreParts:
    """Returns the ratio of two sums over the examples, such as errors and characters, as a metric in parts."""
    values = np.stack([numerators, denominators], axis=-1).astype("float64")
    return ScoreParts(metric, values, lambda sums: sums[..., 0] / np.maximum(sums[..., 1], 1), higher_is_better)


def bleu_of(bleu: Any, texts: Sequence[str], streams: Sequence[Sequence[str | None]]) -> ScoreParts:
    """Returns the BLEU of texts in parts.

    Args:
        bleu: a `sacrebleu.metrics.BLEU`.
        texts: the texts.
        streams: the references, as `corpus_score` takes them.
    """
    # The statistics of each sentence, which sacrebleu's own paired tests sum in the same way.
    counts = np.asarray(bleu._extract_corpus_statistics(list(texts), list(streams)), "float64")

    def total(sums: Any) -> Any:
        rows = np.reshape(sums, [-1, counts.shape[1]]).astype("int64").tolist()
        scores = [bleu._compute_score_from_stats(row).score for row in rows]
        return np.reshape(np.asarray(scores, "float64"), np.shape(sums)[:-1])

    return ScoreParts("bleu", counts, total)
