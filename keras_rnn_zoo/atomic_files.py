"""Atomic writes: a file or folder is either complete or absent. Imports no framework.

Modules that `zoo list` does not need are imported where they are used, so that commands start quickly.
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

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.platforms import flags, sync

STANDARD_STREAM = "-"
"""What users write in place of a file for standard input and standard output."""
_MAX_PATH_BYTES, _MAX_NAME_BYTES = 4095, 255
"""Linux's limits on the bytes of a path and of each name in it."""


def user_path(path: str | os.PathLike[str]) -> Path:
    """Returns the `Path` of a user's argument; raises `ZooError` if no file can have it or it is not valid UTF-8."""
    text = os.fspath(path)
    if "\0" in text:
        raise ZooError(f"The path {short_repr(text)} contains a null character, which is not allowed. Remove it.")
    try:
        encoded = text.encode()
    except UnicodeEncodeError:  # TensorFlow cannot use such a path.
        raise ZooError(f"The path {short_repr(text)} is not valid UTF-8, which TensorFlow needs. Rename it.") from None
    longest = max(map(len, encoded.split(b"/")))
    if len(encoded) > _MAX_PATH_BYTES or longest > _MAX_NAME_BYTES:
        raise ZooError(
            f"The path {short_repr(text)} is too long: at most {_MAX_PATH_BYTES:,} bytes are allowed, and "
            f"{_MAX_NAME_BYTES} between two slashes. Shorten it."
        )
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ZooError(
            f"The path {short_repr(text)} begins with the home folder of an unknown user. Write the path in full."
        ) from None


_PARTIAL = ".partial-"
"""Prefix of the temporary names of files and folders that are not complete yet."""
_MAX_KEPT_NAME_BYTES = 200
"""A temporary name contains the final name if that has at most this many bytes, so that prefix and random part fit."""
_MAX_LINKS = 40
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextlib.contextmanager
def temp_dir_beside(path: Path) -> Iterator[Path]:
    """Yields a new temporary folder next to `path`, for the block to rename; removes it if the block did not."""
    import shutil
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_PARTIAL, suffix=f"-{path.name}", dir=path.parent))
    try:
        folder.chmod(0o755)  # `mkdtemp` makes private folders, but a model server may run as another user.
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yields a new temporary folder, which is renamed to `path` when the block ends, or removed if the block fails."""
    with temp_dir_beside(path) as folder:
        yield folder
        move_folder(folder, path)


def move_folder(folder: Path, path: Path) -> None:
    """Renames a folder after syncing its contents to disk: even after a power cut it is either complete or absent."""
    sync_folder(folder)
    folder.rename(path)
    sync(path.parent)


def replace_folder(folder: Path, path: Path, earlier: Path | None) -> None:
    """Replaces a folder by another one, after syncing the new one's contents to disk.

    If the system can exchange two names (Linux, on most file systems), there is a complete folder at `path` at all
    times. Otherwise there is none for a moment, between two renames.

    Args:
        folder: the new folder, next to `path`.
        path: the folder to replace.
        earlier: an unused path next to `path` to keep the replaced folder at; `None` deletes it.
    """
    import shutil

    sync_folder(folder)
    spare = _partial_name(path)
    if earlier:
        # If the process is killed after this step, the new folder survives under that name: nothing is lost.
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
    sync(path.parent)


def put_folder(folder: Path, path: Path) -> None:
    """Gives a new folder its name; it replaces a folder of that name, if there is one."""
    if os.path.lexists(path):
        replace_folder(folder, path, None)
    else:
        move_folder(folder, path)


def _exchanged(first: Path, second: Path) -> bool:
    """Atomically exchanges the names of two folders; returns `False` if the system does not support it."""
    import ctypes

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # macOS lacks the function, and Windows a library of that name.
        return False
    if not rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE):
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(first), None, str(second))


def sync_folder(folder: Path) -> None:
    """Waits until the contents of a folder are on disk."""
    for parent, _, names in os.walk(folder):
        for name in (*names, "."):
            sync(Path(parent) / name)


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yields a temporary path next to `path` to write a file to; it is renamed to `path` when the block ends.

    Every file is written by this function, or into a folder of `atomic_directory`. The old file stays until the new one
    is on disk, and its mode is kept. If the block fails, the new file is removed. A symbolic link at `path` is
    replaced, not followed.
    """
    temporary = _new_file_beside(path)
    try:
        yield temporary
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                # Only root may change a file's owner, and Windows has no such function.
                with contextlib.suppress(PermissionError, AttributeError):
                    os.chown(temporary, status.st_uid, status.st_gid)
                temporary.chmod(stat.S_IMODE(status.st_mode))
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _partial_name(path: Path) -> Path:
    """Returns a random temporary path next to `path`, of the form that `remove_partial` recognizes."""
    return path.with_name(f"{_PARTIAL}{os.urandom(6).hex()}-{path.name}")


def _new_file_beside(path: Path) -> Path:
    """Creates an empty file next to `path`, under a random name so that nobody can place a link there in advance."""
    ending = path.name if len(os.fsencode(path.name)) <= _MAX_KEPT_NAME_BYTES else f"file{path.suffix}"
    while True:
        temporary = _partial_name(path.with_name(ending))
        with contextlib.suppress(FileExistsError):
            os.close(os.open(temporary, flags("O_WRONLY", "O_CREAT", "O_EXCL", "O_CLOEXEC"), 0o666))
            return temporary


@contextlib.contextmanager
def output_file(path: Path) -> Iterator[IO[bytes]]:
    """Yields an open binary file for output to a path that a user named.

    A regular file, or the target of a symbolic link, is written atomically, as by `atomic_write`. A device, a pipe or a
    file descriptor of this process (`/dev/stdout`) is written to directly.

    Raises:
        ZooError: the path is a folder, or its parent folder does not exist.
    """
    if is_written_in_place(path):
        descriptor = _own_descriptor(path)
        if sys.stdout:
            sys.stdout.flush()  # Keeps earlier output before this one.
        with open(path if descriptor is None else os.dup(descriptor), "wb") as file:
            yield file
        return
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise ZooError(f"{path} is a folder, but the output is a file. Name a file in it.")
    if not path.parent.is_dir():
        raise ZooError(f"{path.name} cannot be written: there is no folder {path.parent}. Create it first.")
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        yield file


def is_written_in_place(path: Path) -> bool:
    """Returns whether `output_file` writes to a device, pipe or descriptor directly rather than replacing a file."""
    return _own_descriptor(path) is not None or (path.exists() and not path.is_file() and not path.is_dir())


def _own_descriptor(path: Path) -> int | None:
    """Returns the file descriptor of this process that a path such as `/dev/stdout` refers to, or `None`.

    Opening such a path would write from the beginning of the descriptor's file instead of appending to earlier output.
    """
    for _ in range(_MAX_LINKS):
        folder = os.path.realpath(path.parent)
        if folder == os.path.realpath("/dev/fd") and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            break
        path = Path(folder) / path.readlink()
    return None


def remove_partial(folder: Path, name: str | None = None) -> None:
    """Removes the temporary files and folders that killed processes left in a folder, for all names or only one."""
    import shutil

    for path in _partial(folder, name):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def is_being_written(path: Path) -> bool:
    """Returns whether there is a temporary file or folder for a path: it is being written, or its writer was killed."""
    return bool(_partial(path.parent, path.name))


def _partial(folder: Path, name: str | None) -> list[Path]:
    pattern = re.compile(re.escape(_PARTIAL) + r"[A-Za-z0-9_]+-" + (re.escape(name) if name else ".*"))
    return [path for path in (folder.iterdir() if folder.is_dir() else ()) if pattern.fullmatch(path.name)]


@contextlib.contextmanager
def translate_os_errors() -> Iterator[None]:
    """Turns errors that TensorFlow, HDF5 and others raise when the system refuses a file into an `OSError`."""
    try:
        yield
    except (OSError, ZooError):
        raise
    except Exception as error:
        for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO):
            if os.strerror(code) in str(error):
                raise OSError(code, str(error).splitlines()[0]) from error
        raise


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 file atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a JSON object atomically."""
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def file_digest(path: Path) -> str:
    """Returns the SHA-256 digest of a file's content, in hexadecimal."""
    import hashlib

    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
