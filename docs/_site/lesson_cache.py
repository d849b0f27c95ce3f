"""Executed lessons by what they were made of: a lesson is executed again if it, or code it could use, has changed."""

import hashlib
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).parents[2]
FOLDERS = ("keras_rnn_zoo", "zoo_cli")
PACKAGES = ("keras", "matplotlib", "numpy", "onnxruntime", "scikit-learn", "tensorflow", "click", "ipykernel")


def key_of(lesson: Path, root: Path = ROOT) -> str:
    """Returns the digest of a lesson, the modules that execute it, the package's files, and the versions below it."""
    digest = hashlib.sha256(sys.version.encode())
    for package in PACKAGES:
        digest.update(f"{package} {_version(package)}\n".encode())
    for file in [lesson, *sorted(Path(__file__).parent.glob("lesson_*.py")), *_sources(root)]:
        name = file.relative_to(root) if file.is_relative_to(root) else file.name
        digest.update(f"{name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:20]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


def _sources(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted(
            path for path in (root / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts
        )


class Cache:
    """A folder of executed notebooks, one for each lesson.

    Args:
        folder: where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, lesson: Path, key: str) -> Any | None:
        """Returns the executed notebook of a lesson; `None` if there is none of this key."""
        path = self._path(lesson, key)
        return nbformat.read(path, as_version=4) if path.is_file() else None

    def keep(self, lesson: Path, key: str, notebook: Any) -> None:
        """Keeps an executed notebook in place of the earlier one of its lesson."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for earlier in self.folder.glob(f"{lesson.stem}.*.ipynb"):
            earlier.unlink()
        partial = self._path(lesson, key).with_suffix(".partial")
        nbformat.write(notebook, partial)
        partial.rename(self._path(lesson, key))

    def _path(self, lesson: Path, key: str) -> Path:
        return self.folder / f"{lesson.stem}.{key}.ipynb"
