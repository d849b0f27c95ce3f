"""One trial of a search: a training that is measured on the validation split, and stopped early if it is no good."""

import gc
import math
import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import is_resumable, unfinished_path
from keras_rnn_zoo.errors import OptionError, TrainingError
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.training.plan import Request
from keras_rnn_zoo.training.settings import SETTINGS
from keras_rnn_zoo.training.train import train_request
from keras_rnn_zoo.tuning.packages import import_optuna
from keras_rnn_zoo.tuning.study import StudyFolder, finished_run


class _Report(keras.callbacks.Callback):
    """Reports the best value so far after each epoch, and stops a training that does worse than most."""

    def __init__(self, trial: Any, monitor: str, mode: str) -> None:
        super().__init__()
        self._trial, self._monitor = trial, monitor
        self._better, self._best = (min, math.inf) if mode == "min" else (max, -math.inf)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        value = (logs or {}).get(self._monitor)
        if value is None or not math.isfinite(value):
            return
        self._best = self._better(self._best, float(value))
        self._trial.report(self._best, epoch)
        if self._trial.should_prune():
            raise import_optuna().TrialPruned


def run_trial(study: StudyFolder, trial: Any, request: Request, task: registry.Task) -> None:
    """Trains with the values of a trial, and records how well it does.

    Args:
        study: the study.
        trial: the `optuna.Trial`.
        request: the arguments that all trials share.
        task: the task.

    Raises:
        ZooError: as `train`, but a loss that is not finite, or options that do not go together, only fail the trial.
    """
    values = {name: searched.suggest(trial) for name, searched in study.space.items()}
    settings = {**request.settings, **{name: value for name, value in values.items() if name in SETTINGS}}
    options = {**request.options, **{name: value for name, value in values.items() if name not in SETTINGS}}
    path = study.run_of(trial)
    report = _Report(trial, task.monitor, task.monitor_mode)
    own = replace(
        request,
        settings=settings,
        options=options,
        run=path.name,
        models_dir=str(path.parent),
        objects=replace(request.objects, callbacks=(*request.objects.callbacks, report)),
        reports=study.origin_of(trial) == 0,  # All trials have the same data.
    )
    try:
        run = finished_run(path) if not is_resumable(path) else None
        run = run or train_request(own, resume=is_resumable(path), split="validation")
    except import_optuna().TrialPruned:
        shutil.rmtree(unfinished_path(path), ignore_errors=True)
        study.finish(trial, None)
    except (TrainingError, OptionError) as error:
        if study.origin_of(trial) == 0:  # The defaults fail, and so would all others.
            raise
        study.finish(trial, None, str(error))
    else:
        study.finish(trial, value_of(run, task))
    gc.collect()  # Models are in reference cycles.


def value_of(run: Run, task: registry.Task) -> float:
    """Returns the best value of what a task monitors, in the history of a run."""
    values = [value for value in run.history[task.monitor] if math.isfinite(value)]
    return min(values) if task.monitor_mode == "min" else max(values)
