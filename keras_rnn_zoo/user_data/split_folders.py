"""Folders that are divided already: train, validation and test, with the same within each."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.listing import list_folder

_NAMES: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "development", "eval"),
    "test": ("test", "testing"),
}
"""What folders of splits are called."""
_AROUND = re.compile(r"^(seg|images?|data)(?=[_ -])|(set|images?|data|(19|20)[0-9]{2})$")
"""What stands before or behind those names, as in train_set, trainset, seg_train or train2017."""


def name_of_split(name: str) -> str:
    """Returns the split that a folder of this name usually holds, or ""."""
    name = _AROUND.sub("", name.casefold()).strip("_ -")
    return next((split for split, names in _NAMES.items() if name in names), "")


def split_folders(folder: Path, endings: Collection[str], tables: Collection[str]) -> dict[str, str]:
    """Returns the folders that a folder is divided into, by split; empty where it is not.

    It is divided if it has a folder for training, such as `train`, and no other files than those of its splits.

    Args:
        folder: the folder.
        endings: the endings of the files wanted.
        tables: names of tables that may tell what the files show or say.

    Raises:
        DataError: it is divided only in part, or two folders are for one split.
    """
    inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    found: dict[str, Path] = {}
    for path in inner:
        split = name_of_split(path.name)
        if split in found and "train" in map(name_of_split, (other.name for other in inner)):
            raise DataError(
                f"{folder} has two folders for {split}, {found[split].name!r} and {path.name!r}. Rename or move one."
            )
        if split and _holds_files(path, endings):
            found[split] = path
    if "train" not in found:
        return {}
    beside = [path.name for path in inner if not name_of_split(path.name) and list_folder(path, endings).paths]
    beside += [path.name for path in folder.iterdir() if path.suffix.casefold() in endings and not path.is_dir()]
    beside += [name for name in tables if (folder / name).is_file()]
    if beside and len(found) == 1:
        return {}  # The name of a class, or of one folder among others.
    if beside:
        named = ", ".join(repr(found[split].name) for split in _NAMES if split in found)
        raise DataError(
            f"{folder} has {min(beside)!r} beside the folders of splits, {named}. Put it into one of them, or name one "
            f"folder to train on, such as {found['train']}, and others with --validation and --test."
        )
    return {split: str(path) for split, path in found.items()}


def _holds_files(folder: Path, endings: Collection[str]) -> bool:
    listing = list_folder(folder, endings)
    return bool(listing.paths or listing.unread)
