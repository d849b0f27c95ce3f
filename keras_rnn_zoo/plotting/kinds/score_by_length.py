"""The score of inputs of each length."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import NoPlotError
from keras_rnn_zoo.plotting.kinds._groups import draw_groups, edges_of, members, range_labels, score_groups
from keras_rnn_zoo.plotting.subject import Subject


def _fault(subject: Subject) -> str:
    return "" if subject.task.reader.variable else "its inputs all have one length"


@registry.plot(order=6, fault=_fault)
def score_by_length(subject: Subject) -> Any:
    """The main metric of examples in groups of similar length."""
    lengths, metric = subject.answers.lengths, subject.main_metric
    edges = edges_of(lengths)
    groups = score_groups(subject, range_labels(edges, lengths), members(lengths, edges), metric)
    if len(groups) < 2:
        raise NoPlotError(f"the inputs of the {subject.split} split all have about the same length")
    unit = subject.task.reader.step_unit
    title = "How the score depends on the length of the input"
    name = metric.replace("_", " ")
    return draw_groups(subject, groups, title=title, x=f"length of the input ({unit}s)", y=name, noun="examples")
