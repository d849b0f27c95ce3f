"""The arrays of a NumPy archive, those of a split or all of them: mapped, or read without copies into free memory."""

import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import DataError, ZooError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.user_data.safe_npy import read_array
from keras_rnn_zoo.user_data.split_folders import name_of_split

MEMORY_FRACTION = 0.8
"""The fraction of free memory that arrays may use; the rest is for processing them."""


MIN_MAPPED = 2**26
"""Minimum size in bytes of an array that is mapped; smaller ones are read, so that the file may change afterwards."""
_LOCAL_HEADER = struct.Struct("<26x2H")
"""What precedes a file in an archive: its last fields are the lengths of the name and of the extra data that follow."""


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
    """Returns the arrays of a NumPy archive by name.

    Large arrays that are not compressed stay in the file, which is mapped into memory: the system reads parts of it
    when they are needed, and drops them when memory is short. Others are read directly into their final memory.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            all_members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
            members = {name: member for member in all_members if (name := _name_in(member.filename, split))}
            _check_room(path, [member for member in members.values() if not _is_mapped(member)])
            return {
                name: read_array(
                    (_mapped if _is_mapped(member) else _unpacked)(archive, member),
                    f"{path}, array {member.filename.removesuffix('.npy')!r}",
                )
                for name, member in members.items()
            }
    except ZooError:
        raise
    except Exception as error:  # `zipfile` raises many kinds of exceptions for damaged files.
        raise DataError(f"{path} is not a NumPy archive: {error}. Write it with numpy.savez.") from None


def _is_mapped(member: zipfile.ZipInfo) -> bool:
    return member.compress_type == zipfile.ZIP_STORED and member.file_size >= MIN_MAPPED


def _check_room(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Raises `DataError` if files in an archive do not fit in memory."""
    size, room = sum(member.file_size for member in members), available()
    if size > room * MEMORY_FRACTION:
        raise DataError(
            f"{path} has {size:,} bytes uncompressed, but only {MEMORY_FRACTION:.0%} of the {room:,} bytes of free "
            "memory may be used. Write it with numpy.savez, which does not compress: then arrays are read from the "
            "disk as they are needed. Or split it, or free memory."
        )


def _mapped(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Any:
    """Returns the bytes of a file in an archive, mapped, after they have been read once to check them."""
    with archive.open(member) as file:  # This checks the header, the size and the checksum.
        size = sum(map(len, iter(lambda: file.read(2**20), b"")))
    if size < member.file_size:
        raise EOFError(f"{member.filename} is truncated")
    assert archive.filename
    with open(archive.filename, "rb") as file:
        file.seek(member.header_offset)
        lengths = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    begin = member.header_offset + _LOCAL_HEADER.size + sum(lengths)
    return np.memmap(archive.filename, "uint8", "r", begin, (member.file_size,))


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Any:
    """Returns the bytes of a file in an archive, in memory."""
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
