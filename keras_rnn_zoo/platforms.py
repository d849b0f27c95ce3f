"""What operating systems do differently with files and folders. Imports no framework.

Linux and macOS open a folder like a file, and then open what is in it relative to that descriptor, even if the folder
is renamed meanwhile. Windows can't: there a folder is used by its path, and opening it only notes which one it was.
"""

import errno
import os
import stat
from pathlib import Path

HAS_FOLDER_DESCRIPTORS = (
    hasattr(os, "O_DIRECTORY") and {os.open, os.stat} <= os.supports_dir_fd and os.scandir in os.supports_fd
)
"""Whether folders can be opened, so that what is in them is found even after they are renamed."""


def flags(*names: str) -> int:
    """Returns the flags of `os.open` by their names, such as `"O_NOFOLLOW"`, without those the system doesn't have."""
    value = 0
    for name in names:
        value |= getattr(os, name, 0)
    return value


def sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk.

    Raises:
        OSError: the system could not write them.
    """
    is_folder = path.is_dir()
    if is_folder and not HAS_FOLDER_DESCRIPTORS:
        return
    # Windows writes out only files that are open for writing; elsewhere a file may be read-only.
    descriptor = os.open(path, os.O_RDONLY if HAS_FOLDER_DESCRIPTORS else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not is_folder:  # Some file systems can't sync folders.
            raise
    finally:
        os.close(descriptor)


class OpenFolder:
    """A folder that was opened once. Symbolic links in it are not followed.

    Args:
        path: the folder's path.
        parent: the opened folder it lies in. Without one, `path` itself may be a symbolic link.

    Raises:
        OSError: there is no such folder.
    """

    def __init__(self, path: Path, parent: "OpenFolder | None" = None) -> None:
        self.path = path
        self._descriptor: int | None = None
        if HAS_FOLDER_DESCRIPTORS:
            open_flags = flags("O_RDONLY", "O_DIRECTORY", "O_CLOEXEC", *(["O_NOFOLLOW"] if parent else []))
            within = parent._descriptor if parent else None
            self._descriptor = os.open(path.name if parent else path, open_flags, dir_fd=within)
            return
        self._status = path.lstat() if parent else path.stat()
        if not stat.S_ISDIR(self._status.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))

    def is_at_its_path(self) -> bool:
        """Returns whether the path still leads to this folder."""
        try:
            own = self._status if self._descriptor is None else os.fstat(self._descriptor)
            return os.path.samestat(self.path.stat(), own)
        except OSError:
            return False

    def subfolder(self, name: str) -> "OpenFolder":
        """Opens a folder in this one. The caller closes it."""
        return OpenFolder(self.path / name, self)

    def names(self) -> list[str]:
        """Returns the names of the files and folders in it, sorted."""
        with os.scandir(self.path if self._descriptor is None else self._descriptor) as entries:
            return sorted(entry.name for entry in entries)

    def lstat(self, name: str) -> os.stat_result:
        """Returns the status of a file or folder in it; of a symbolic link, its own."""
        if self._descriptor is None:
            return (self.path / name).lstat()
        return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)

    def open_file(self, name: str, open_flags: int) -> int:
        """Returns the descriptor of a file in it, opened with flags of `os.open`."""
        if self._descriptor is None:
            return os.open(self.path / name, open_flags)
        return os.open(name, open_flags, dir_fd=self._descriptor)

    def close(self) -> None:
        """Closes the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
