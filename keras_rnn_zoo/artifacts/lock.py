"""One process at a time writes a run. Imports no framework."""

import contextlib
import errno
import json
import logging
import os
import shlex
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

from filelock import lock_descriptor

from keras_rnn_zoo.artifacts.snapshot import kind_fault
from keras_rnn_zoo.atomic_files import remove_partial
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.platforms import flags

logger = logging.getLogger(__name__)

_OPEN = flags("O_RDWR", "O_CREAT", "O_APPEND", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")


def lock_path(path: Path) -> Path:
    """Returns the file that is locked while the run `path` is written."""
    return path.with_name(f".{path.name}.lock")


@contextlib.contextmanager
def run_lock(path: Path) -> Iterator[None]:
    """Keeps other processes from writing the run `path` until the block ends, and removes what killed ones left of it.

    It is the system that holds the lock, and it drops it when the process ends, however it ends. A file that is left
    behind binds nobody: neither process ids, which are given out anew, nor clocks, which are set back, matter.

    Raises:
        RunError: another process has the lock; the message names it and when it began.
    """
    made = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = lock_path(path)
    file = _locked(lock, path)
    try:
        remove_partial(path.parent, path.name)
        remove_partial(path)
        for folder in path.iterdir() if path.is_dir() else ():
            if not folder.is_symlink():  # What it leads to is none of the run's.
                remove_partial(folder)
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink(missing_ok=True)  # While it is held, so that it is never another process's.
        file.close()
        if made:
            with contextlib.suppress(OSError):  # Something is in it.
                path.parent.rmdir()


def _locked(lock: Path, path: Path) -> IO[str]:
    while True:
        file = _opened(lock)
        try:
            if not lock_descriptor(file.fileno(), blocking=False):
                with file:
                    raise _taken(file, path)
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                file.close()
                raise
            logger.warning("The folder %s cannot be locked: let no other process write %s.", lock.parent, path.name)
        if _is_at(file, lock):
            break
        file.close()  # Another process has removed it since it was opened.
    _sign(file)
    return file


def _opened(lock: Path) -> IO[str]:
    """Opens a lock file, or raises `RunError` where what has its name is no file of its own.

    A folder of runs may come out of a stranger's archive. A link there could lead to any file of the user, which would
    be overwritten, and a pipe would be waited for.
    """
    with contextlib.suppress(FileNotFoundError):
        _check_own(lock, lock.lstat())
    try:
        descriptor = os.open(lock, _OPEN, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _not_a_lock(lock, "it is a symbolic link") from None
        raise
    try:
        _check_own(lock, os.fstat(descriptor))
    except RunError:
        os.close(descriptor)
        raise
    return open(descriptor, "a+", encoding="utf-8")


def _check_own(lock: Path, status: os.stat_result) -> None:
    if fault := kind_fault(status.st_mode):
        raise _not_a_lock(lock, fault)
    if status.st_nlink > 1:
        raise _not_a_lock(lock, "it is a hard link to another file")


def _not_a_lock(lock: Path, fault: str) -> RunError:
    return RunError(
        f"The run cannot be locked by {lock}: {fault}, and zoo writes only to lock files of its own. Check what it is, "
        "and remove it."
    )


def _sign(file: IO[str]) -> None:
    """Writes which process holds the lock, for the error that another one gets.

    Windows locks the first byte of the file, which then no other process can read. So the JSON begins at the second.
    """
    file.truncate(0)
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    began = datetime.now().astimezone().isoformat(" ", "seconds")
    file.write(" " + json.dumps({"process": os.getpid(), "began": began, "command": command}) + "\n")
    file.flush()


def _is_at(file: IO[str], lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), lock.stat())
    except FileNotFoundError:
        return False


def _taken(file: IO[str], path: Path) -> RunError:
    file.seek(1)
    try:
        holder = json.loads(file.read())
        who = f"process {holder['process']}, which began at {holder['began']} ({holder['command']:.200})"
    except (OSError, ValueError, KeyError, TypeError):  # It has not yet written who it is.
        who = "another process, which has just begun"
    return RunError(
        f"The run {path.name!r} in {path.parent} is being written by {who}. Wait until that has ended, stop it, or "
        "give this one another name by --run NAME."
    )
