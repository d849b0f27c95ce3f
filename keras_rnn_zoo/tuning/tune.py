"""Searches the options of a training."""

import logging
import os
import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.publish_run import atomic_run, write_config
from keras_rnn_zoo.display.printing import one_line, quantity, short_repr
from keras_rnn_zoo.display.text_tables import Table
from keras_rnn_zoo.distributed.environment import ADDRESS
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.networks.index import protect_network
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.training.keras_objects import separate_objects
from keras_rnn_zoo.training.plan import Request, new_config, requested_dataset
from keras_rnn_zoo.training.settings import SETTINGS
from keras_rnn_zoo.tuning.space import search_space
from keras_rnn_zoo.tuning.study import StudyFolder
from keras_rnn_zoo.tuning.trials import storage_faults, study_of
from keras_rnn_zoo.user_data.python_data import bind_data

logger = logging.getLogger(__name__)

_WAIT = 1.0
"""Seconds between two looks at what other processes do."""


@dataclass(frozen=True, repr=False)
class Study:
    """A search of options, and what came of it.

    Attributes:
        run: the run of the best trial, measured on the test split.
        monitor: what the trials are compared by, on the validation split, such as `"val_accuracy"`.
        best: the row of the best trial.
        trials: a row for each trial: `trial`, `state`, `value` of `monitor`, `epochs`, `seconds`, `options`, `fault`.
        importance: how much of the differences each option explains, from 0 to 1 (fANOVA, Hutter et al. 2014); empty
            if there are fewer than four completed trials, or no differences.
        path: the folder of the search. `study.db` in it is a study of Optuna.
    """

    run: Run
    monitor: str
    best: dict[str, Any]
    trials: Table
    importance: dict[str, float]
    path: Path

    def __repr__(self) -> str:
        best = f"{self.monitor} {self.best['value']:.4f} in trial {self.best['trial']}"
        return one_line(
            f"<Study of {self.run.name!r}: {quantity(len(self.trials), 'trial')}, best {best}. {self.path}>"
        )

    def as_json(self) -> dict[str, Any]:
        """Returns the search as plain values, for `zoo tune --json`."""
        measured = {"run": self.run.name, "path": str(self.run.path), "metrics": dict(self.run.metrics)}
        return {**measured, "monitor": self.monitor, "best": self.best, "trials": list(self.trials),
                "importance": self.importance, "study": str(self.path)}  # fmt: skip


def tune(
    name: str,
    *,
    dataset: Any = None,
    trials: int = 30,
    timeout: float | None = None,
    search: Mapping[str, Any] | Collection[str] | None = None,
    data_dir: str | None = None,
    run: str | None = None,
    overwrite: bool = False,
    models_dir: str | None = None,
    seed: int = 0,
    **options: Any,
) -> Study:
    """Searches the options of an architecture, and keeps the best run.

    The first trial has the defaults, or the nearest values in the ranges of `search`. Further ones are chosen by a
    tree-structured Parzen estimator (Bergstra et al. 2011), and are stopped early if they do worse than most. Trials
    are compared on the validation split; the test split is used once, by the best run in the end. A search that was
    interrupted or killed resumes if it is called again with the same arguments. Called in several processes at a time,
    they share the trials.

    Args:
        name: the architecture's name or an alias.
        dataset: as in `train`.
        trials: number of trials of the whole search, with those of other processes and earlier calls.
        timeout: time after which no further trial begins, in seconds; `None` for no limit.
        search: the options to search: names; or a mapping from names to `(low, high)`, a list of values, or `None` for
            the range that the option has. By default, all options that have one and that are not set.
        data_dir: folder of prepared TFDS datasets; by default, that of TFDS.
        run: name of the run; by default, that of the architecture with `_tuned`.
        overwrite: whether to begin again where there is a search of the same name.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.
        seed: seed of the search and of each training.
        **options: settings of `train` and options, as listed by `zoo show NAME`, for all trials.

    Returns:
        The `Study`, with the best run and a table of the trials.

    Raises:
        ZooError: Optuna is not installed, or as `train`.
        OptionError: an option is unknown, its value or range is invalid, or the search began with other arguments.

    Example:
        >>> study = zoo.tune("many_to_one", dataset="toy_reviews", trials=10)    # doctest: +SKIP
        >>> study.best["options"], study.run.metrics["accuracy"]                 # doctest: +SKIP
    """
    if os.environ.get(ADDRESS):
        raise OptionError(
            f"{ADDRESS}={os.environ[ADDRESS]} makes this process one of a training by several, but each trial of a "
            f"search is trained by one process. Unset {ADDRESS}; processes that search with the same name share the "
            "trials."
        )
    trials = _positive("trials", trials)
    timeout = _seconds(timeout)
    settings = {one: options.pop(one) for one in [*SETTINGS, "callbacks"] if one in options}
    plain, objects = separate_objects({**settings, "seed": seed}, SETTINGS)
    dataset, options = bind_data(dataset, options)
    architecture = registry.architectures.get(name)
    request = Request(name, dataset, data_dir, plain, options, run or f"{architecture.name}_tuned", models_dir, objects)
    data = requested_dataset(architecture, request)
    fixed = {one for one, value in {**plain, **options}.items() if value is not None}
    space = search_space(architecture, data, fixed, search)
    config = new_config(architecture, data, request, request.path.name)
    values = config.values
    space = {one: searched.including(values[one]) for one, searched in space.items()}
    protect_network(request.path)
    folder = study_of(request.path)
    task = registry.tasks.get(data.task)
    repeated = {
        "architecture": architecture.name,
        "dataset": config.dataset.name,
        "options": {one: value for one, value in {**plain, **options}.items() if value is not None},
        "search": {one: searched.as_json() for one, searched in space.items()},
    }
    direction = "minimize" if task.monitor_mode == "min" else "maximize"
    first = {one: searched.nearest(values[one]) for one, searched in space.items()}
    with storage_faults(folder):
        study = StudyFolder(folder, direction, repeated, space, first, seed, overwrite=overwrite)
        _work(study, request, task, trials, timeout)
        best = _publish(study, request)
        return _result(study, best, task.monitor, request)


def _positive(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise OptionError(f"Option {name!r} expects an integer of at least 1; received {short_repr(value)}.")
    return value


def _seconds(timeout: Any) -> float | None:
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
        raise OptionError(f"Option 'timeout' expects a number of seconds above 0; received {short_repr(timeout)}.")
    return float(timeout)


def _work(study: StudyFolder, request: Request, task: registry.Task, trials: int, timeout: float | None) -> None:
    """Does trials until there are enough, and waits for those of other processes."""
    from keras_rnn_zoo.tuning.trial import run_trial

    end = None if timeout is None else time.monotonic() + timeout
    while end is None or time.monotonic() < end:
        with study.next_trial(trials) as trial:
            if trial is not None:
                run_trial(study, trial, request, task)
                _log(study.rows(), trial.number, trials, task.monitor)
                continue
        if not study.in_progress() and not study.unfinished(trials):
            return
        time.sleep(_WAIT)


def _log(rows: list[dict[str, Any]], number: int, trials: int, monitor: str) -> None:
    place, row = next((place, row) for place, row in enumerate(rows, 1) if row["trial"] == number)
    values = ", ".join(f"{name}={_shown(value)}" for name, value in row["options"].items())
    result = row["state"] if row["value"] is None else f"{monitor} {row['value']:.4f}"
    fault = f" ({row['fault']})" if row["fault"] else ""
    # The number is that of the table; the search counts from 0, and repeats an interrupted trial under a new number.
    logger.info("Trial %d (%d of %d): %s%s. %s", number, place, trials, result, fault, values)


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def _publish(study: StudyFolder, request: Request) -> Any:
    """Writes the run of the best trial under its own name, measured on the test split; returns the trial."""
    from keras_rnn_zoo.inference.evaluate import evaluate
    from keras_rnn_zoo.inference.load import load_run
    from keras_rnn_zoo.training.write_measured import write_measured

    with study.publishing() as due:
        best = study.best()
        if due or not request.path.exists():
            found = Run(study.run_of(best))
            training = replace(found.config.training, objects=request.objects.descriptions() or None)
            config = replace(found.config, run=request.path.name, training=training, finished=True)
            with atomic_run(request.path) as folder:
                shutil.copytree(found.path, folder, dirs_exist_ok=True)
                copy = Run(folder)
                write_config(copy, config)
                data = None if request.dataset is None or isinstance(request.dataset, str) else request.dataset
                scorecard = evaluate(load_run(copy), dataset=data, data_dir=request.data_dir)
                write_measured(copy, config, scorecard.measured)
    return best


def _result(study: StudyFolder, best: Any, monitor: str, request: Request) -> Study:
    rows = study.rows()
    (row,) = (one for one in rows if one["trial"] == best.number)
    return Study(Run(request.path), monitor, row, trials_table(rows, monitor), study.importance(), study.path)


def trials_table(rows: list[dict[str, Any]], monitor: str) -> Table:
    """Returns the trials as a table, with a column for each option."""
    cells: dict[str, Any] = {
        "trial": "trial",
        monitor: lambda row: "-" if row["value"] is None else f"{row['value']:.4f}",
        "state": "state",
        "epochs": "epochs",
    }
    for name in dict.fromkeys(name for row in rows for name in row["options"]):
        cells[name] = lambda row, name=name: _shown(row["options"].get(name, "-"))
    return Table(rows, f"Trials, by {monitor}", cells)
