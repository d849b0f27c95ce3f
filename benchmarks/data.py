"""Finds the datasets for a measurement."""

from collections.abc import Sequence
from pathlib import Path


def folder_with(location: str, data_dirs: Sequence[str]) -> str | None:
    """Returns the first folder that contains a dataset, prepared or as the files it is prepared from.

    Args:
        location: the dataset's name, or its name and config, such as `imdb_reviews/plain_text`.
        data_dirs: the folders to search, as given by `--data-dir`.
    """
    name = location.partition("/")[0]
    return next((folder for folder in data_dirs if (Path(folder) / name).is_dir()), None)
