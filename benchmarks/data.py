"""Where the data sets of a measurement lie."""

from collections.abc import Sequence
from pathlib import Path


def folder_with(location: str, data_dirs: Sequence[str]) -> str | None:
    """Returns the first of the folders that holds a data set, prepared or as the files that it is prepared from.

    Args:
        location: the data set's name, or its name and config, as `imdb_reviews/plain_text`.
        data_dirs: the folders to look in, as users name them by `--data-dir`.
    """
    name = location.partition("/")[0]
    return next((folder for folder in data_dirs if (Path(folder) / name).is_dir()), None)
