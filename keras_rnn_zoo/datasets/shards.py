"""The files of a prepared data set's records: which one of them is damaged.

A TFRecord file is a row of records, each with its length (8 bytes), a checksum of that (4), its bytes, and a checksum
of those (4).
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.lazy import tf


def wrong_shard(folder: Path, dataset: str, split: str, lengths: Sequence[int]) -> tuple[Path, str] | None:
    """Returns the first file of a split that is missing, or does not hold as many whole records as were written.

    Args:
        folder: the folder of the data set's version.
        dataset: its name.
        split: the split.
        lengths: the number of records of each file.
    """
    for number, length in enumerate(lengths):
        found = list(folder.glob(f"{dataset}-{split}.*-{number:05d}-of-{len(lengths):05d}"))
        if not found:
            return folder / f"{dataset}-{split}.*-{number:05d}-of-{len(lengths):05d}", "it is missing"
        records, whole = _records(found[0])
        if not whole or records != length:
            cut = "" if whole else ", the last of them cut short"
            return found[0], f"it holds {records:,} records{cut}, where {length:,} were written"
    return None


def _records(path: Path) -> tuple[int, bool]:
    """Returns how many whole records a file holds, and whether it ends after one."""
    count, size = 0, path.stat().st_size
    with open(path, "rb") as file:
        while head := file.read(12):
            end = file.tell() + int.from_bytes(head[:8], "little") + 4
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


def foreign_features(features: Any) -> str:
    """Returns the first class of features, as `features.json` tells them, that is none of TFDS's own, or "".

    TFDS imports the module that a class is said to be in.
    """
    if isinstance(features, Mapping):
        name = features.get("pythonClassName", "tensorflow_datasets.")
        if not str(name).startswith("tensorflow_datasets."):
            return str(name)
        features = list(features.values())
    if isinstance(features, list):
        return next(filter(None, map(foreign_features, features)), "")
    return ""
