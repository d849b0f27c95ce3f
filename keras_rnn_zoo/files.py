"""Files and folders that are whole or absent. Imports no framework.

What `zoo list` does without is imported where it is used: the start of a command should take no longer than it must.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import ZooError


def user_path(path: str | os.PathLike[str]) -> Path:
    """Returns a path that a user gave; raises `ZooError` if TensorFlow could not use it, not being UTF-8."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        raise ZooError(f"The path {os.fspath(path)!r} is not valid UTF-8, which TensorFlow needs. Rename it.") from None
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ZooError(f"The path {os.fspath(path)!r} begins with the home of a user that is not there.") from None


@contextlib.contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Gives a fresh folder beside `path`, to be renamed by the block; it is removed if the block leaves it there."""
    import shutil
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        folder.chmod(0o755)  # mkdtemp's folders are private; a model server may run as another user.
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Gives a fresh folder beside `path`, which becomes `path` when the block ends and is removed when it fails."""
    with folder_beside(path) as folder:
        yield folder
        folder.rename(path)


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
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def file_digest(path: Path) -> str:
    """Returns the SHA-256 of a file's content, in hexadecimal digits."""
    import hashlib

    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
