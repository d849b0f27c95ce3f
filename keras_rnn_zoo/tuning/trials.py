"""What a study on disk holds: a row for each trial, and how much each option matters. Imports no framework."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.tuning.packages import import_optuna

STUDY = ".study"
"""What the name of a study's folder ends with."""
DATABASE = "study.db"
"""The study of Optuna in it, in SQLite."""
NAME = "options"
"""The name of the study in the database."""
FAULT = "fault"
"""Name of what is kept with trials that failed: the error."""
_FEWEST_FOR_IMPORTANCE = 4
"""Minimum number of completed trials whose differences tell how much an option matters."""
_READING = ("optuna.storages", "optuna.distributions")
"""The modules of Optuna that read a database."""
_WAIT = 60
"""Seconds to wait for another process that writes the study."""


class Search(NamedTuple):
    """A search of options, as read from its folder.

    Attributes:
        rows: a row for each trial; see `trial_rows`.
        importance: the importance of each option, from 0 to 1; empty if too little is known.
        direction: `"minimize"` or `"maximize"`.
        logarithmic: the options whose values were drawn from the logarithm of their range.
    """

    rows: list[dict[str, Any]]
    importance: dict[str, float]
    direction: str
    logarithmic: frozenset[str]


def study_of(run: Path) -> Path:
    """Returns the folder of the search that a run is the result of, whether or not there is one."""
    return run.with_name(run.name + STUDY)


def without_study(run: Any) -> Any:
    """Returns the run of a search, if its name or folder is given, and anything else as it is."""
    if not isinstance(run, str | os.PathLike):
        return run
    name = os.fspath(run).rstrip("/")
    return name.removesuffix(STUDY) if name.endswith(STUDY) and Path(name).name != STUDY else run


def read_search(folder: Path) -> Search:
    """Reads the search in a folder.

    Raises:
        RunError: it cannot be read.
        ZooError: Optuna is not installed.
    """
    with storage_faults(folder):
        study = import_optuna().load_study(study_name=NAME, storage=open_storage(folder / DATABASE))
        ranges = [each for trial in study.get_trials(deepcopy=False) for each in trial.distributions.items()]
        logarithmic = frozenset(name for name, values in ranges if getattr(values, "log", False))
        return Search(trial_rows(study), importance_of(study), study.direction.name.lower(), logarithmic)


def trial_rows(study: Any) -> list[dict[str, Any]]:
    """Returns a row for each trial: `trial`, `state`, `value`, `epochs`, `seconds`, the `options` and `fault`."""
    return [
        {
            "trial": trial.number,
            "state": {"FAIL": "failed", "PRUNED": "stopped early"}.get(trial.state.name, trial.state.name.lower()),
            "value": trial.value if trial.state.name == "COMPLETE" else None,
            "epochs": len(trial.intermediate_values),
            "seconds": trial.duration.total_seconds() if trial.duration else None,
            "options": dict(trial.params),
            "fault": trial.user_attrs.get(FAULT, ""),
        }
        for trial in study.get_trials(deepcopy=False)
        if not is_abandoned(trial)
    ]


def is_abandoned(trial: Any) -> bool:
    """Whether the process of a trial was killed, so that it is done again as another one."""
    return trial.state.name == "FAIL" and FAULT not in trial.user_attrs


def importance_of(study: Any) -> dict[str, float]:
    """Returns the importance of each option, by fANOVA; empty if too little is known."""
    done = [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]
    if len(done) < _FEWEST_FOR_IMPORTANCE or len({trial.value for trial in done}) == 1:
        return {}
    evaluator = import_optuna().importance.FanovaImportanceEvaluator(seed=0)
    found = import_optuna().importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(value) for name, value in found.items()}


def open_storage(file: Path) -> Any:
    """Opens the database of a study, and creates it if there is none; raises as Optuna and SQLAlchemy do."""
    import sqlalchemy

    url = sqlalchemy.URL.create("sqlite", database=str(file)).render_as_string()
    # No connection is kept: it would go on to use the file that another process has deleted to begin again.
    engine = {"connect_args": {"timeout": _WAIT}, "poolclass": sqlalchemy.NullPool}
    try:
        return import_optuna().storages.RDBStorage(url, engine_kwargs=engine)
    except RuntimeError as error:  # It was written by another version of Optuna.
        raise _storage_error(file, error) from None


@contextmanager
def storage_faults(folder: Path) -> Iterator[None]:
    """Raises `RunError` where the study in a folder cannot be read or written: by Optuna, or because of the disk."""
    optuna = import_optuna()
    import sqlalchemy

    try:
        yield
    except (optuna.exceptions.StorageInternalError, sqlalchemy.exc.SQLAlchemyError) as error:
        raise _storage_error(folder / DATABASE, error) from None
    except (KeyError, ValueError) as error:  # What Optuna raises for tables with content that it did not write.
        if not any(module.startswith(_READING) for module in _modules_of(error)):
            raise
        fault = "it holds no search of options" if isinstance(error, KeyError) else f"its content is damaged ({error})"
        raise _storage_error(folder / DATABASE, RuntimeError(fault)) from None


def _modules_of(error: BaseException) -> Iterator[str]:
    """Yields the names of the modules through which an error went."""
    trace = error.__traceback__
    while trace:
        yield trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next


def _storage_error(file: Path, error: Exception) -> RunError:
    cause = error.__cause__ or error
    fault = str(getattr(cause, "orig", None) or cause).splitlines()[0].rstrip(".")
    if "locked" in fault:
        return RunError(f"{file} is in use by another program: {fault}. Close that program, and repeat the command.")
    if "full" in fault or "readonly" in fault or "unable to open" in fault:
        return RunError(f"{file} cannot be written: {fault}. Free space or change permissions, and repeat the command.")
    return RunError(
        f"{file} cannot be used as a study of Optuna: {fault}. Fix that and repeat the command; or begin again with "
        "--overwrite, or choose another name with --run NAME."
    )
