"""How much each option of a search matters."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import NoPlotError
from keras_rnn_zoo.plotting.kinds._searches import about_search, fault_of_search, monitor_of
from keras_rnn_zoo.plotting.labels import shortened
from keras_rnn_zoo.plotting.style import BLUE, new_axes, new_figure
from keras_rnn_zoo.plotting.subject import Subject


@registry.plot(order=19, fault=fault_of_search)
def tuning_importance(subject: Subject) -> Any:
    """How much of the differences between the trials of a search each option explains (fANOVA)."""
    found = subject.search.importance
    if not found:
        raise NoPlotError("fewer than four trials of its search were completed, or all with the same result")
    figure = new_figure("Which options matter", about_search(subject), height=1.3 + 0.26 * max(len(found), 4))
    axes = new_axes(figure, x=f"share of the differences in {monitor_of(subject)}", grid="x")
    names, shares = list(found), list(found.values())
    bars = axes.barh(range(len(names)), shares, color=BLUE, height=0.7)
    axes.bar_label(bars, [f"{share:.2f}" for share in shares], padding=3, fontsize=8)
    axes.set_yticks(range(len(names)), [shortened(name) for name in names])
    axes.set(xlim=(0, max(shares) * 1.12), ylim=(len(names) - 0.5, -0.5))
    return figure
