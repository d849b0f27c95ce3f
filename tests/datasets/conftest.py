"""Fixtures that the tests of several data sets share."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import tensorflow_datasets as tfds


@pytest.fixture(scope="session")
def write_dummy():
    """A function that prepares dummy examples as a TFDS builder would prepare the data set; see `_write_dummy`."""
    return _write_dummy


def _write_dummy(
    builder: str | type,
    data_dir: str | Path,
    splits: Mapping[str, Iterable[Mapping[str, Any]]],
    config: str | None = None,
) -> Path:
    """Prepares a data set from dummy examples in the builder's own features, version and layout.

    Args:
        builder: the name of one of TFDS's builders, or the class of one of ours.
        data_dir: the folder of prepared data sets.
        splits: for each split, as TFDS names it, its examples as the builder's `_generate_examples` yields them.
        config: name of one of the builder's configs; its default one by default.

    Returns:
        The folder of the prepared version.
    """
    make = tfds.builder_cls(builder) if isinstance(builder, str) else builder
    true_builder = make(data_dir=data_dir, config=config)
    examples = {name: list(enumerate(rows)) for name, rows in splits.items()}
    with mock.patch.object(true_builder, "_split_generators", lambda *_args, **_kwargs: examples):
        # Shuffling of the examples and writing to shards is the builder's own.
        true_builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    return Path(true_builder.data_dir)


@pytest.fixture
def data_dir(tmp_path):
    """A data directory, which may be written again when the test is over."""
    folder = tmp_path / "data"
    folder.mkdir()
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
