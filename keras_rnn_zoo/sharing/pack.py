"""Packs a run into an archive."""

import os
import shutil
import stat
import zipfile
from pathlib import Path

from keras_rnn_zoo.artifacts.run import ARCHIVE, Run, open_run
from keras_rnn_zoo.artifacts.shared_files import shared_files
from keras_rnn_zoo.atomic_files import atomic_write, user_path
from keras_rnn_zoo.errors import OptionError, RunError

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date of a zip file: equal runs give equal bytes."""


def pack(
    run: Run | str | os.PathLike[str] | None = None,
    path: str | os.PathLike[str] | None = None,
    *,
    exports: bool = False,
    overwrite: bool = False,
    models_dir: str | os.PathLike[str] | None = None,
) -> Path:
    """Packs a run into one file, which every function of this package takes in place of the run.

    The archive is a zip file without compression. It contains what is needed to use the run, its metrics, its history
    and its model card, but no logs and no input of the user's data. The same run always gives the same bytes.

    Args:
        run: the run or its name; `None` for the only run.
        path: the file to write, whose name ends in `.zip`; by default, the run's name with that ending.
        exports: whether to include the run's exports.
        overwrite: whether to replace an existing file.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.

    Returns:
        The path of the file.

    Raises:
        RunError: the run does not exist, or one of its files is missing or damaged; or the file exists.
        OptionError: the name of the file does not end in `.zip`.

    Example:
        >>> zoo.pack("reviews")                                        # doctest: +SKIP
        PosixPath('reviews.zip')
        >>> zoo.load("reviews.zip").predict(["a film to remember"])    # doctest: +SKIP
    """
    found = open_run(run, models_dir)
    target = user_path(path or f"{found.name}{ARCHIVE}")
    if not target.name.endswith(ARCHIVE):
        raise OptionError(
            f"An archive's name ends in {ARCHIVE}; received {target.name!r}. Name it {target.name}{ARCHIVE}."
        )
    if target.is_dir() or (os.path.lexists(target) and not overwrite):
        advice = "Name another file." if target.is_dir() else "Replace it with --overwrite, or name another file."
        raise RunError(f"{target} already exists. {advice}")
    if not target.parent.is_dir():
        raise RunError(f"{target.name} cannot be written: there is no folder {target.parent}. Create it first.")
    with found.reading(), atomic_write(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in shared_files(found, exports=exports):
            _add(archive, found, name)
    return target


def _add(archive: zipfile.ZipFile, run: Run, name: str) -> None:
    member = zipfile.ZipInfo(name, _DATE)
    member.create_system = 3  # Unix, on every system.
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    with run.snapshot.opened(name) as file:
        member.file_size = os.fstat(file.fileno()).st_size
        with archive.open(member, "w") as written:
            shutil.copyfileobj(file, written)
