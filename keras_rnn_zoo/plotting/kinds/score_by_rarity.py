"""The score of rare words."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import NoPlotError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.kinds._groups import Group, draw_groups, edges_of, members, range_labels, score_groups
from keras_rnn_zoo.plotting.subject import Subject

UNKNOWN = "unknown"


def _fault(subject: Subject) -> str:
    is_of_words = subject.task.reader.word_ranks(np.ones((1, 1), "int32")) is not None
    return "" if is_of_words else "its inputs are not words"


@registry.plot(order=7, fault=_fault)
def score_by_rarity(subject: Subject) -> Any:
    """The score of words by how rare they are, or of examples by their rarest word."""
    ranks, task = subject.answers.ranks, subject.task
    known = ranks[np.isfinite(ranks) & (ranks > 0)]
    if not len(known):
        raise NoPlotError("the vocabulary has none of the words in its inputs")
    edges = edges_of(known)
    groups = [*members(np.where(ranks > 0, ranks, np.nan), edges), np.flatnonzero(np.isinf(ranks))]
    labels = [*range_labels(edges, known), UNKNOWN]
    of_words = task.judges_words and subject.verdicts is not None
    if of_words:
        right, metric = subject.verdicts.chosen == subject.verdicts.truth, "accuracy"
        pairs = zip(labels, groups, strict=True)
        found = [Group(label, float(right[places].mean()), len(places)) for label, places in pairs if len(places)]
    else:
        metric = subject.main_metric
        found = score_groups(subject, labels, groups, metric)
    if len(found) < 2:
        raise NoPlotError("all its words are about as frequent")
    what = "word" if of_words else "rarest word of the input"
    return draw_groups(
        subject,
        found,
        title="How the score depends on the rarity of words",
        x=f"rank of the {what} in the vocabulary",
        y=metric.replace("_", " "),
        noun="words" if of_words else "examples",
    )
