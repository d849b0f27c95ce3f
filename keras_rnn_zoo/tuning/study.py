"""The folder of a search of options: its Optuna study, and the runs of its trials.

Several processes may work on one study. What they write together is written under the study's lock. A trial is locked
as long as its process lives, so a trial that is running and not locked belongs to a process that was killed.
"""

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import OptionError, RunError
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.tuning.packages import import_optuna
from keras_rnn_zoo.tuning.space import Searched
from keras_rnn_zoo.tuning.trials import DATABASE, FAULT, NAME, importance_of, is_abandoned, open_storage, trial_rows

_ORIGIN = "origin"
"""Name of what is kept with trials: the first of several attempts."""
_REQUEST, _PUBLISHED, _MARK = "request", "published", "mark"
"""Names of what is kept with studies: the arguments, the best trial, and a random text that tells studies apart."""


class StudyFolder:
    """A search of options on disk.

    Args:
        path: the folder.
        direction: `"minimize"` or `"maximize"`.
        request: what must be the same whenever the search is resumed, as plain values.
        space: what is searched.
        first: the values of the first trial.
        seed: seed of the search.
        overwrite: whether to begin again where there is a study.

    Raises:
        OptionError: the folder has a search with another request.
        RunError: the folder cannot be read as a study; or it is to be overwritten while a process works on it.
    """

    def __init__(
        self,
        path: Path,
        direction: str,
        request: Mapping[str, Any],
        space: Mapping[str, Searched],
        first: Mapping[str, Any],
        seed: int,
        *,
        overwrite: bool = False,
    ) -> None:
        optuna = import_optuna()
        self.path, self.space = path, space
        self.runs = path / "trials"
        self.runs.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(path / ".lock")
        self._states = optuna.trial.TrialState
        with self._lock:
            if overwrite:
                self._clear()
            self.study = _open_study(path / DATABASE, direction, seed)
            known = self.study.user_attrs.get(_REQUEST)
            if known is None:
                self.study.set_user_attr(_MARK, secrets.token_hex(8))
                self.study.set_user_attr(_REQUEST, dict(request))
                self.study.enqueue_trial(dict(first))
            elif known != json.loads(json.dumps(request)):
                raise _other_request(path, known, request)
            self._mark = self.study.user_attrs.get(_MARK)

    def _clear(self) -> None:
        """Deletes the study and its runs. The lock's own file stays, for others wait for it."""
        for alive in self.runs.glob(".trial-*.alive"):
            try:
                FileLock(alive).acquire(blocking=False).lock.release()
            except Timeout:
                raise RunError(
                    f"Another process works on the search in {self.path}, so it cannot be overwritten. End that "
                    "process first, or choose another name with --run NAME."
                ) from None
        for file in self.path.glob(f"{DATABASE}*"):
            file.unlink()
        shutil.rmtree(self.runs)
        self.runs.mkdir()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Locks the study; raises `RunError` if another process has begun it again."""
        with self._lock:
            try:
                mark = self.study.user_attrs.get(_MARK)
            except KeyError:
                mark = ""
            if mark != self._mark:
                raise RunError(f"Another process has begun the search in {self.path} again. Repeat the command.")
            yield

    def origin_of(self, trial: Any) -> int:
        """Returns the number of the first trial with the same values: one that was interrupted is done again."""
        return int(trial.user_attrs.get(_ORIGIN, trial.number))

    def run_of(self, trial: Any) -> Path:
        """Returns the run of a trial, whether or not it exists; attempts at the same values share one."""
        return self.runs / f"trial-{self.origin_of(trial)}"

    @contextmanager
    def next_trial(self, trials: int) -> Iterator[Any]:
        """Yields the next trial, locked until the block ends; or `None` if there are as many as `trials`."""
        lock = None
        with self._locked():
            self._recover()
            trial = None
            if self._count(self._states.WAITING) or self._started() < trials:
                trial = self.study.ask()
                lock = self._alive(trial.number)
                lock.acquire(blocking=False)
        try:
            yield trial
        finally:
            if lock:
                lock.release()

    def finish(self, trial: Any, value: float | None, fault: str = "") -> None:
        """Records the result of a trial; `None` for one that was stopped early, or that failed with a `fault`."""
        state = self._states.COMPLETE if value is not None else self._states.FAIL if fault else self._states.PRUNED
        with self._locked():
            if fault:
                trial.set_user_attr(FAULT, fault)
            self.study.tell(trial, value, state)
            self._remove_beaten()

    def in_progress(self) -> bool:
        """Whether another process is working on a trial."""
        with self._locked():
            self._recover()
            return self._count(self._states.RUNNING) > 0

    def unfinished(self, trials: int) -> bool:
        """Whether there are trials to do."""
        with self._locked():
            return self._count(self._states.WAITING) > 0 or self._started() < trials

    def best(self) -> Any:
        """Returns the best trial; raises `RunError` if none was completed."""
        if not self._count(self._states.COMPLETE):
            faults = [trial.user_attrs[FAULT] for trial in self._trials() if FAULT in trial.user_attrs]
            raise RunError(f"No trial of {self.path} was completed. {' '.join(faults[:1])}".strip())
        return self.study.best_trial

    @contextmanager
    def publishing(self) -> Iterator[bool]:
        """Yields whether the best trial still has to be published, and records that it was if the block succeeds."""
        with self._locked():
            number = self.best().number
            due = self.study.user_attrs.get(_PUBLISHED) != number
            yield due
            if due:
                self.study.set_user_attr(_PUBLISHED, number)

    def importance(self) -> dict[str, float]:
        """Returns the importance of each option; see `importance_of`."""
        with self._locked():
            return importance_of(self.study)

    def rows(self) -> list[dict[str, Any]]:
        """Returns a row for each trial; see `trial_rows`."""
        with self._locked():
            return trial_rows(self.study)

    def _trials(self) -> list[Any]:
        return list(self.study.get_trials(deepcopy=False))

    def _count(self, state: Any) -> int:
        return sum(trial.state == state for trial in self._trials())

    def _started(self) -> int:
        """Returns the number of trials without those that were abandoned, each of which is done again."""
        return sum(not is_abandoned(trial) for trial in self._trials())

    def _alive(self, number: int) -> FileLock:
        return FileLock(self.runs / f".trial-{number}.alive")

    def _recover(self) -> None:
        """Queues the trials of processes that were killed again; they resume from their checkpoints."""
        for trial in self._trials():
            if trial.state != self._states.RUNNING:
                continue
            lock = self._alive(trial.number)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            try:
                self.study.tell(trial.number, state=self._states.FAIL)
                self.study.enqueue_trial(trial.params, user_attrs={_ORIGIN: self.origin_of(trial)})
            finally:
                lock.release()

    def _remove_beaten(self) -> None:
        """Deletes the runs of completed trials that are not the best."""
        done = [trial for trial in self._trials() if trial.state in (self._states.COMPLETE, self._states.PRUNED)]
        kept = self.run_of(self.study.best_trial) if self._count(self._states.COMPLETE) else None
        for trial in done:
            if self.run_of(trial) != kept:
                shutil.rmtree(self.run_of(trial), ignore_errors=True)


def finished_run(path: Path) -> Run | None:
    """Returns the run of a trial whose process was killed after it was written; `None` if there is none."""
    return Run(path) if (path / "config.json").is_file() else None


def _open_study(file: Path, direction: str, seed: int) -> Any:
    optuna = import_optuna()
    study = optuna.create_study(
        storage=open_storage(file), study_name=NAME, direction=direction, load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1),
    )  # fmt: skip
    # A resumed search does not draw the values of its beginning again.
    study.sampler = optuna.samplers.TPESampler(seed=(seed + len(study.trials)) % 2**32)
    return study


def _other_request(path: Path, known: Any, request: Mapping[str, Any]) -> OptionError:
    changed = [name for name, value in request.items() if not isinstance(known, Mapping) or known.get(name) != value]
    name = changed[0] if changed else "request"
    was = known.get(name) if isinstance(known, Mapping) else known
    return OptionError(
        f"The search in {path} began with {name} {short_repr(was)}; received {short_repr(request.get(name))}. "
        "Resume it with the same arguments, begin again with --overwrite, or choose another name with --run NAME."
    )
