"""Finds damaged record files (shards) of a prepared dataset.

A TFRecord file is a sequence of records, each with its length (8 bytes), a checksum of the length (4), the content, and
a checksum of the content (4).
"""

import functools
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keras_rnn_zoo.lazy import tf

_OVERHEAD = 16
"""Bytes that TFRecord adds to each record: its length and two checksums."""


def find_invalid_shard(folder: Path, description: Any) -> tuple[Path, str] | None:
    """Returns the first missing or invalid shard and a description of the fault, or `None` if all are valid.

    Each shard must be a regular file with the recorded number of complete records. TensorFlow allocates memory for the
    length that a record declares before reading it, and aborts the process if there is not enough.

    Args:
        folder: the folder of the dataset's version.
        description: the description that `read_description` returned.
    """
    for path in folder.glob("*-of-*"):
        if not stat.S_ISREG(path.stat().st_mode if path.exists() else 0):
            return path, "it is not a regular file"
    for split in description.splits:
        shards, actual_size = len(split.shard_lengths), 0
        digits = max(len(str(shards)), 5)
        for index, length in enumerate(split.shard_lengths):
            path = folder / f"{description.name}-{split.name}.tfrecord-{index:0{digits}d}-of-{shards:0{digits}d}"
            if not path.exists():
                return path, "it is missing"
            status = path.stat()
            records, complete = _count_records(path, status.st_size, status.st_mtime_ns)
            if not complete or records != length:
                truncated = "" if complete else " and a truncated one"
                return path, f"it has {records:,} records{truncated}, but {length:,} were written"
            actual_size += status.st_size
        size = split.num_bytes + _OVERHEAD * sum(split.shard_lengths)
        if actual_size != size:
            pattern = folder / f"{description.name}-{split.name}.*"
            return pattern, f"its {shards} files have {actual_size:,} bytes, but {size:,} were written"
    return None


@functools.lru_cache
def _count_records(path: Path, size: int, modified: int) -> tuple[int, bool]:
    """Returns the number of complete records of a file, and whether it ends after a complete record.

    Args:
        path: the file.
        size: its size in bytes.
        modified: its modification time; a part of the cache key, so that changed files are counted again.
    """
    count, end = 0, 0
    with open(path, "rb", buffering=2**18) as file:
        while end < size:
            header = file.read(12)
            end += _OVERHEAD + int.from_bytes(header[:8], "little")
            if len(header) < 12 or end > size:
                return count, False
            file.seek(end)
            count += 1
    return count, True


def find_unreadable_shard(folders: Iterable[Path]) -> Path | None:
    """Returns the first shard in some folders with a record whose checksum does not match, or `None`."""
    for folder in folders:
        for path in sorted(folder.glob("*.tfrecord-*-of-*")):
            try:
                for _ in tf.data.TFRecordDataset(str(path)):
                    pass
            except tf.errors.DataLossError:
                return path
    return None
