"""The folder of a run: how it is found, read and written. Imports no framework.

A finished or interrupted run is `saved_models/<run>/`; a training under way keeps its state beside it, in
`saved_models/.<run>.unfinished/`, and `--resume` goes on from there. Everything is written beside its place and renamed
into it, so that at any instant a folder is whole or absent.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import RunError, UnknownNameError, name_hint

logger = logging.getLogger(__name__)

MODELS_DIR_VARIABLE = "ZOO_MODELS_DIR"
_CONFIG_TYPES = {
    "run": str, "architecture": str, "dataset": dict, "task": dict, "options": dict, "training": dict,
    "seed": int, "versions": dict, "finished": bool, "epochs_trained": int, "files": dict,
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A trained model with all that is needed to use it again, in the folder `path`."""

    path: Path

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
    def config(self) -> dict[str, Any]:
        """`config.json`: everything needed to repeat the run. Raises `RunError` where it is damaged."""
        config = read_json(self.path / "config.json")
        wrong = [key for key, kind in _CONFIG_TYPES.items() if not isinstance(config.get(key), kind)]
        if wrong:
            raise _damaged(self.path / "config.json", f"it lacks a valid {', '.join(map(repr, wrong))}")
        return config

    @property
    def metrics(self) -> dict[str, Any]:
        """`metrics.json`: what was measured when training ended. Raises `RunError` where it is damaged."""
        return read_json(self.path / "metrics.json")

    def check(self) -> None:
        """Raises `RunError` if a file that answers depend on is missing, or differs from what was written."""
        for name, digest in self.config["files"].items():
            file = self.path / name
            if not file.is_file():
                raise _damaged(file, "it is missing")
            if file_digest(file) != digest:
                raise _damaged(file, "its content is not what training wrote (cut short or changed)")

    def versions(self) -> list[int]:
        """Returns the numbers of the exported versions, in order."""
        return sorted(int(p.name) for p in self.path.iterdir() if p.is_dir() and re.fullmatch(r"[1-9]\d*", p.name))


def models_dir(path: str | os.PathLike[str] | None = None) -> Path:
    """Returns the folder that holds the runs: `path`, else `$ZOO_MODELS_DIR`, else `./saved_models`."""
    return Path(path or os.environ.get(MODELS_DIR_VARIABLE) or "saved_models")


def list_runs(folder: Path) -> list[str]:
    """Returns the names of the runs in a models folder, sorted."""
    return sorted(p.parent.name for p in folder.glob("*/config.json") if not p.parent.name.startswith("."))


def open_run(run: "Run | str | os.PathLike[str] | None" = None, models: str | os.PathLike[str] | None = None) -> Run:
    """Finds a run by its name (or its architecture's name or alias), or by the path of its folder.

    Args:
        run: the run; `None` stands for the only run there is.
        models: the models folder; see `models_dir`.

    Raises:
        RunError: there is no such run, or its `config.json` is damaged.
    """
    if isinstance(run, Run):
        return run
    folder = models_dir(models)
    known = list_runs(folder)
    if run is None:
        if len(known) != 1:
            runs = f"has {len(known)} runs ({', '.join(known)})" if known else "has no run yet"
            raise RunError(f"Which run? The folder {folder} {runs}. Name one, or make one by `zoo train NAME`.")
        run = known[0]
    path = Path(run) if os.sep in os.fspath(run) else folder / _run_name(os.fspath(run), known)
    if not (path / "config.json").is_file():
        hint = name_hint(path.name, known) if known else "There is none yet: `zoo train NAME` makes one."
        if is_resumable(path):
            hint = f"Its training is unfinished: go on with `zoo train ... --run {path.name} --resume`."
        raise RunError(f"There is no run {path.name!r} in {path.parent}. {hint}")
    found = Run(path)
    _ = found.config  # Damage is reported here, before a framework is loaded.
    return found


def _run_name(name: str, known: list[str]) -> str:
    if name in known:
        return name
    try:
        return registry.architectures.get(name).name
    except UnknownNameError:
        return check_run_name(name)


def check_run_name(name: str) -> str:
    """Returns `name` if it can name a run's folder, or raises `RunError`."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) or name.isdigit():
        raise RunError(
            f"{name!r} cannot name a run: a run's name has up to 100 letters, digits, dots, hyphens and underscores, "
            "begins with a letter or digit, and is not a number alone."
        )
    return name


def unfinished_path(path: Path) -> Path:
    """Returns the folder that holds the state of a training until the run `path` is whole."""
    return path.with_name(f".{path.name}.unfinished")


def is_resumable(path: Path) -> bool:
    """Whether a training of the run `path` is unfinished, with at least one epoch to go on from."""
    return (unfinished_path(path) / "state" / "training_metadata.json").is_file()


def _put_in_place(folder: Path, path: Path) -> None:
    """Renames a whole `folder` to `path`.

    A finished run that stands there is kept under the next free name `<run>.1`, `<run>.2`, ...; an interrupted one is
    removed, since the new one went on from it.
    """
    if not path.exists():
        folder.rename(path)
        return
    earlier = path.with_name(_free_name(path))
    outdated = is_interrupted(path)
    path.rename(earlier)
    folder.rename(path)
    if outdated:
        shutil.rmtree(earlier)
    else:
        logger.info("The earlier run %s is kept as %s.", path.name, earlier)


def is_interrupted(path: Path) -> bool:
    """Whether `path` is a run whose training was interrupted, rather than ended."""
    try:
        return not Run(path).config["finished"]
    except RunError:
        return False


def _free_name(path: Path) -> str:
    number = 1
    while path.with_name(f"{path.name}.{number}").exists():
        number += 1
    return f"{path.name}.{number}"


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Gives a fresh folder beside `path`, which becomes `path` when the block ends and is removed when it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        folder.chmod(0o755)  # mkdtemp's folders are private; a model server may run as another user.
        yield folder
        _put_in_place(folder, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 file whole or not at all: beside its place, then renamed into it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a JSON object, whole or not at all."""
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON object; raises `RunError` where the file is missing or damaged."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _damaged(path, "it is missing") from None
    except (OSError, ValueError) as error:
        raise _damaged(path, f"it cannot be read as JSON ({error})") from None
    if not isinstance(document, dict):
        raise _damaged(path, "it does not hold a JSON object")
    return document


def file_digest(path: Path) -> str:
    """Returns the SHA-256 of a file's content, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(path: Path, fault: str) -> RunError:
    return RunError(
        f"The run's file {path} is damaged: {fault}. Restore it from a copy, or train the run again with `zoo train`."
    )
