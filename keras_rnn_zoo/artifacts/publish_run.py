"""Writing a run atomically: to a temporary folder, with the digests of its files, which is then renamed."""

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from keras_rnn_zoo.artifacts.digests import MAX_JSON_BYTES, with_digests
from keras_rnn_zoo.artifacts.run import MODEL_FILES, Run, version_numbers
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.atomic_files import move_folder, replace_folder, temp_dir_beside, write_json
from keras_rnn_zoo.errors import DataError, RunError

logger = logging.getLogger(__name__)

_MARGIN = 2**20
"""Bytes reserved for what is added to `config.json` when training ends, such as the digests of files."""


@contextlib.contextmanager
def atomic_run(path: Path, *, again: bool = False) -> Iterator[Path]:
    """Yields a new folder, which becomes the run `path` when the block ends and is removed if the block fails.

    An earlier run of that name is kept as `<run>.1`, `<run>.2`, ... (the next free name). It is replaced instead if
    nothing was exported from it and its training was interrupted, or was killed just after writing it.

    Args:
        path: the run.
        again: whether this is a resumed training, which may have written the same run before.
    """
    with temp_dir_beside(path) as folder:
        yield folder
        if not os.path.lexists(path):
            move_folder(folder, path)
        elif _is_outdated(Run(path), Run(folder) if again else None):
            replace_folder(folder, path, None)
        else:
            earlier = path.with_name(_free_name(path))
            replace_folder(folder, path, earlier)
            logger.info("The earlier run %s is kept as %s.", path.name, earlier)


def _is_outdated(run: Run, other: Run | None) -> bool:
    try:
        exported = [path for path in (run.path, *run.path.iterdir()) if version_numbers(path)]
        same = other is not None and _fitted(other) == _fitted(run)
        return not exported and (same or not run.config.finished)
    except (RunError, OSError):
        return False


def _fitted(run: Run) -> dict[str, str]:
    """Returns the digests of the files that predictions depend on."""
    return {name: digest for name, digest in run.config.files.items() if name.partition("/")[0] in MODEL_FILES}


def _free_name(path: Path) -> str:
    number = 1
    while os.path.lexists(path.with_name(f"{path.name}.{number}")):
        number += 1
    return f"{path.name}.{number}"


def check_config(config: RunConfig) -> None:
    """Raises `DataError` if a `config.json` with these values would be too large to be read.

    Checked before training: its lists of classes and of skipped rows grow with the data.
    """
    document = with_digests(config.to_json(), {})
    size = len(json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    invalid = RunConfig.invalid_keys(document)
    if invalid or size > MAX_JSON_BYTES - _MARGIN:
        raise DataError(
            f"The run's config.json would be too large to be read: {size:,} bytes"
            + (f", with more in {', '.join(invalid)} than a run may have. " if invalid else ". ")
            + f"It lists {len(config.task.classes):,} classes, and the skipped rows. Use fewer or shorter classes."
        )


def write_config(run: Run, config: RunConfig) -> None:
    """Writes `config.json`, with the digests of the run's files and its own digest."""
    write_json(run.path / "config.json", with_digests(config.to_json(), run.digests()))
