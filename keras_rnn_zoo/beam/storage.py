"""Files of workers, local or remote: `gs://`, `s3://`, and all else that Beam's file systems read."""

import contextlib
import gzip
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from keras_rnn_zoo.atomic_files import atomic_write
from keras_rnn_zoo.beam.job import Job
from keras_rnn_zoo.beam.shards import Shard
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.prediction_inputs import InputFile

HELD = 4
"""Number of files that a worker holds open."""
RAW: Any = {"compression_type": CompressionTypes.UNCOMPRESSED}


def is_remote(path: str) -> bool:
    """Whether a path is an address such as `gs://bucket/part.csv`, rather than a path of this machine."""
    return "://" in path


class OpenFiles:
    """The files of inputs that a worker reads; remote ones are copied to a temporary folder while they are open."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._held: dict[str, tuple[InputFile, contextlib.ExitStack]] = {}

    def open(self, path: str) -> InputFile:
        """Returns an opened file; the errors are those of `Job.open`."""
        if path not in self._held:
            while len(self._held) >= HELD:
                self._held.pop(next(iter(self._held)))[1].close()
            with contextlib.ExitStack() as stack:
                source = self._job.open(stack.enter_context(local_file(path)))
                self._held[path] = source, stack.pop_all()
        return self._held[path][0]

    def close(self) -> None:
        """Closes all files."""
        for _, stack in self._held.values():
            stack.close()
        self._held.clear()


@contextlib.contextmanager
def local_file(path: str) -> Iterator[Path]:
    """Yields the path of a file on this machine: for a remote one, that of a temporary copy with the same name."""
    if not is_remote(path):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory(prefix="zoo-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / path.rpartition("/")[2]
        _download(path, copy)
        yield copy


@contextlib.contextmanager
def local_folder(path: str) -> Iterator[Path]:
    """Yields the path of a folder on this machine: for a remote one, that of a temporary copy.

    Raises:
        DataError: the remote folder is empty or cannot be read.
    """
    if not is_remote(path):
        yield Path(path)
        return
    path = path.rstrip("/")
    with tempfile.TemporaryDirectory(prefix="zoo-", ignore_cleanup_errors=True) as folder:
        root = Path(folder) / path.rpartition("/")[2]
        for name in matching(f"{path}/**"):
            copy = root / name[len(path) + 1 :]
            copy.parent.mkdir(parents=True, exist_ok=True)
            _download(name, copy)
        yield root


def _download(path: str, copy: Path) -> None:
    try:
        with FileSystems.open(path, **RAW) as source, open(copy, "wb") as target:
            shutil.copyfileobj(source, target)
    except (BeamIOError, OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}. Check the address and your credentials.") from error


def matching(pattern: str) -> list[str]:
    """Returns the remote files that match a pattern, sorted by name.

    Raises:
        DataError: there are none, or the file system is unknown or cannot be read.
    """
    try:
        (found,) = FileSystems.match([pattern])
    except (BeamIOError, OSError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise DataError(
            f"{pattern} cannot be listed: {reason}. Check the address and your credentials; Beam needs an extra of its "
            'own for each kind of storage, such as pip install "apache-beam[gcp]".'
        ) from error
    paths = sorted(file.path for file in found.metadata_list if not file.path.endswith("/"))
    if not paths:
        raise DataError(f"No file matches {pattern}. Check the address.")
    return paths


@contextlib.contextmanager
def written(path: str) -> Iterator[IO[bytes]]:
    """Yields a file to write, which has its name when it is complete: a worker may be killed and its work repeated."""
    temporary = f"{path}.{os.urandom(6).hex()}"
    with FileSystems.create(temporary, **RAW) as file:
        yield file
    _replace(temporary, path)


def _replace(source: str, path: str) -> None:
    """Gives a file the name of another one, which is removed: not every file system of Beam does both at once."""
    if FileSystems.exists(path):
        FileSystems.delete([path])
    FileSystems.rename([source], [path])


def write_new(folder: str, name: str, content: bytes) -> str:
    """Writes a file under a name that no other worker uses, and returns its path; writes nothing, and "", if empty."""
    if not content:
        return ""
    with new_file(folder, name) as (path, file):
        file.write(content)
    return path


@contextlib.contextmanager
def new_file(folder: str, name: str) -> Iterator[tuple[str, IO[bytes]]]:
    """Yields the path of a file that no other worker writes, and the file."""
    path = str(FileSystems.join(folder, f"{name}-{os.urandom(6).hex()}"))
    with FileSystems.create(path, **RAW) as file:
        yield path, file


def write_shard(path: str, shard: Shard, *, zipped: bool) -> None:
    """Writes a file of the output: its header, and its pieces one after another.

    Args:
        path: the file.
        shard: what it contains.
        zipped: whether to compress it with gzip.
    """
    with written(path) as raw, contextlib.ExitStack() as stack:
        # Without a time, so that a repeated run writes the same bytes.
        file: Any = stack.enter_context(gzip.GzipFile("", "wb", fileobj=raw, mtime=0)) if zipped else raw
        file.write(shard.header)
        for piece in shard.pieces:
            with FileSystems.open(piece, **RAW) as source:
                shutil.copyfileobj(source, file)


def read(path: str) -> bytes:
    """Returns the content of a file."""
    with opened(path) as file:
        return bytes(file.read())


def opened(path: str) -> IO[bytes]:
    """Opens a file to read it as it is."""
    file: IO[bytes] = FileSystems.open(path, **RAW)
    return file


@contextlib.contextmanager
def temporary_folder(output: str) -> Iterator[str]:
    """Yields the path of a new folder beside an output, and removes it at the end."""
    parent, name = FileSystems.split(output)
    folder = FileSystems.join(parent, f".partial-{os.urandom(6).hex()}-{name}")
    FileSystems.mkdirs(folder)
    try:
        yield str(folder)
    finally:
        with contextlib.suppress(BeamIOError, FileNotFoundError):
            FileSystems.delete([folder if not is_remote(folder) else f"{folder}/"])


def publish(shards: Sequence[tuple[str, str]], earlier: str) -> None:
    """Gives complete files their names.

    Args:
        shards: for each file, where it is and its name, in the order in which they get it.
        earlier: pattern of several files of an earlier output, which are removed first: with some of both, the output
            would look complete.
    """
    if earlier:
        (found,) = FileSystems.match([earlier])
        FileSystems.delete([file.path for file in found.metadata_list])
    for source, path in shards:
        if is_remote(path):
            _replace(source, path)
        else:
            with atomic_write(Path(path)) as temporary:
                Path(source).replace(temporary)
