"""Data sets that TensorFlow Datasets (TFDS) downloads and prepares, and where their files lie.

What is on disk is found and checked without loading a framework, and read without asking the network.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.files import file_digest, user_path
from keras_rnn_zoo.lazy import tf, tfds

_RECORD_OVERHEAD = 16
"""Bytes that TFRecord adds to a record: its length and two checksums."""


def data_dir_path(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Returns the folder of prepared data sets: `data_dir`, else `$TFDS_DATA_DIR`, else ~/tensorflow_datasets."""
    return user_path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def find_prepared(location: str, data_dir: Path) -> Path | None:
    """Returns the folder of the newest version of a data set on disk, or `None` if there is none.

    Args:
        location: the data set's name and config, as `imdb_reviews/plain_text`.
        data_dir: the folder of prepared data sets.
    """
    versions = [path.parent for path in (data_dir / location).glob("*/dataset_info.json")]
    complete = [path for path in versions if all(part.isdigit() for part in path.name.split("."))]
    return max(complete, key=lambda path: [int(part) for part in path.name.split(".")], default=None)


def check_prepared(folder: Path) -> None:
    """Raises `DataError` if a file of a prepared data set is missing, or not as long as when it was written."""
    try:
        info = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
        expected = {split["name"]: _split_bytes(split) for split in info["splits"]}
        dataset = info["name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _half_written(folder / "dataset_info.json", f"it cannot be read ({error!r})") from None
    for split, size in expected.items():
        shards = list(folder.glob(f"{dataset}-{split}.*-of-*"))
        found = sum(shard.stat().st_size for shard in shards)
        if found != size:
            where = folder / f"{dataset}-{split}.*"
            raise _half_written(where, f"its {len(shards)} files hold {found:,} bytes where {size:,} were written")
    try:
        json.loads((folder / "features.json").read_text(encoding="utf-8"))["pythonClassName"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _half_written(folder / "features.json", f"it cannot be read ({error!r})") from None


def _split_bytes(split: dict[str, Any]) -> int:
    return int(split["numBytes"]) + _RECORD_OVERHEAD * sum(int(length) for length in split["shardLengths"])


def _half_written(path: Path, fault: str) -> DataError:
    return DataError(
        f"The prepared data set is damaged or half-written: {path}: {fault}. Delete the folder {path.parent} and run "
        "the command again to download it anew, or copy it again from where it came."
    )


def open_prepared(location: str, data_dir: str | os.PathLike[str] | None) -> Any:
    """Returns the TFDS builder of a data set on disk, which it downloads and prepares first where it is not there.

    Raises:
        DataError: the data set is neither on disk nor can be downloaded, or is damaged.
    """
    folder = data_dir_path(data_dir)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"The data directory {folder} is a file. Name a folder with --data-dir.")
    # TFDS makes its own folder when it first downloads; one that the user names is more likely misspelt than new.
    if not folder.exists() and folder.resolve() != data_dir_path().resolve():
        raise DataError(
            f"The data directory {folder} does not exist. Name the folder that holds {location!r}, or make it "
            f"(mkdir -p {folder}) to have the data set downloaded there."
        )
    if not os.access(folder, os.R_OK | os.X_OK) and folder.exists():
        raise DataError(f"The data directory {folder} cannot be read. Change its permissions or name another.")
    version = find_prepared(location, folder)
    if version is None:
        _download(location, folder)
        version = find_prepared(location, folder)
    if version is None:
        raise DataError(f"TFDS prepared {location!r}, but left no version of it in {folder / location}.")
    check_prepared(version)
    return tfds.builder_from_directory(version)


def _download(location: str, folder: Path) -> None:
    try:
        builder = tfds.builder(location, data_dir=folder)
        _check_network(builder.url_infos)
        builder.download_and_prepare()
    except Exception as error:  # TFDS and its download library raise many kinds; each means the same to the user.
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise DataError(
            f"The dataset {location!r} is not on disk and could not be downloaded. Looked for a version of it in "
            f"{folder / location}; the download ended with: {reason[:300]}. Connect to the network and run the "
            f'command again, or prepare it on a connected machine (python -c "import tensorflow_datasets as tfds; '
            f"tfds.load('{location}', data_dir='DIR')\"), copy DIR here and name it with --data-dir DIR."
        ) from error


def _check_network(urls: Iterable[str]) -> None:
    """Raises `OSError` if a host of the URLs has no address; TFDS would try for minutes before it says so."""
    import socket
    import urllib.parse
    import urllib.request  # Slow to import, and `zoo datasets` needs it not.

    if urllib.request.getproxies():
        return  # A proxy looks the hosts up.
    for host in sorted({urllib.parse.urlsplit(url).hostname or "" for url in urls}):
        try:
            socket.getaddrinfo(host, None)
        except OSError as error:
            raise OSError(f"the address of {host} cannot be found ({error.strerror})") from error


@contextlib.contextmanager
def naming_damaged_records(location: str) -> Iterator[None]:
    """Turns TensorFlow's error for a record whose checksum is wrong into a `DataError` that names the data set."""
    try:
        yield
    except tf.errors.DataLossError as error:
        raise DataError(
            f"A record of the data set {location!r} is damaged: {error.message.splitlines()[0]}. Delete its folder and "
            "run the command again to download it anew, or copy it again from where it came."
        ) from error


def checksum(folder: Path) -> str:
    """Returns a SHA-256 over the names and contents of a prepared data set's records."""
    import hashlib

    total = hashlib.sha256()
    for shard in sorted(folder.glob("*-of-*")):
        total.update(f"{shard.name} {file_digest(shard)}\n".encode())
    return total.hexdigest()


def read_split(builder: Any, split: str, keys: tuple[str, str]) -> Any:
    """Returns a split as a `tf.data.Dataset` of `(raw, target)`, in the order of the files.

    Args:
        builder: what `open_prepared` returned.
        split: the split, as TFDS names it.
        keys: the features that become the raw input and the target.
    """
    raw, target = keys
    config = tfds.ReadConfig(try_autocache=False)  # The tensors made of it are cached instead.
    examples = builder.as_dataset(split=split, shuffle_files=False, read_config=config)
    return examples.map(lambda example: (example[raw], example[target]))
