"""Consistent reads of a folder that another process may replace. Imports no framework.

A program that opens the files of a folder one by one by their paths may get some from an earlier folder and some from
its replacement. A `Snapshot` opens the folder once and reads everything through that descriptor.
"""

import contextlib
import io
import os
import stat
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.platforms import OpenFolder, flags

_READ = flags("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
_ATTEMPTS = 20
"""Number of times to read a folder if it is replaced during each read."""
_MAX_HELD_FILES = 100
"""Maximum number of files held open; runs and exports have about five. A process may typically open about 1,000."""
MAX_DEPTH = 16
"""Maximum number of nested folders; runs and exports have two."""

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

Result = TypeVar("Result")


class NotRegularError(ZooError):
    """The path is not a regular file but a link, a folder, a pipe or a device.

    Attributes:
        fault: what it is, in words.
    """

    def __init__(self, path: str | os.PathLike[str], fault: str) -> None:
        super().__init__(
            f"{os.fspath(path)} cannot be read: {fault}, but a regular file is expected. Replace it with one."
        )
        self.fault = fault


class OpenFile(io.BufferedReader):
    """A file opened for reading. Its `str` is its path, because Keras infers the format of a file from `str(file)`."""

    def __init__(self, descriptor: int, path: Path) -> None:
        super().__init__(io.FileIO(descriptor))
        self.path = path

    def __str__(self) -> str:
        return str(self.path)


def open_regular(path: Path, folder: OpenFolder | None = None) -> OpenFile:
    """Opens a regular file for reading, without following symbolic links or blocking on pipes.

    Args:
        path: the file's path.
        folder: the opened folder that contains the file; by default, the file is opened by its path.

    Raises:
        NotRegularError: it is not a regular file.
        OSError: the file is missing or cannot be opened.
    """
    # Opening a device may have side effects, so check the kind of file before opening it, and again afterwards.
    before = folder.lstat(path.name) if folder else path.lstat()
    if fault := kind_fault(before.st_mode):
        raise NotRegularError(path, fault)
    descriptor = folder.open_file(path.name, _READ) if folder else os.open(path, _READ)
    if fault := kind_fault(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularError(path, fault)
    return OpenFile(descriptor, path)


def kind_fault(mode: int) -> str:
    """Returns what a file is instead of a regular file, such as "it is a symbolic link"; "" for a regular file.

    Args:
        mode: `st_mode` of the file.
    """
    if stat.S_ISREG(mode):
        return ""
    return f"it is {_KINDS.get(stat.S_IFMT(mode), 'not a regular file')}"


class Snapshot:
    """A folder that is opened once and read through its descriptor.

    The snapshot keeps reading the same folder if the folder is renamed or another one takes its name. Files held open
    stay readable when they are removed.

    Args:
        path: the folder. It may be a symbolic link itself, but links inside the folder are not followed.

    Raises:
        OSError: there is no such folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = OpenFolder(path)
        self._held: dict[str, tuple[OpenFile, tuple[int, int]]] = {}
        self._lock = threading.RLock()
        weakref.finalize(self, _close, self._folder, self._held)

    def __truediv__(self, name: str) -> "Member":
        return Member(self, name)

    def is_current(self) -> bool:
        """Whether the path still refers to this folder."""
        return self._folder.is_at_its_path()

    def names(self) -> list[str]:
        """Returns the names of the files and folders in the folder, sorted."""
        return self._folder.names()

    def walk(self, roots: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Walks over files in the folder.

        Args:
            roots: names of files to include, and of subfolders to include recursively.

        Yields:
            The path within the folder, with slashes, and the result of `kind_fault`: "" for a regular file.
        """
        for root in roots:
            yield from self._walk(self._folder, root, root)

    def _walk(self, folder: OpenFolder, name: str, path: str) -> Iterator[tuple[str, str]]:
        try:
            mode = folder.lstat(name).st_mode
            if not stat.S_ISDIR(mode) or path.count("/") > MAX_DEPTH:
                yield path, kind_fault(mode)
                return
            inner = folder.subfolder(name)
        except FileNotFoundError:
            return
        try:
            for child in inner.names():
                yield from self._walk(inner, child, f"{path}/{child}")
        finally:
            inner.close()

    def open(self, name: str) -> OpenFile:
        """Opens a file by its path within the folder; errors as in `open_regular`. The caller closes it."""
        with contextlib.ExitStack() as stack:
            folder = self._folder
            for child in name.split("/")[:-1]:
                folder = folder.subfolder(child)
                stack.callback(folder.close)
            return open_regular(self.path / name, folder)

    def hold(self, roots: Iterable[str]) -> None:
        """Opens regular files, selected as in `walk`, and keeps up to `_MAX_HELD_FILES` of them open."""
        for name, fault in self.walk(roots):
            if len(self._held) == _MAX_HELD_FILES:
                break
            if not fault and name not in self._held:
                with contextlib.suppress(FileNotFoundError):  # It is reported as missing when it is needed.
                    file = self.open(name)
                    self._held[name] = file, _state(os.fstat(file.fileno()))

    @property
    def held(self) -> frozenset[str]:
        """The names of the files held open."""
        return frozenset(self._held)

    @contextlib.contextmanager
    def holding(self, roots: Iterable[str]) -> Iterator[None]:
        """Holds files open until the block ends, then closes all held files. Other threads wait meanwhile."""
        with self._lock:
            try:
                self.hold(roots)
                yield
            finally:
                _release(self._held)

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[OpenFile]:
        """Yields a file, positioned at its start: the held file, or one that is opened for the block."""
        if name in self._held:
            file, _ = self._held[name]
            file.seek(0)
            yield file
        else:
            with self.open(name) as file:
                yield file

    def digest(self, name: str) -> str:
        """Returns the SHA-256 of a file's content as hexadecimal digits."""
        import hashlib

        with self.opened(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def changed(self, *, by_path: bool = False) -> str:
        """Returns the name of a held file that was written to since it was opened, or "".

        Args:
            by_path: whether to also check that the held files are still the ones at the folder's path, for callers that
                let other code read them by path.
        """
        for name, (file, state) in self._held.items():
            now = os.fstat(file.fileno())
            if _state(now) != state:
                return name
            if by_path:
                try:
                    same = os.path.samestat(now, (self.path / name).lstat())
                except OSError:
                    same = False
                if not same:
                    return name
        return ""


@dataclass(frozen=True)
class Member:
    """A file or folder in a snapshot, with the methods of `pathlib.Path` that reading needs."""

    snapshot: Snapshot
    name: str

    def __truediv__(self, name: str) -> "Member":
        return Member(self.snapshot, f"{self.name}/{name}")

    def __str__(self) -> str:
        return os.fspath(self)

    def __fspath__(self) -> str:
        return str(self.snapshot.path / self.name)

    def opened(self) -> contextlib.AbstractContextManager[OpenFile]:
        """Yields the file, positioned at its start."""
        return self.snapshot.opened(self.name)

    def read_bytes(self) -> bytes:
        """Returns the file's content."""
        with self.opened() as file:
            return file.read()

    def read_text(self, encoding: str = "utf-8") -> str:
        """Returns the file's text, decoded as UTF-8 by default, with all line endings converted to newlines."""
        return io.TextIOWrapper(io.BytesIO(self.read_bytes()), encoding).read()


def opened(path: Path | Member) -> contextlib.AbstractContextManager[OpenFile]:
    """Opens a regular file for reading, by its path or from a snapshot; errors as in `open_regular`."""
    return path.opened() if isinstance(path, Member) else open_regular(path)


def read_consistently(path: Path, read: Callable[[Snapshot], Result]) -> Result:
    """Returns the result of `read` on a snapshot of a folder; retries if it fails and the folder has been replaced.

    Raises:
        OSError: there is no such folder.
    """
    for _ in range(_ATTEMPTS - 1):
        snapshot = Snapshot(path)
        try:
            return read(snapshot)
        except (ZooError, OSError):
            if snapshot.is_current():
                raise
    return read(Snapshot(path))


def _release(held: dict[str, tuple[OpenFile, tuple[int, int]]]) -> None:
    while held:
        held.popitem()[1][0].close()


def _close(folder: OpenFolder, held: dict[str, tuple[OpenFile, tuple[int, int]]]) -> None:
    _release(held)
    folder.close()


def _state(status: os.stat_result) -> tuple[int, int]:
    # Not `st_ctime`, which also changes when the file is removed: that leaves its content intact.
    return status.st_size, status.st_mtime_ns
