"""The arrays of a NumPy archive: read without copies and within the free memory, those of a split or all of them."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import DataError, ZooError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.user_data.safe_npy import read_array
from keras_rnn_zoo.user_data.split_folders import name_of_split

MEMORY_FRACTION = 0.8
"""The fraction of free memory that arrays may use; the rest is for processing them."""


class SplitOf(str):
    """The path of an archive with the arrays of several splits, such as `x_train` and `x_test`, and one of the splits.

    Attributes:
        part: the split: `"train"`, `"validation"` or `"test"`.
    """

    part = ""


def splits_of(path: Path) -> dict[str, str]:
    """Returns the path of an archive for each split that it has its own arrays for; none if they are not divided."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    except Exception:  # Reading the arrays reports the fault.
        return {}
    found = {split for name in names if (split := _divided(name)[1])}
    if "train" not in found:
        return {}
    places: dict[str, str] = {}
    for split in sorted(found):
        places[split] = place = SplitOf(path)
        place.part = split
    return places


def _divided(name: str) -> tuple[str, str]:
    """Returns the name of an array without its split, and the split, or "": `("x", "train")` for `x_train`."""
    array, line, split = name.rpartition("_")
    return (array, name_of_split(split)) if line and array and name_of_split(split) else (name, "")


def name_of(location: Any, path: Path) -> str:
    """Returns what a message calls the arrays at a location."""
    return f"{path}, split {location.part!r}" if isinstance(location, SplitOf) else str(path)


def without_split(location: str, given: Mapping[str, str]) -> dict[str, str]:
    """Returns columns as in the option `columns`, with the names that arrays have in a `SplitOf`."""
    return {word: _divided(name)[0] for word, name in given.items()} if isinstance(location, SplitOf) else dict(given)


def arrays_of(location: str, path: Path) -> dict[str, Any]:
    """Returns the arrays at a location by name, those of one split if it is a `SplitOf`."""
    split = location.part if isinstance(location, SplitOf) else ""
    return read_arrays(path, split)


def read_arrays(path: Path, split: str = "") -> dict[str, Any]:
    """Returns the arrays of a NumPy archive by name, each read directly into its final memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            all_members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
            members = {name: member for member in all_members if (name := _name_in(member.filename, split))}
            size, room = sum(member.file_size for member in members.values()), available()
            if size > room * MEMORY_FRACTION:
                raise DataError(
                    f"{path} has {size:,} bytes uncompressed, but only {MEMORY_FRACTION:.0%} of the {room:,} bytes of "
                    "free memory may be used. Split it, or free memory."
                )
            return {
                name: read_array(_unpacked(archive, member), f"{path}, array {member.filename.removesuffix('.npy')!r}")
                for name, member in members.items()
            }
    except ZooError:
        raise
    except Exception as error:  # `zipfile` raises many kinds of exceptions for damaged files.
        raise DataError(f"{path} is not a NumPy archive: {error}. Write it with numpy.savez.") from None


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Any:
    """Returns the bytes of a file in an archive."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # `zipfile` decompresses a megabyte of these at a time, whatever the size of the result.
        raise ValueError(f"{member.filename} is compressed by a method that NumPy does not use")
    content = np.empty(member.file_size, "uint8")
    with archive.open(member) as file:
        offset = 0
        while block := file.read(2**20):
            content[offset : offset + len(block)] = np.frombuffer(block, "uint8")
            offset += len(block)
    if offset < len(content):
        raise EOFError(f"{member.filename} is truncated")
    return content


def _name_in(filename: str, split: str) -> str:
    """Returns the name of an array in a split, without the split; "" if it is not one of the split."""
    name = filename.removesuffix(".npy")
    array, found = _divided(name)
    return name if not split else array if found == split else ""
