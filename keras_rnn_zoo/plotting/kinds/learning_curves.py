"""Learning curves: the loss and the main metric of each epoch."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.plotting.style import BLUE, FAINT, RED, epoch_axes, new_figure
from keras_rnn_zoo.plotting.subject import Subject


@registry.plot(order=1)
def learning_curves(subject: Subject) -> Any:
    """The loss of each epoch on the training and validation splits, and the metric that chose the best one."""
    history, config = subject.run.history, subject.run.config
    epochs = history["epoch"]
    shown = [name for name in history.columns if f"val_{name}" in history.columns]
    others = [name for name in shown if name != "loss"]
    shown = ["loss", *others[:1]]
    figure = new_figure(
        "How the network learned", f"{subject.name}, {len(epochs)} of up to {config.training.epochs} epochs"
    )
    for axes, name in zip(epoch_axes(figure, shown), shown, strict=True):
        for column, label, color in ((name, "training", BLUE), (f"val_{name}", "validation", RED)):
            if column in history.columns:
                axes.plot(epochs, history[column], color=color, label=label, marker="o", markersize=3)
        if config.best_epoch is not None and len(epochs) > 1:
            axes.axvline(config.best_epoch, color=FAINT, linewidth=1, linestyle=":", label="best epoch")
    axes.legend()
    return figure
