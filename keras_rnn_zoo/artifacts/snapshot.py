"""Folders that are read as one, although another may take their name meanwhile. Imports no framework.

Whoever reads a folder by its path file after file may get one file of an earlier folder and the next of a later one.
A `Snapshot` opens the folder once and reads everything through that descriptor.
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
"""Times that a folder is read anew because another one took its place."""
_MOST_HELD = 100
"""Files that are held; runs and exports have some five. A process may have some 1,000 open."""
_DEEPEST = 16
"""Folders within each other; runs and exports have two."""

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
    """What stands in the place of a regular file: a link, a folder, a pipe, a device.

    Attributes:
        fault: what it is, in words.
    """

    def __init__(self, path: str | os.PathLike[str], fault: str) -> None:
        super().__init__(
            f"{os.fspath(path)} cannot be read: {fault}, and a regular file is expected. Replace it by one."
        )
        self.fault = fault


class OpenFile(io.BufferedReader):
    """A file that was opened to read, whose text is its path: Keras tells the format of a file by its ending."""

    def __init__(self, descriptor: int, path: Path) -> None:
        super().__init__(io.FileIO(descriptor))
        self.path = path

    def __str__(self) -> str:
        return str(self.path)


def open_regular(path: Path, folder: OpenFolder | None = None) -> OpenFile:
    """Opens a regular file for reading. Neither follows a symbolic link nor waits for the other end of a pipe.

    Args:
        path: the file's path.
        folder: the opened folder to look for the file's name in.

    Raises:
        NotRegularError: it is not a regular file.
        OSError: the file is missing, or the system refuses it.
    """
    # Opening a device may do something, so the kind is checked first, and again once it is open.
    before = folder.lstat(path.name) if folder else path.lstat()
    if fault := kind_fault(before.st_mode):
        raise NotRegularError(path, fault)
    descriptor = folder.open_file(path.name, _READ) if folder else os.open(path, _READ)
    if fault := kind_fault(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularError(path, fault)
    return OpenFile(descriptor, path)


def kind_fault(mode: int) -> str:
    """Returns what a file of a mode is instead of a regular file, in words, or "" for a regular one."""
    if stat.S_ISREG(mode):
        return ""
    return f"it is {_KINDS.get(stat.S_IFMT(mode), 'no regular file')}"


class Snapshot:
    """A folder that was opened once.

    The folder stays the same one when it is renamed, or when another one takes its name. Files that are held stay
    readable when they are removed.

    Args:
        path: the folder. It may be a symbolic link; in the folder none is followed.

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
        """Whether the path still leads to this folder."""
        return self._folder.is_at_its_path()

    def names(self) -> list[str]:
        """Returns the names of the files and folders in the folder, sorted."""
        return self._folder.names()

    def walk(self, roots: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Gives the files under some names, with what is wrong with their kind, as `kind_fault` tells it.

        Args:
            roots: names of files in the folder, or of folders whose files are given, however deep.

        Yields:
            The path within the folder, with slashes, and the fault or "".
        """
        for root in roots:
            yield from self._walk(self._folder, root, root)

    def _walk(self, folder: OpenFolder, name: str, path: str) -> Iterator[tuple[str, str]]:
        try:
            mode = folder.lstat(name).st_mode
            if not stat.S_ISDIR(mode) or path.count("/") > _DEEPEST:
                yield path, kind_fault(mode)
                return
            inner = folder.subfolder(name)
        except FileNotFoundError:
            return
        try:
            for one in inner.names():
                yield from self._walk(inner, one, f"{path}/{one}")
        finally:
            inner.close()

    def open(self, name: str) -> OpenFile:
        """Opens a file in the folder, by its path within it; errors as of `open_regular`. The caller closes it."""
        with contextlib.ExitStack() as stack:
            folder = self._folder
            for part in name.split("/")[:-1]:
                folder = folder.subfolder(part)
                stack.callback(folder.close)
            return open_regular(self.path / name, folder)

    def hold(self, roots: Iterable[str]) -> None:
        """Opens the regular files under some names, as in `walk`, and keeps up to `_MOST_HELD` of them open."""
        for name, fault in self.walk(roots):
            if len(self._held) == _MOST_HELD:
                break
            if not fault and name not in self._held:
                with contextlib.suppress(FileNotFoundError):  # It is told as missing when it is looked for.
                    file = self.open(name)
                    self._held[name] = file, _state(os.fstat(file.fileno()))

    @property
    def held(self) -> frozenset[str]:
        """The names of the files that are held."""
        return frozenset(self._held)

    @contextlib.contextmanager
    def holding(self, roots: Iterable[str]) -> Iterator[None]:
        """Holds files within it, for one thread at a time, and closes all that are held at its end."""
        with self._lock:
            try:
                self.hold(roots)
                yield
            finally:
                _release(self._held)

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[OpenFile]:
        """Gives a file at its beginning: the one that is held, or one that is opened for the block."""
        if name in self._held:
            file, _ = self._held[name]
            file.seek(0)
            yield file
        else:
            with self.open(name) as file:
                yield file

    def digest(self, name: str) -> str:
        """Returns the SHA-256 of a file's content, in hexadecimal digits."""
        import hashlib

        with self.opened(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def changed(self, *, by_path: bool = False) -> str:
        """Returns the name of a file whose content was written to since it was held, or "".

        Args:
            by_path: whether the files must also still lie at the path of the folder, for who has read them there.
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
    """A file or folder in a snapshot: as much of a path as reading takes."""

    snapshot: Snapshot
    name: str

    def __truediv__(self, name: str) -> "Member":
        return Member(self.snapshot, f"{self.name}/{name}")

    def __str__(self) -> str:
        return os.fspath(self)

    def __fspath__(self) -> str:
        return str(self.snapshot.path / self.name)

    def opened(self) -> contextlib.AbstractContextManager[OpenFile]:
        """Gives the file at its beginning."""
        return self.snapshot.opened(self.name)

    def read_bytes(self) -> bytes:
        """Returns the file's content."""
        with self.opened() as file:
            return file.read()

    def read_text(self, encoding: str = "utf-8") -> str:
        """Returns the file's text, read as UTF-8 by default, with each line end as one character."""
        return io.TextIOWrapper(io.BytesIO(self.read_bytes()), encoding).read()


def opened(path: Path | Member) -> contextlib.AbstractContextManager[OpenFile]:
    """Gives a regular file to read, by its path or in a snapshot; errors as of `open_regular`."""
    return path.opened() if isinstance(path, Member) else open_regular(path)


def read_consistently(path: Path, read: Callable[[Snapshot], Result]) -> Result:
    """Returns what `read` makes of a folder, begun anew if it fails because another folder took the path.

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
    # The time of the last change of the inode would also tell of a removal, which leaves the content as it was.
    return status.st_size, status.st_mtime_ns
