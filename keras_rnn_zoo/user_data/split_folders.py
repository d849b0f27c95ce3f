"""Folders with a subfolder for each split: train, validation and test."""

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
"""Usual names of the folders of splits."""
_AFFIXES = re.compile(r"^(seg|images?|data)(?=[_ -])|(set|images?|data|(19|20)[0-9]{2})$")
"""Usual prefixes and suffixes of these names, as in train_set, trainset, seg_train or train2017."""


def name_of_split(name: str) -> str:
    """Returns the split that a folder of this name usually contains, or ""."""
    name = _AFFIXES.sub("", name.casefold()).strip("_ -")
    return next((split for split, names in _NAMES.items() if name in names), "")


def split_folders(folder: Path, endings: Collection[str], tables: Collection[str]) -> dict[str, str]:
    """Returns the subfolders of splits by split; empty if there are none.

    There are if the folder has a subfolder for training, such as `train`, and no files outside those of splits.

    Args:
        folder: the folder.
        endings: the extensions of the files to read.
        tables: names of tables that may contain the targets.

    Raises:
        DataError: there are files outside the subfolders of splits, or two subfolders for the same split.
    """
    inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    folders: dict[str, Path] = {}
    for path in inner:
        split = name_of_split(path.name)
        if split in folders and "train" in map(name_of_split, (other.name for other in inner)):
            raise DataError(
                f"{folder} has two folders for {split}, {folders[split].name!r} and {path.name!r}. Rename or move one."
            )
        if split and _has_files(path, endings):
            folders[split] = path
    if "train" not in folders:
        return {}
    others = [path.name for path in inner if not name_of_split(path.name) and list_folder(path, endings).paths]
    others += [path.name for path in folder.iterdir() if path.suffix.casefold() in endings and not path.is_dir()]
    others += [name for name in tables if (folder / name).is_file()]
    if others and len(folders) == 1:
        return {}  # "train" is the name of a class, or of an unrelated folder.
    if others:
        names = ", ".join(repr(folders[split].name) for split in _NAMES if split in folders)
        raise DataError(
            f"{folder} has {min(others)!r} next to the folders of splits, {names}. Move it into one of them, or name "
            f"one folder to train on, such as {folders['train']}, and others with --validation and --test."
        )
    return {split: str(path) for split, path in folders.items()}


def _has_files(folder: Path, endings: Collection[str]) -> bool:
    listing = list_folder(folder, endings)
    return bool(listing.paths or listing.unread)
