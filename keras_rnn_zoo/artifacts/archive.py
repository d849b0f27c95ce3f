"""Runs in an archive, as `zoo pack` writes them. Imports no framework.

An archive is a zip file without compression. To be used, it is unpacked to a private temporary folder, which is removed
when the process ends. Before that, its list of files is checked: they must be those of a run, within a folder, and as
large as their content in the archive, so that unpacking never takes more room than the archive itself.
"""

import atexit
import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.digests import MAX_JSON_BYTES, read_config
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.artifacts.shared_files import CONFIG, fault_of_files, fault_of_names, find_damage
from keras_rnn_zoo.artifacts.snapshot import NotRegularError, OpenFile, Snapshot, open_regular
from keras_rnn_zoo.errors import RunError, ZooError

_unpacked: dict[str, Path] = {}
"""The folders of the archives that this process has unpacked, by the SHA-256 of the archive."""
_archives: dict[Path, Path] = {}
"""The archives by these folders, as they were named last."""


class _UnlikeRunError(Exception):
    """The archive is not one that `zoo pack` writes."""


def shown_path(path: Path) -> Path:
    """Returns the path of a run to show: of the archive that it was unpacked from, or else of its folder."""
    return _archives.get(path, path)


def is_unpacked(path: Path) -> bool:
    """Returns whether a run's folder is the temporary one of an archive."""
    return path in _archives


def unpack(path: Path) -> Path:
    """Unpacks a run from an archive.

    Args:
        path: the archive, or a link to it.

    Returns:
        The run's folder, in a temporary folder of this process. An archive is unpacked once.

    Raises:
        RunError: there is no such file, it is not an archive of a run, or it is damaged.
    """
    try:
        with open_regular(Path(os.path.realpath(path))) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest not in _unpacked or not _unpacked[digest].is_dir():
                _unpacked[digest] = _to_temporary(file)
    except FileNotFoundError:
        raise RunError(f"There is no archive {path}. Name an archive that `zoo pack` wrote, or a run.") from None
    except NotRegularError as error:
        raise RunError(f"The archive {path} cannot be read: {error.fault}. Name a file.") from None
    except _UnlikeRunError as error:
        raise RunError(f"{path} is not an archive of a run: {error}. Pack the run again: zoo pack RUN.") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise RunError(f"The archive {path} is damaged: {reason}. Get it again, or pack the run again.") from None
    _archives[_unpacked[digest]] = path
    return _unpacked[digest]


def _to_temporary(file: OpenFile) -> Path:
    size = os.fstat(file.fileno()).st_size
    temporary = Path(tempfile.mkdtemp(prefix="keras_rnn_zoo-"))  # Only this user can enter it.
    try:
        with zipfile.ZipFile(file) as archive:
            folder = _extract(archive, size, temporary)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    atexit.register(_remove, temporary, os.getpid())
    return folder


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # A forked process still needs it, or does not own it.
        shutil.rmtree(folder, ignore_errors=True)


def _extract(archive: zipfile.ZipFile, size: int, temporary: Path) -> Path:
    """Writes the files of an archive of `size` bytes to a folder, and returns the run in it."""
    members = {member.filename: member for member in archive.infolist()}
    if fault := fault_of_names(member.filename for member in archive.infolist()) or _fault_of(archive, size):
        raise _UnlikeRunError(fault)
    content = _read(archive, members[CONFIG], MAX_JSON_BYTES)
    (temporary / CONFIG).write_bytes(content)
    config = _config(temporary / CONFIG)
    if fault := fault_of_files(members, config):
        raise _UnlikeRunError(fault)
    folder = temporary / config.run
    folder.mkdir()
    (temporary / CONFIG).rename(folder / CONFIG)
    for name, member in members.items():
        if name != CONFIG:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, open(target, "xb") as written:
                shutil.copyfileobj(source, written)
    name, fault = find_damage(Snapshot(folder), config)
    if fault:
        raise zipfile.BadZipFile(f"of {name} in it, {fault}")
    return folder


def _config(path: Path) -> RunConfig:
    def unlike(place: Path, fault: str) -> Any:
        return RunError(fault)

    try:
        return read_config(path, RunConfig, unlike)
    except ZooError as error:
        raise _UnlikeRunError(f"its {path.name} is damaged: {str(error).rstrip('.')}") from None


def _fault_of(archive: zipfile.ZipFile, size: int) -> str:
    """Returns what in the list of an archive's files is not as `zoo pack` writes it, or ""."""
    for member in archive.infolist():
        mode = member.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            return f"{member.filename!r} in it is not a regular file"
        if member.flag_bits & 1:
            return f"{member.filename!r} in it is encrypted"
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            return f"{member.filename!r} in it is compressed, which `zoo pack` does not do"
    # Files may share bytes of an archive, and be many times as large together.
    total = sum(member.file_size for member in archive.infolist())
    return f"its files have {total:,} bytes, more than the {size:,} of the archive" if total > size else ""


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    if member.file_size > limit:
        raise _UnlikeRunError(f"{member.filename!r} in it is larger than {limit:,} bytes")
    return archive.read(member)
