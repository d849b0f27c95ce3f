"""One process at a time writes a run. Imports no framework."""

import contextlib
import errno
import fcntl
import json
import logging
import os
import shlex
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.files import remove_partial

logger = logging.getLogger(__name__)


def lock_path(path: Path) -> Path:
    """Returns the file that is locked while the run `path` is written."""
    return path.with_name(f".{path.name}.lock")


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
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
        for folder in (path, *(path.iterdir() if path.is_dir() else ())):
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
        file = open(lock, "a+", encoding="utf-8")  # noqa: SIM115  It is open as long as the lock is held.
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with file:
                raise _taken(file, path) from None
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


def _sign(file: IO[str]) -> None:
    """Writes who holds a lock, for the message to who does not get it."""
    file.truncate(0)
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    began = datetime.now().astimezone().isoformat(" ", "seconds")
    file.write(json.dumps({"process": os.getpid(), "began": began, "command": command}) + "\n")
    file.flush()


def _is_at(file: IO[str], lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), lock.stat())
    except FileNotFoundError:
        return False


def _taken(file: IO[str], path: Path) -> RunError:
    file.seek(0)
    try:
        holder = json.loads(file.read())
        who = f"process {holder['process']}, which began at {holder['began']} ({holder['command']:.200})"
    except (ValueError, KeyError, TypeError):  # It has not yet written who it is.
        who = "another process, which has just begun"
    return RunError(
        f"The run {path.name!r} in {path.parent} is being written by {who}. Wait until that has ended, stop it, or "
        "give this one another name by --run NAME."
    )
