"""The history of a search of options: the result of each trial, and the best one so far."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.plotting.kinds._searches import about_search, completed, fault_of_search, monitor_of
from keras_rnn_zoo.plotting.style import BLUE, FAINT, RED, new_axes, new_figure
from keras_rnn_zoo.plotting.subject import Subject


@registry.plot(order=17, fault=fault_of_search)
def tuning_history(subject: Subject) -> Any:
    """The result of each trial of a search of options, and the best one so far."""
    done = completed(subject)
    trials, values = [row["trial"] for row in done], [row["value"] for row in done]
    best = np.maximum if subject.search.direction == "maximize" else np.minimum
    figure = new_figure("How the search went", about_search(subject))
    axes = new_axes(figure, x="trial", y=monitor_of(subject))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.plot(trials, values, color=BLUE, linestyle="", marker="o", markersize=4, label="trial")
    axes.step(trials, best.accumulate(values), where="post", color=RED, label="best so far")
    if stopped := [row["trial"] for row in subject.search.rows if row["state"] in ("stopped early", "failed")]:
        bottom = [0.015] * len(stopped)
        axes.plot(
            stopped, bottom, transform=axes.get_xaxis_transform(), color=FAINT, linestyle="", marker="x", markersize=4,
            label="stopped early, or failed",
        )  # fmt: skip
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
