"""The folder of a run: how it is found and checked. Imports no framework.

A finished or interrupted run is `saved_models/<run>/`; a training under way keeps its state beside it, in
`saved_models/.<run>.unfinished/`, and `--resume` goes on from there.
"""

import contextlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, RunError, UnknownNameError, name_hint
from keras_rnn_zoo.files import folder_beside, move_folder, user_path, write_json
from keras_rnn_zoo.printing import shell_quote, short_repr
from keras_rnn_zoo.schema import RUN, Keys
from keras_rnn_zoo.seals import digests, first_fault, is_unchanged, sealed

logger = logging.getLogger(__name__)

MODELS_DIR_VARIABLE = "ZOO_MODELS_DIR"
STATE = "training.state"
"""The file that an unfinished training goes on from."""
FITTED = ("model.keras", "task")
"""The file and the folder that answers depend on."""
TOLD = ("metrics.json", "history.csv", "README.md", "logs")
"""What else training writes: it tells of the run, and no answer depends on it."""
_MOST_BYTES = 256 * 2**20
"""Of a JSON document; those of runs have some thousand."""
_MARGIN = 2**20
"""Bytes that are left for what a `config.json` gets when the training ends, such as the digests of files."""


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
        return read_sealed(self.path / "config.json", RUN, damaged)

    @property
    def metrics(self) -> dict[str, Any]:
        """`metrics.json`: what was measured when training ended. Raises `RunError` where it is damaged."""
        return read_json(self.path / "metrics.json")

    def digests(self) -> dict[str, str]:
        """Returns the SHA-256 of each file that training wrote beside `config.json`, by its path within the run."""
        return digests(self.path, (*FITTED, *TOLD))

    def check(self) -> None:
        """Raises `RunError` if a file that answers depend on is missing, a link, or differs from what was written.

        Of a file that only tells of the run, it warns.
        """
        check_files(self.path, self.config["files"], (FITTED, TOLD), "run", damaged)

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
    if not (path / "config.json").is_file():
        hint = name_hint(path.name, known) if known else "There is none yet: `zoo train NAME` makes one."
        if is_resumable(path):
            where = f" --models-dir {shell_quote(path.parent)}" if path.parent != models_dir() else ""
            hint = (
                f"Its training is unfinished. Resume it: zoo train NAME --run {shell_quote(path.name)}{where} --resume"
            )
        raise RunError(f"There is no run {short_repr(path.name)} in {path.parent}. {hint}")
    found = Run(path)
    _ = found.config  # Damage is reported here, before a framework is loaded.
    return found


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


@contextlib.contextmanager
def whole_run(path: Path, *, again: bool = False) -> Iterator[Path]:
    """Gives a fresh folder, which becomes the run `path` when the block ends and is removed when it fails.

    A run that stands there is kept under the next free name `<run>.1`, `<run>.2`, ..., unless nothing was exported from
    it and its training was interrupted, or was killed just after writing it: then the new run takes its place.

    Args:
        path: the run.
        again: whether a training is resumed, so that it may have written the same run before.
    """
    with folder_beside(path) as folder:
        yield folder
        if path.exists():
            earlier = path.with_name(_free_name(path))
            outdated = _is_outdated(Run(path), Run(folder) if again else None)
            path.rename(earlier)
            if outdated:
                import shutil

                shutil.rmtree(earlier)
            else:
                logger.info("The earlier run %s is kept as %s.", path.name, earlier)
        move_folder(folder, path)


def _is_outdated(run: Run, other: Run | None) -> bool:
    try:
        exported = [path for path in (run.path, *run.path.iterdir()) if version_numbers(path)]
        same = other is not None and _fitted(other) == _fitted(run)
        return not exported and (same or not run.config["finished"])
    except RunError:
        return False


def _fitted(run: Run) -> dict[str, str]:
    """Returns the digests of the files that answers depend on."""
    return {name: digest for name, digest in run.config["files"].items() if name.partition("/")[0] in FITTED}


def _free_name(path: Path) -> str:
    number = 1
    while path.with_name(f"{path.name}.{number}").exists():
        number += 1
    return f"{path.name}.{number}"


def check_config(config: Mapping[str, Any]) -> None:
    """Raises `DataError` if a `config.json` with these values could not be read again.

    Before anything is trained, since it lists what may grow with the data: classes, and rows that are left out.
    """
    document = sealed(config, {})
    size = len(json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    wrong = RUN.wrong(document)
    if wrong or size > _MOST_BYTES - _MARGIN:
        names = config["task"]["classes"]
        raise DataError(
            f"The run's config.json would be too large to be read: {size:,} bytes"
            + (f", with more in {', '.join(wrong)} than a run may have. " if wrong else ". ")
            + f"It lists {len(names):,} classes, and the rows left out. Bring fewer or shorter names of classes."
        )


def write_config(run: Run, config: Mapping[str, Any]) -> None:
    """Writes `config.json`, with the digests of the files that are there and of itself."""
    write_json(run.path / "config.json", sealed(config, run.digests()))


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON object; raises `RunError` where the file is missing, damaged or of no size for one."""
    try:
        if path.is_symlink():
            raise damaged(path, "it is a symbolic link, where a file of its own was written")
        if path.stat().st_size > _MOST_BYTES:
            raise damaged(path, f"it is larger than {_MOST_BYTES:,} bytes")
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise damaged(path, "it is missing") from None
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, f"it cannot be read as JSON ({error})") from None
    if not isinstance(document, dict):
        raise damaged(path, "it does not hold a JSON object")
    return document


def read_sealed(path: Path, keys: Keys, fault: Callable[[Path, str], RunError]) -> dict[str, Any]:
    """Reads a JSON object with a seal; raises what `fault` gives where it lacks a key or is not what was written."""
    document = read_json(path)
    if wrong := keys.wrong(document):
        raise fault(path, f"it lacks a valid {', '.join(map(repr, wrong))}")
    if not is_unchanged(document) or not path.read_bytes().endswith(b"\n"):
        raise fault(path, "its content is not what was written (cut short or changed)")
    return document


def check_files(
    folder: Path,
    files: Mapping[str, str],
    roots: tuple[tuple[str, ...], tuple[str, ...]],
    kind: str,
    error: Callable[[Path, str], RunError],
) -> None:
    """Raises what `error` gives if a file that answers depend on is not what was written; of any other it warns.

    Args:
        folder: the folder of a run or an export.
        files: the digests that were written.
        roots: where the files lie that answers depend on, and where those that only tell.
        kind: the word for what has the folder.
        error: makes an error of a file and what is wrong with it.
    """
    answering, telling = roots
    path, fault = first_fault(folder, files, answering, strict=True)
    if fault:
        raise error(path, fault)
    path, fault = first_fault(folder, files, telling, strict=False)
    if fault:
        logger.warning("The %s's file %s is damaged: %s. No answer depends on it.", kind, path, fault)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def damaged(path: Path, fault: str) -> RunError:
    """Returns the error for a damaged file of a run."""
    return RunError(
        f"The run's file {path} is damaged: {fault}. Restore it from a copy, or train anew (`zoo train --overwrite`)."
    )
