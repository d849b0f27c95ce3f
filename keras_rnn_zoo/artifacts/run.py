"""The folder of a run: how it is found and checked. Imports no framework.

A run is `saved_models/<run>/`; a training in progress keeps its checkpoint in `saved_models/.<run>.unfinished/`.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.digests import UNFINISHED, check_files, damaged, digests, read_config, read_values
from keras_rnn_zoo.artifacts.history import History, read_history
from keras_rnn_zoo.artifacts.needed_entries import check_entries
from keras_rnn_zoo.artifacts.plot_files import shared_plots
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.artifacts.schema import NAME, dict_of, integer, number, text
from keras_rnn_zoo.artifacts.snapshot import Snapshot, read_consistently
from keras_rnn_zoo.atomic_files import file_digest, is_being_written, user_path
from keras_rnn_zoo.display.printing import shell_quote, short_repr
from keras_rnn_zoo.errors import RunError, UnknownNameError, name_hint
from keras_rnn_zoo.networks.index import is_network, network_folder, networks, networks_in, warn_of_hidden_network

MODELS_DIR_VARIABLE = "ZOO_MODELS_DIR"
ARCHIVE = ".zip"
"""The end of the name of a run's archive."""
STATE = "training.state"
"""The checkpoint from which an unfinished training resumes."""
MODEL_FILES = ("model.keras", "task")
"""The file and the folder that predictions depend on."""
REPORT_FILES = ("metrics.json", "history.csv", "README.md", "logs", "example")
"""The other files that training writes. Predictions do not depend on them."""
UNSHARED_FILES = ("logs", "example")
"""Those of the report files that a run may lack, because it was shared: see `artifacts.shared_files`."""
ORIGIN = "origin.json"
"""Where a run was downloaded from, if it was."""
_MEASURED = {"split": text(), "examples": integer(), "metrics": dict_of(number, NAME)}
"""What is read of `metrics.json`."""
_RETRY_DELAYS = (0.0, *[0.01] * 100)
"""Seconds to wait before each attempt to find a run. Where the system cannot exchange two folders atomically, the name
of a run does not exist for a moment while a new run replaces it."""


@dataclass(frozen=True)
class Run:
    """The folder of a trained model and all that is needed to use it. `keras_rnn_zoo.Run` adds what uses the model.

    The folder is opened when it is first read. Later reads are from the same folder, even if a new run takes its name.
    """

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))

    def __reduce__(self) -> Any:
        return type(self), (self.path,)  # Open files cannot move to another process.

    @property
    def name(self) -> str:
        """The run's name, which is that of its folder."""
        return self.path.name

    @property
    def model_path(self) -> Path:
        """The Keras model, with its best weights."""
        return self.path / "model.keras"

    @property
    def task_path(self) -> Path:
        """The folder of the fitted task: vocabularies, labels and statistics."""
        return self.path / "task"

    @cached_property
    def snapshot(self) -> Snapshot:
        """The run's folder, opened. Raises `RunError` if there is none."""
        try:
            return Snapshot(self.path)
        except (FileNotFoundError, NotADirectoryError):
            raise damaged(self.path, "it is missing or not a directory") from None

    @cached_property
    def config(self) -> RunConfig:
        """`config.json`: everything needed to repeat the run. Raises `RunError` if it is damaged."""
        return read_config(self.snapshot / "config.json", RunConfig, damaged)

    @property
    def measured(self) -> dict[str, Any]:
        """`metrics.json`: the metrics at the end of training, their split and its size, and the task's report.

        Raises `RunError` if it is damaged.
        """
        return read_values(self.snapshot / "metrics.json", _MEASURED)

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics at the end of training by name, as in `run.metrics["accuracy"]`.

        They are those of the test split, or, if training was interrupted, of the validation split; `measured["split"]`
        says which. Raises `RunError` if `metrics.json` is damaged.
        """
        return dict(self.measured["metrics"])

    @property
    def history(self) -> History:
        """`history.csv`: loss and metrics of each epoch. Raises `RunError` if it is damaged."""
        return read_history(self.snapshot / "history.csv", damaged)

    def digests(self) -> dict[str, str]:
        """Returns the SHA-256 of each file that training wrote except `config.json`, and of plots, by its path."""
        plots = shared_plots(self.path, registry.plots.entries())  # They are shared, but never checked.
        return digests(self.path, (*MODEL_FILES, *REPORT_FILES)) | {one: file_digest(self.path / one) for one in plots}

    def check(self) -> None:
        """Raises `RunError` if a file that predictions depend on is missing, a link, or not what was written.

        Damage to other files is only a warning.
        """
        present = self.snapshot.names()
        reports = tuple(name for name in REPORT_FILES if name in present or name not in UNSHARED_FILES)
        check_files(self.snapshot, self.config.files, (MODEL_FILES, reports), "run", damaged)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Checks the run like `check`, and keeps the files that predictions depend on open until the block ends.

        Raises:
            RunError: a file is damaged, or was written to before the block ended.
        """
        with self.snapshot.holding(MODEL_FILES):
            self.check()
            yield
            if name := self.snapshot.changed():
                raise damaged(self.path / name, "it was written to while it was being read")

    def versions(self) -> list[int]:
        """Returns the numbers of the exported versions, sorted."""
        return version_numbers(self.path)


def version_numbers(folder: Path) -> list[int]:
    """Returns the numeric names of the subfolders of `folder`, sorted; an empty list if there is no such folder."""
    return sorted(int(p.name) for p in folder.glob("[1-9]*") if p.is_dir() and p.name.isdecimal())


def models_dir(path: str | os.PathLike[str] | None = None) -> Path:
    """Returns the folder that holds the runs: `path`, else `$ZOO_MODELS_DIR`, else `./saved_models`."""
    return user_path(path or os.environ.get(MODELS_DIR_VARIABLE) or "saved_models")


def list_runs(folder: Path) -> list[str]:
    """Returns the names of the runs in a models folder, sorted. In a checkout, it may also contain the networks."""
    names = {p.parent.name for p in folder.glob("*/config.json") if not p.parent.name.startswith(".")}
    return sorted(names - networks_in(folder))


def open_run(run: "Run | str | os.PathLike[str] | None" = None, models: str | os.PathLike[str] | None = None) -> Run:
    """Finds a run by its name, or that of its architecture, by the path of its folder or archive, or a trained network.

    A name is that of a run in the models folder, or else of a network, which is fetched if need be. A run with the name
    of a network comes first, with a warning: a run of an earlier version may have it.

    Args:
        run: the run, or what `keras_rnn_zoo.load` returned for one; `None` for the only run, or the only one named
            after an architecture. Earlier runs that were kept (`<run>.1`) and networks do not count.
        models: the models folder; see `models_dir`.

    Raises:
        RunError: there is no such run, its `config.json` is damaged, or an entry that it needs is not registered; or
            the network cannot be fetched; or it is an ensemble.
    """
    given: Any = run
    if hasattr(given, "runs"):  # A `LoadedEnsemble`, whose attribute `run` is only the first one.
        raise RunError(f"{given.title} is not a single run, which is needed here. Name one of them.")
    run = getattr(given, "run", given)  # Of a `LoadedRun`.
    if isinstance(run, Run):
        return run
    folder = models_dir(models)
    names = list_runs(folder)
    if run is None:
        run = _only_run(folder, names)
    if os.fspath(run).startswith("hf://"):
        raise RunError(f"{run} is a repository, not a run. Download it first: zoo pull {shell_quote(run)}.")
    is_path = os.sep in os.fspath(run)
    path = user_path(run) if is_path else folder / _folder_name(os.fspath(run), names)
    if path.name.endswith(ARCHIVE) and not path.is_dir():
        from keras_rnn_zoo.artifacts.archive import unpack

        path, is_path = unpack(user_path(run)), True
    opened = _opened(path)
    if not is_path and path.name in networks():
        if opened is None:
            opened = _opened(network_folder(path.name))
        elif not is_network(path):
            warn_of_hidden_network(path)
    if opened is None:
        hint = name_hint(path.name, [*names, *([] if is_path else networks())])
        hint = hint if names else f"There is none yet: train one with `zoo train NAME`. {hint}"
        if "," in path.name:
            hint = "Only `zoo predict` and `zoo evaluate` take several runs; name one of them."
        if is_resumable(path):
            where = f" --models-dir {shell_quote(path.parent)}" if path.parent != models_dir() else ""
            hint = (
                f"Its training is unfinished. Resume it: zoo train NAME --run {shell_quote(path.name)}{where} --resume"
            )
        raise RunError(f"There is no run {short_repr(path.name)} in {path.parent}. {hint}")
    check_entries(opened.config, opened.path)
    return opened


def output_folder(run: Run, models: str | os.PathLike[str] | None = None) -> Path:
    """Returns the folder that exports of a run are written to.

    It is the run's own, or, for a trained network, the folder of its name in the models folder: nothing is written to
    an installed package.
    """
    return models_dir(models) / run.name if is_network(run.path) else run.path


def reopen_run(run: Run) -> Run:
    """Returns the run that is now at a run's path; raises `RunError` if there is none or it is damaged."""
    opened = _opened(run.path)
    if opened is None:
        raise RunError(f"The run {run.name!r} in {run.path.parent} was removed in the meantime. Train it again.")
    return opened


def _opened(path: Path) -> Run | None:
    """Returns the run in a folder, with the files that predictions depend on held open; `None` if there is no run.

    Damage to `config.json` is reported here, before a framework is loaded.
    """
    for delay in _RETRY_DELAYS:
        time.sleep(delay)
        if os.path.lexists(path / "config.json"):
            try:
                return read_consistently(path, lambda snapshot: _held_run(path, snapshot))
            except (FileNotFoundError, NotADirectoryError):
                continue  # It existed a moment ago: another run is replacing it.
        if not is_being_written(path):
            break
    return None


def _held_run(path: Path, snapshot: Snapshot) -> Run:
    run = Run(path)
    run.__dict__["snapshot"] = snapshot  # `cached_property` keeps its value here.
    needed = {name for name in run.config.files if name.partition("/")[0] in MODEL_FILES}
    snapshot.hold(MODEL_FILES)
    missing = sorted(needed - snapshot.held)
    if missing and not snapshot.is_current():  # Otherwise `check` reports what is wrong.
        raise damaged(path / missing[0], "it is missing")
    return run


def _only_run(folder: Path, names: list[str]) -> str:
    current = [name for name in names if re.sub(r"\.\d+$", "", name) not in set(names) - {name}]
    if len(current) > 1:  # A run is named after its architecture unless the user named it.
        current = [name for name in current if name in registry.list_architectures()] or current
    if len(current) != 1:
        runs = f"has {len(current)} runs ({', '.join(current)})" if current else "has no run yet"
        raise RunError(f"Which run? The folder {folder} {runs}. Name one, or train one with `zoo train NAME`.")
    return current[0]


def _folder_name(name: str, names: list[str]) -> str:
    if name in ("", os.curdir, os.pardir):
        raise RunError(f"A name of a run is expected; received {name!r}. {name_hint('', names or networks())}")
    if name in names:
        return name
    try:
        return registry.architectures.get(name).name
    except UnknownNameError:
        return name


def check_run_name(name: str) -> str:
    """Returns `name` if it can name a run's folder, or raises `RunError`."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) or name.isdigit():
        raise RunError(
            f"{short_repr(name)} is not a valid name of a run. A name has up to 100 letters, digits, dots, hyphens and "
            "underscores, begins with a letter or digit, and is not just a number."
        )
    return name


def unfinished_path(path: Path) -> Path:
    """Returns the folder that holds the checkpoint of a training until the run `path` is complete."""
    return path.with_name(f".{path.name}{UNFINISHED}")


def is_resumable(path: Path) -> bool:
    """Whether a training of the run `path` is unfinished and has a checkpoint to resume from."""
    return (unfinished_path(path) / STATE).is_file()
