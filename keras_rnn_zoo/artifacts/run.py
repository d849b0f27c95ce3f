"""The folder of a run: how it is found and checked. Imports no framework.

A run is `saved_models/<run>/`; a training under way keeps its state beside it, in `saved_models/.<run>.unfinished/`.
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
from keras_rnn_zoo.artifacts.digests import check_files, damaged, digests, read_config, read_json
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.artifacts.snapshot import Snapshot, read_consistently
from keras_rnn_zoo.atomic_files import is_being_written, user_path
from keras_rnn_zoo.errors import RunError, UnknownNameError, name_hint
from keras_rnn_zoo.printing import shell_quote, short_repr

MODELS_DIR_VARIABLE = "ZOO_MODELS_DIR"
STATE = "training.state"
"""The file that an unfinished training goes on from."""
MODEL_FILES = ("model.keras", "task")
"""The file and the folder that answers depend on."""
REPORT_FILES = ("metrics.json", "history.csv", "README.md", "logs")
"""What else training writes: it tells of the run, and no answer depends on it."""
_PAUSES = (0.0, *[0.01] * 100)
"""Seconds before each look for a run. Its name may be free for a moment while a new one takes its place, where the
system cannot exchange two folders in one step."""


@dataclass(frozen=True)
class Run:
    """A trained model with all that is needed to use it again, in the folder `path`.

    The folder is opened when something is first read of it, and is read from then on, even where a new run takes its
    name.
    """

    path: Path

    def __reduce__(self) -> Any:
        return Run, (self.path,)  # What is open stays in this process.

    @property
    def name(self) -> str:
        """The run's name: that of its folder."""
        return self.path.name

    @property
    def model_path(self) -> Path:
        """The Keras model, with its best weights."""
        return self.path / "model.keras"

    @property
    def task_path(self) -> Path:
        """The folder of the fitted preprocessing."""
        return self.path / "task"

    @cached_property
    def snapshot(self) -> Snapshot:
        """The run's folder, opened. Raises `RunError` where there is none."""
        try:
            return Snapshot(self.path)
        except (FileNotFoundError, NotADirectoryError):
            raise damaged(self.path, "it is missing, or no folder") from None

    @cached_property
    def config(self) -> RunConfig:
        """`config.json`: everything needed to repeat the run. Raises `RunError` where it is damaged."""
        return read_config(self.snapshot / "config.json", RunConfig, damaged)

    @property
    def metrics(self) -> dict[str, Any]:
        """`metrics.json`: what was measured when training ended. Raises `RunError` where it is damaged."""
        return read_json(self.snapshot / "metrics.json")

    def digests(self) -> dict[str, str]:
        """Returns the SHA-256 of each file that training wrote beside `config.json`, by its path within the run."""
        return digests(self.path, (*MODEL_FILES, *REPORT_FILES))

    def check(self) -> None:
        """Raises `RunError` if a file that answers depend on is missing, a link, or differs from what was written.

        Of a file that only tells of the run, it warns.
        """
        check_files(self.snapshot, self.config.files, (MODEL_FILES, REPORT_FILES), "run", damaged)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Checks the run, as `check` does, and keeps the files that predictions depend on open within the block.

        Raises:
            RunError: a file is damaged, or was written to within the block.
        """
        with self.snapshot.holding(MODEL_FILES):
            self.check()
            yield
            if name := self.snapshot.changed():
                raise damaged(self.path / name, "it was written to while it was read")

    def versions(self) -> list[int]:
        """Returns the numbers of the exported versions, in order."""
        return version_numbers(self.path)


def version_numbers(folder: Path) -> list[int]:
    """Returns the numbers that are names of folders in `folder`, in order; none where there is no such folder."""
    return sorted(int(p.name) for p in folder.glob("[1-9]*") if p.is_dir() and p.name.isdecimal())


def models_dir(path: str | os.PathLike[str] | None = None) -> Path:
    """Returns the folder that holds the runs: `path`, else `$ZOO_MODELS_DIR`, else `./saved_models`."""
    return user_path(path or os.environ.get(MODELS_DIR_VARIABLE) or "saved_models")


def list_runs(folder: Path) -> list[str]:
    """Returns the names of the runs in a models folder, sorted."""
    return sorted(p.parent.name for p in folder.glob("*/config.json") if not p.parent.name.startswith("."))


def open_run(run: "Run | str | os.PathLike[str] | None" = None, models: str | os.PathLike[str] | None = None) -> Run:
    """Finds a run by its name (or its architecture's name or alias), or by the path of its folder.

    Args:
        run: the run; `None` stands for the only run there is, or the only one named after an architecture; earlier
            runs that were kept (`<run>.1`) do not count.
        models: the models folder; see `models_dir`.

    Raises:
        RunError: there is no such run, or its `config.json` is damaged.
    """
    if isinstance(run, Run):
        return run
    folder = models_dir(models)
    known = list_runs(folder)
    if run is None:
        run = _only_run(folder, known)
    path = user_path(run) if os.sep in os.fspath(run) else folder / _folder_name(os.fspath(run), known)
    found = _opened(path)
    if found is None:
        hint = name_hint(path.name, known) if known else "There is none yet: `zoo train NAME` makes one."
        if is_resumable(path):
            where = f" --models-dir {shell_quote(path.parent)}" if path.parent != models_dir() else ""
            hint = (
                f"Its training is unfinished. Resume it: zoo train NAME --run {shell_quote(path.name)}{where} --resume"
            )
        raise RunError(f"There is no run {short_repr(path.name)} in {path.parent}. {hint}")
    return found


def reopened(run: Run) -> Run:
    """Returns what is now the run at a run's path; raises `RunError` where there is none, or it is damaged."""
    found = _opened(run.path)
    if found is None:
        raise RunError(f"The run {run.name!r} in {run.path.parent} was removed meanwhile. Train it again.")
    return found


def _opened(path: Path) -> Run | None:
    """Returns the run in a folder, with the files open that predictions depend on, or `None` where there is none.

    Damage of `config.json` is reported here, before a framework is loaded.
    """
    for pause in _PAUSES:
        time.sleep(pause)
        if os.path.lexists(path / "config.json"):
            try:
                return read_consistently(path, lambda snapshot: _held_run(path, snapshot))
            except (FileNotFoundError, NotADirectoryError):
                continue  # It was there: another run is taking its place.
        if not is_being_written(path):
            break
    return None


def _held_run(path: Path, snapshot: Snapshot) -> Run:
    run = Run(path)
    run.__dict__["snapshot"] = snapshot  # Where `cached_property` keeps it.
    needed = {name for name in run.config.files if name.partition("/")[0] in MODEL_FILES}
    snapshot.hold(MODEL_FILES)
    missing = sorted(needed - snapshot.held)
    if missing and not snapshot.is_current():  # Otherwise `check` tells what is wrong.
        raise damaged(path / missing[0], "it is missing")
    return run


def _only_run(folder: Path, known: list[str]) -> str:
    current = [name for name in known if re.sub(r"\.\d+$", "", name) not in set(known) - {name}]
    if len(current) > 1:  # A run is named after its architecture unless the user named it.
        current = [name for name in current if name in registry.list_architectures()] or current
    if len(current) != 1:
        runs = f"has {len(current)} runs ({', '.join(current)})" if current else "has no run yet"
        raise RunError(f"Which run? The folder {folder} {runs}. Name one, or make one by `zoo train NAME`.")
    return current[0]


def _folder_name(name: str, known: list[str]) -> str:
    if name in known:
        return name
    try:
        return registry.architectures.get(name).name
    except UnknownNameError:
        return name


def check_run_name(name: str) -> str:
    """Returns `name` if it can name a run's folder, or raises `RunError`."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) or name.isdigit():
        raise RunError(
            f"{short_repr(name)} cannot name a run: a run's name has up to 100 letters, digits, dots, hyphens and "
            "underscores, begins with a letter or digit, and is not a number alone."
        )
    return name


def unfinished_path(path: Path) -> Path:
    """Returns the folder that holds the state of a training until the run `path` is whole."""
    return path.with_name(f".{path.name}.unfinished")


def is_resumable(path: Path) -> bool:
    """Whether a training of the run `path` is unfinished, with a state to go on from."""
    return (unfinished_path(path) / STATE).is_file()
