"""A lock file, so that only one process at a time writes a run. Imports no framework."""

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
    """Locks the run `path` until the block ends, and removes partial files that killed processes left behind.

    The operating system holds the lock and releases it when the process ends, however it ends. A lock file that is left
    behind locks nothing, so neither reused process ids nor clocks that are set back matter.

    Raises:
        RunError: another process holds the lock; the message names the process and its start time.
    """
    created = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = lock_path(path)
    file = _locked(lock, path)
    try:
        remove_partial(path.parent, path.name)
        remove_partial(path)
        for folder in path.iterdir() if path.is_dir() else ():
            if not folder.is_symlink():  # Never follow it: the target lies outside the run.
                remove_partial(folder)
        yield
    finally:
        with contextlib.suppress(OSError):
            # Unlink while still holding the lock; afterwards the path may already belong to another process.
            lock.unlink(missing_ok=True)
        file.close()
        if created:
            with contextlib.suppress(OSError):  # The folder is not empty.
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
            logger.warning(
                "Files in %s cannot be locked. Make sure that no other process writes the run %s.",
                lock.parent,
                path.name,
            )
        if _is_at(file, lock):
            break
        file.close()  # Another process has removed it since it was opened.
    _write_holder(file)
    return file


def _opened(lock: Path) -> IO[str]:
    """Opens a lock file; raises `RunError` if the path is not a regular file with a single link.

    A folder of runs may come from an untrusted archive. A link in it could point to any of the user's files, which
    would be overwritten, and opening a pipe would block.
    """
    with contextlib.suppress(FileNotFoundError):
        _check_regular(lock, lock.lstat())
    try:
        descriptor = os.open(lock, _OPEN, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _not_a_lock(lock, "it is a symbolic link") from None
        raise
    try:
        _check_regular(lock, os.fstat(descriptor))
    except RunError:
        os.close(descriptor)
        raise
    return open(descriptor, "a+", encoding="utf-8")


def _check_regular(lock: Path, status: os.stat_result) -> None:
    if fault := kind_fault(status.st_mode):
        raise _not_a_lock(lock, fault)
    if status.st_nlink > 1:
        raise _not_a_lock(lock, "it is a hard link to another file")


def _not_a_lock(lock: Path, fault: str) -> RunError:
    return RunError(
        f"The run cannot be locked with {lock}: {fault}, but a lock file must be a regular file. Check what it is, "
        "and remove it."
    )


def _write_holder(file: IO[str]) -> None:
    """Writes which process holds the lock, for the error message of other processes.

    Windows locks the first byte of the file, so that other processes cannot read it. The JSON begins at the second.
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
        who = f"process {holder['process']}, started at {holder['began']} ({holder['command']:.200})"
    except (OSError, ValueError, KeyError, TypeError):  # The holder has not yet written its record.
        who = "another process, which has just started"
    return RunError(
        f"The run {path.name!r} in {path.parent} is being written by {who}. Wait until it ends, stop it, or choose "
        "another name with --run NAME."
    )
