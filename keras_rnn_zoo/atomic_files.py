"""Files and folders that are whole or absent. Imports no framework.

What `zoo list` does without is imported where it is used: the start of a command should take no longer than it must.
"""

import contextlib
import errno
import json
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

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
_LONGEST_NAME = 200
"""Bytes of a file's name that leave room for `_PARTIAL` and what is drawn."""
_MOST_LINKS = 40
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextlib.contextmanager
def temp_dir_beside(path: Path) -> Iterator[Path]:
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
def atomic_directory(path: Path) -> Iterator[Path]:
    """Gives a fresh folder beside `path`, which becomes `path` when the block ends and is removed when it fails."""
    with temp_dir_beside(path) as folder:
        yield folder
        move_folder(folder, path)


def move_folder(folder: Path, path: Path) -> None:
    """Renames a folder, all that is in it being on the disk before: a power cut leaves it whole or absent, too."""
    sync_folder(folder)
    folder.rename(path)
    _sync(path.parent)


def replace_folder(folder: Path, path: Path, earlier: Path | None) -> None:
    """Puts a folder in the place of another one, all that is in it being on the disk before.

    Where the system can exchange two names (Linux, on most file systems), there is a whole folder at `path` at any
    moment. Elsewhere there is none between two renames.

    Args:
        folder: the new folder, which lies beside `path`.
        path: the folder that is replaced.
        earlier: a free name beside `path` where the replaced folder is kept; `None` removes it.
    """
    import shutil

    sync_folder(folder)
    spare = _partial_name(path)
    if earlier:
        # A process that is killed after this step leaves the new folder under that name: nothing is lost.
        folder.rename(earlier)
        if not _exchanged(earlier, path):
            earlier.rename(spare)
            path.rename(earlier)
            spare.rename(path)
    elif _exchanged(folder, path):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        path.rename(spare)
        folder.rename(path)
        shutil.rmtree(spare, ignore_errors=True)
    _sync(path.parent)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchanges the names of two folders in one step; returns whether the system can."""
    import ctypes

    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if not rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


def sync_folder(folder: Path) -> None:
    """Waits until all that is in a folder is on the disk."""
    for parent, _, names in os.walk(folder):
        for name in (*names, "."):
            _sync(Path(parent) / name)


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Gives a path beside `path` to write a file to, which becomes `path` when the block ends.

    Every file is written by this, or into a folder of `atomic_directory`. The old file stays until the new one is on
    disk, and its mode is kept. If the block fails, the new file is removed. A symbolic link at `path` is replaced, not
    followed.
    """
    beside = _new_file_beside(path)
    try:
        yield beside
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                with contextlib.suppress(PermissionError):  # Only root may give a file away.
                    os.chown(beside, status.st_uid, status.st_gid)
                beside.chmod(stat.S_IMODE(status.st_mode))
        _sync(beside)
        beside.replace(path)
        _sync(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def _partial_name(path: Path) -> Path:
    """Returns a name beside `path` for what is not whole, which `remove_partial` knows."""
    return path.with_name(f"{_PARTIAL}{os.urandom(6).hex()}-{path.name}")


def _new_file_beside(path: Path) -> Path:
    """Makes an empty file beside `path`, under a name that nobody can have put a link at."""
    end = path.name if len(os.fsencode(path.name)) <= _LONGEST_NAME else f"file{path.suffix}"
    while True:
        beside = _partial_name(path.with_name(end))
        with contextlib.suppress(FileExistsError):
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
            return beside


@contextlib.contextmanager
def output_file(path: Path) -> Iterator[IO[bytes]]:
    """Gives an open file for what a user wants written to a path.

    A regular file, or the one that a symbolic link points to, is written whole or not at all, as by `atomic_write`. A
    device, a pipe or a descriptor of this process (`/dev/stdout`) is written to in place, as it comes.

    Raises:
        ZooError: the path is that of a folder, or lies in none.
    """
    if is_written_in_place(path):
        number = _own_descriptor(path)
        if sys.stdout:
            sys.stdout.flush()  # What was printed before stays before.
        with open(path if number is None else os.dup(number), "wb") as file:
            yield file
        return
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise ZooError(f"{path} is a folder, where a file is to be written. Name a file in it.")
    if not path.parent.is_dir():
        raise ZooError(f"There is no folder {path.parent} to write {path.name} to. Make it first.")
    with atomic_write(path) as beside, open(beside, "wb") as file:
        yield file


def is_written_in_place(path: Path) -> bool:
    """Whether `output_file` writes to what is at a path (a device, a pipe, a descriptor) rather than replacing it."""
    return _own_descriptor(path) is not None or (path.exists() and not path.is_file() and not path.is_dir())


def _own_descriptor(path: Path) -> int | None:
    """Returns the number of the descriptor of this process that a path leads to, as `/dev/stdout` does, or `None`.

    To open such a path would write from the beginning of what the descriptor has open, rather than go on there.
    """
    for _ in range(_MOST_LINKS):
        folder = os.path.realpath(path.parent)
        if folder == os.path.realpath("/dev/fd") and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            break
        path = Path(folder) / path.readlink()
    return None


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

    for path in _partial(folder, name):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def is_being_written(path: Path) -> bool:
    """Whether something half-written lies beside a path, which will become it unless its process was killed."""
    return bool(_partial(path.parent, path.name))


def _partial(folder: Path, name: str | None) -> list[Path]:
    pattern = re.compile(re.escape(_PARTIAL) + r"[A-Za-z0-9_]+-" + (re.escape(name) if name else ".*"))
    return [path for path in (folder.iterdir() if folder.is_dir() else ()) if pattern.fullmatch(path.name)]


@contextlib.contextmanager
def translate_os_errors() -> Iterator[None]:
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
    with atomic_write(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a JSON object, whole or not at all."""
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def file_digest(path: Path) -> str:
    """Returns the SHA-256 of a file's content, in hexadecimal digits."""
    import hashlib

    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
