"""Where the models of a server come from: runs, exports, and folders with versions of an export."""

import logging
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.digests import FACTS
from keras_rnn_zoo.artifacts.export import GRAPH, STREAMING, find_export
from keras_rnn_zoo.artifacts.run import Run as RunFolder
from keras_rnn_zoo.artifacts.run import list_runs, models_dir, open_run, version_numbers
from keras_rnn_zoo.atomic_files import user_path
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import RunError, ServingError, ZooError
from keras_rnn_zoo.inference.load import load
from keras_rnn_zoo.inference.predictor import Predictor

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Found:
    """What a source has now.

    Attributes:
        version: the version.
        path: the folder.
        stamp: differs once the files of the folder do.
    """

    version: int
    path: Path
    stamp: Any


@dataclass(frozen=True)
class Source:
    """Where a model comes from.

    Attributes:
        name: the name of the model.
        path: the folder of a run, of an export, or of versions of an export.
        kind: "run", "export" or "versions".
    """

    name: str
    path: Path
    kind: str

    def find(self) -> Found | None:
        """Returns what is there now; `None` if there is nothing."""
        if self.kind == "versions":
            versions = [number for number in version_numbers(self.path) if _is_export(self.path / str(number))]
            return _found(max(versions), self.path / str(max(versions)), FACTS) if versions else None
        if self.kind == "export":
            return _found(int(self.path.name) if self.path.name.isdecimal() else 1, self.path, FACTS)
        return _found(max(version_numbers(self.path), default=1), self.path, "config.json")

    def load(self, found: Found) -> Predictor:
        """Returns the loaded run or export; raises `RunError` if it is damaged or not safe to load."""
        loaded: Predictor = load(RunFolder(found.path) if self.kind == "run" else found.path)
        return loaded


def _is_export(path: Path) -> bool:
    return any(os.path.lexists(path / name) for name in (GRAPH, FACTS))


def _found(version: int, path: Path, described_by: str) -> Found | None:
    try:
        stats = [path.stat(), (path / described_by).stat()]
    except OSError:
        return None
    return Found(version, path, (version, *((stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in stats)))


def find_sources(runs: Sequence[Any], models: str | None = None) -> list[Source]:
    """Returns the sources of the models to serve.

    Args:
        runs: for each, a `Run`; or the name of a run or of a trained network, the path of a run, of an export, or of a
            folder with versions of an export, after `NAME=` if it is to be served by another name. If empty, all runs.
        models: the folder of the runs.

    Raises:
        RunError: there is no such run or export.
        ServingError: two have the same name, or a name is not valid.
    """
    sources = [_source(run, models) for run in runs] if runs else list(_all_runs(models))
    seen: dict[str, Source] = {}
    for source in sources:
        if other := seen.get(source.name):
            raise ServingError(
                f"{other.path} and {source.path} are both named {source.name!r}. Give one another name: NAME=PATH."
            )
        seen[source.name] = source
    return sources


def _all_runs(models: str | None) -> Iterable[Source]:
    folder = models_dir(models)
    names = list_runs(folder)
    if not names:
        raise RunError(
            f"There is no run in {folder} to serve. Train one with `zoo train NAME`, or serve a trained network, such "
            "as `zoo serve toy_reviews`; `zoo models` lists them."
        )
    for name in names:
        try:
            yield Source(name, open_run(folder / name).path, "run")
        except ZooError as error:
            logger.warning("The run %s is not served: %s", name, error)


def _source(run: Any, models: str | None) -> Source:
    name = ""
    if isinstance(run, str) and "=" in run and not os.path.lexists(user_path(run)):
        name, _, run = run.partition("=")
        if not _NAME.fullmatch(name):
            raise ServingError(
                f"{short_repr(name)} is not a valid name of a model. A name has up to 100 letters, digits, dots, "
                "hyphens and underscores, and begins with a letter or digit."
            )
    source = _find(run, models)
    return Source(name or source.name, source.path, source.kind)


def _find(run: Any, models: str | None) -> Source:
    if path := find_export(run):
        folder = path.resolve().parent
        return Source(_name_of(folder), path, "export")
    if isinstance(run, str | os.PathLike) and os.sep in os.fspath(run):
        path = user_path(run)
        is_run = os.path.lexists(path / "config.json")
        if not is_run and any(_is_export(path / str(number)) for number in version_numbers(path)):
            return Source(_name_of(path.resolve()), path, "versions")
    opened = open_run(run, models)
    return Source(opened.name, opened.path, "run")


def _name_of(folder: Path) -> str:
    """Returns the name of an export in a folder of versions, as `zoo export` suggests it for TensorFlow Serving."""
    return f"{folder.parent.name}_{STREAMING}" if folder.name == STREAMING else folder.name
