"""Finds the datasets for a measurement."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def folder_with(location: str, data_dirs: Sequence[str]) -> str | None:
    """Returns the first folder that contains a dataset, prepared or as the files it is prepared from.

    Args:
        location: the dataset's name, or its name and config, such as `imdb_reviews/plain_text`.
        data_dirs: the folders to search, as given by `--data-dir`.
    """
    name = location.partition("/")[0]
    return next((folder for folder in data_dirs if (Path(folder) / name).is_dir()), None)


def data_of(dataset: Any, data_dirs: Sequence[str]) -> tuple[bool, str | None]:
    """Returns whether the data of a dataset is at hand, and the folder it is in; `None` if it is embedded.

    Args:
        dataset: the `registry.Dataset`.
        data_dirs: the folders to search, as given by `--data-dir`.
    """
    folder = None if dataset.embedded else folder_with(dataset.location, data_dirs)
    return dataset.embedded or folder is not None, folder
