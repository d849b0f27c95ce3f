"""The files of a prepared data set's records: which one of them is damaged.

A TFRecord file is a row of records, each with its length (8 bytes), a checksum of that (4), its bytes, and a checksum
of those (4).
"""

import functools
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keras_rnn_zoo.lazy import tf

_OVERHEAD = 16
"""Bytes that TFRecord adds to a record: its length and two checksums."""


def wrong_shard(folder: Path, description: Any) -> tuple[Path, str] | None:
    """Returns the first file of records that is not what was written, and what is wrong with it, else `None`.

    Each must be a regular file with as many whole records as were written: TensorFlow makes room for the length that a
    record claims before it reads, and ends the process where there is not as much.

    Args:
        folder: the folder of the data set's version.
        description: what `read_description` returned of it.
    """
    for path in folder.glob("*-of-*"):
        if not stat.S_ISREG(path.stat().st_mode if path.exists() else 0):
            return path, "it is not a regular file"
    for split in description.splits:
        number, found = len(split.shard_lengths), 0
        digits = max(len(str(number)), 5)
        for place, length in enumerate(split.shard_lengths):
            path = folder / f"{description.name}-{split.name}.tfrecord-{place:0{digits}d}-of-{number:0{digits}d}"
            if not path.exists():
                return path, "it is missing"
            status = path.stat()
            records, whole = _records(path, status.st_size, status.st_mtime_ns)
            if not whole or records != length:
                cut = "" if whole else ", the last of them cut short"
                return path, f"it holds {records:,} records{cut}, where {length:,} were written"
            found += status.st_size
        size = split.num_bytes + _OVERHEAD * sum(split.shard_lengths)
        if found != size:
            where = folder / f"{description.name}-{split.name}.*"
            return where, f"its {number} files hold {found:,} bytes where {size:,} were written"
    return None


@functools.lru_cache
def _records(path: Path, size: int, changed: int) -> tuple[int, bool]:
    """Returns how many whole records a file holds, and whether it ends after one.

    Args:
        path: the file.
        size: its bytes.
        changed: when it was last written; files are counted again when they change.
    """
    count, end = 0, 0
    with open(path, "rb", buffering=2**18) as file:
        while end < size:
            head = file.read(12)
            end += _OVERHEAD + int.from_bytes(head[:8], "little")
            if len(head) < 12 or end > size:
                return count, False
            file.seek(end)
            count += 1
    return count, True


def unreadable_shard(folders: Iterable[Path]) -> Path | None:
    """Returns the first file of records in some folders that has a record whose checksum is wrong."""
    for folder in folders:
        for path in sorted(folder.glob("*.tfrecord-*-of-*")):
            try:
                for _ in tf.data.TFRecordDataset(str(path)):
                    pass
            except tf.errors.DataLossError:
                return path
    return None
