"""Files and folders that are whole or absent. Imports no framework.

What `zoo list` does without is imported where it is used: the start of a command should take no longer than it must.
"""

import contextlib
import errno
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.printing import short_repr

_MOST_PATH_BYTES, _MOST_NAME_BYTES = 4095, 255
"""Bytes of a path, and of each name in it, that Linux allows."""


def user_path(path: str | os.PathLike[str]) -> Path:
    """Returns a path that a user gave; raises `ZooError` if no file can have it, or if it is not UTF-8."""
    text = os.fspath(path)
    if "\0" in text:
        raise ZooError(f"The path {short_repr(text)} holds a null character, which no path may. Leave it out.")
    try:
        encoded = text.encode()
    except UnicodeEncodeError:  # TensorFlow could not use it.
        raise ZooError(f"The path {short_repr(text)} is not valid UTF-8, which TensorFlow needs. Rename it.") from None
    longest = max(map(len, encoded.split(b"/")))
    if len(encoded) > _MOST_PATH_BYTES or longest > _MOST_NAME_BYTES:
        raise ZooError(
            f"The path {short_repr(text)} is too long: at most {_MOST_PATH_BYTES:,} bytes are allowed, and "
            f"{_MOST_NAME_BYTES} between two slashes. Shorten it."
        )
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ZooError(f"The path {short_repr(text)} begins with the home of an unknown user. Write it out.") from None


_PARTIAL = ".partial-"
"""What the names of files and folders begin with until they are whole."""


@contextlib.contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Gives a fresh folder beside `path`, to be renamed by the block; it is removed if the block leaves it there."""
    import shutil
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_PARTIAL, suffix=f"-{path.name}", dir=path.parent))
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
        move_folder(folder, path)


def move_folder(folder: Path, path: Path) -> None:
    """Renames a folder, all that is in it being on the disk before: a power cut leaves it whole or absent, too."""
    for parent, _, names in os.walk(folder):
        for name in (*names, "."):
            _sync(Path(parent) / name)
    folder.rename(path)
    _sync(path.parent)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a path beside `path` to write a file to, which becomes `path` when the block ends.

    Every file is written by this, or into a folder of `whole_folder`: what was there before stays until the new one is
    on the disk. If the block fails, nothing is left of it.
    """
    beside = path.with_name(f"{_PARTIAL}{os.getpid()}-{path.name}")
    try:
        yield beside
        _sync(beside)
        beside.replace(path)
        _sync(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():  # Not of every folder is it known.
            raise
    finally:
        os.close(descriptor)


def remove_partial(folder: Path, name: str | None = None) -> None:
    """Removes what processes that were killed left half-written in a folder, of all names or of one alone."""
    import shutil

    pattern = re.compile(re.escape(_PARTIAL) + r"[A-Za-z0-9_]+-" + (re.escape(name) if name else ".*"))
    for path in folder.iterdir() if folder.is_dir() else ():
        if pattern.fullmatch(path.name):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


@contextlib.contextmanager
def naming_faults_of_the_system() -> Iterator[None]:
    """Turns what TensorFlow, HDF5 and others raise where the system refuses a file into an `OSError` of its number."""
    try:
        yield
    except (OSError, ZooError):
        raise
    except Exception as error:
        for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO):
            if os.strerror(number) in str(error):
                raise OSError(number, str(error).splitlines()[0]) from error
        raise


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 file whole or not at all."""
    with whole_file(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a JSON object, whole or not at all."""
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def file_digest(path: Path) -> str:
    """Returns the SHA-256 of a file's content, in hexadecimal digits."""
    import hashlib

    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
