"""The registered datasets, as a table. Imports no framework."""

import os
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._prepared import data_dir_path, find_prepared
from keras_rnn_zoo.display.text_tables import Table


def datasets(data_dir: str | os.PathLike[str] | None = None) -> Table:
    """Returns the registered datasets, their licenses, and whether they are on disk.

    Args:
        data_dir: folder of prepared TFDS datasets; by default, `$TFDS_DATA_DIR` or `~/tensorflow_datasets`.

    Returns:
        A list with a dict for each dataset: `name`, `task`, `source`, `size`, `license`, `license_id` (its identifier
        on the Hugging Face Hub), `terms` (the address of the page that states it), `not_shipped` (why networks trained
        on it are not passed on, or ""), `embedded` and `on_disk`. It is shown as a table, also in notebooks.

    Example:
        >>> [entry["name"] for entry in datasets() if entry["task"] == "tagging" and entry["embedded"]]
        ['slots']
    """
    folder = data_dir_path(data_dir)
    rows = [
        {
            "name": entry.name,
            "task": entry.task,
            "source": entry.source,
            "size": entry.size,
            "license": entry.license,
            "license_id": entry.license_id,
            "terms": entry.terms,
            "not_shipped": entry.not_shipped,
            "embedded": entry.embedded,
            "on_disk": entry.embedded or find_prepared(entry.location, folder) is not None,
        }
        for entry in registry.datasets.entries()
    ]
    keys = ("name", "task", "source", "size", "license")
    return Table(rows, "Datasets", {**dict(zip(keys, keys, strict=True)), "where": _where})


def _where(row: Mapping[str, Any]) -> str:
    return "embedded" if row["embedded"] else "on disk" if row["on_disk"] else "to download"
