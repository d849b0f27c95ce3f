"""What plots of searches of options share."""

from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.packages import install_command, is_installed, lack_of
from keras_rnn_zoo.plotting.subject import Subject
from keras_rnn_zoo.tuning.trials import DATABASE, study_of


def fault_of_search(subject: Subject) -> str:
    """Returns why a run has no plots of a search, or ""."""
    folder = study_of(subject.run.path)
    if not (folder / DATABASE).is_file():
        return f"it was not found by zoo tune: there is no folder {folder.name} beside it"
    return "" if is_installed("optuna") else lack_of(["optuna"], "its search", install_command("tune"))


def completed(subject: Subject) -> list[dict[str, Any]]:
    """Returns the rows of the trials that have a value."""
    return [row for row in subject.search.rows if row["value"] is not None]


def monitor_of(subject: Subject) -> str:
    """Returns what the trials are compared by, in words, such as "validation accuracy"."""
    monitor = str(registry.tasks.get(subject.run.config.task.name).monitor)
    return monitor.replace("val_", "validation_").replace("_", " ")


def about_search(subject: Subject) -> str:
    """Returns the line below the title of a plot of a search."""
    rows = subject.search.rows
    return f"{subject.name}, {quantity(len(rows), 'trial')}, {len(completed(subject))} of them completed"
