"""Which files of a run are shared: packed into an archive, or sent to a repository. Imports no framework."""

import re
from collections.abc import Iterable

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.digests import find_corrupted
from keras_rnn_zoo.artifacts.export import STREAMING
from keras_rnn_zoo.artifacts.run import MODEL_FILES, UNSHARED_FILES, Run
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.artifacts.snapshot import MAX_DEPTH, Snapshot
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import RunError

CONFIG = "config.json"
MAX_FILES = 10_000
"""Maximum number of files of a shared run, with its exports."""
_NAME = re.compile(r"[^/\\:\x00-\x1f\x7f]+(/[^/\\:\x00-\x1f\x7f]+)*")


def shared_files(run: Run, *, exports: bool = False) -> list[str]:
    """Returns the paths within a run of the files to share, `config.json` first and the others sorted.

    They are the files that predictions depend on, the metrics, the history and the model card. Logs and the example,
    which is an input of the user's data, are not among them.

    Args:
        run: the run.
        exports: whether to include its exports.

    Raises:
        RunError: a file is a link, a pipe or a device.
    """
    files = [name for name in run.config.files if _root(name) not in UNSHARED_FILES]
    folders = [name for name in run.snapshot.names() if exports and is_export_folder(name)]
    found = dict(run.snapshot.walk([*dict.fromkeys(map(_root, files)), *folders]))
    for name, fault in found.items():
        if fault:
            raise RunError(f"The run's file {run.path / name} cannot be shared: {fault}. Replace it with a file.")
    kept = {name for name in found if name in files or _root(name) in folders}
    return [CONFIG, *sorted(kept)]


def is_export_folder(name: str) -> bool:
    """Returns whether a folder of a run holds exports: a version, those of a format, or streaming exports."""
    return bool(re.fullmatch(r"[1-9]\d{0,8}", name)) or name in (STREAMING, *registry.export_formats.names())


def fault_of_names(names: Iterable[str]) -> str:
    """Returns what is wrong with the paths of files that claim to be those of a run, in words, or ""."""
    seen: set[str] = set()
    for name in names:
        parts = name.split("/")
        if not _NAME.fullmatch(name) or {".", ".."} & {*parts} or len(parts) > MAX_DEPTH or len(name) > 500:
            return f"it contains a file with the path {short_repr(name)}, which is not one within a run"
        if name.casefold() in seen:
            return f"it contains {short_repr(name)} twice"
        seen.add(name.casefold())
        if len(seen) > MAX_FILES:
            return f"it contains more than {MAX_FILES:,} files"
    return "" if CONFIG in seen else f"it contains no {CONFIG}"


def fault_of_files(names: Iterable[str], config: RunConfig) -> str:
    """Returns which of these files is not one that the run's `config.json` lists, or which one is missing, or "".

    Exports have a list of their own, which is checked when they are loaded.
    """
    names = set(names)
    for name in sorted(names - {CONFIG}):
        if name not in config.files and not is_export_folder(_root(name)):
            return f"it contains {short_repr(name)}, which is not a file of a run"
    missing = sorted(name for name in config.files if _root(name) in MODEL_FILES and name not in names)
    return f"it lacks {short_repr(missing[0])}" if missing else ""


def find_damage(folder: Snapshot, config: RunConfig) -> tuple[str, str]:
    """Returns a file on which predictions depend and that is not what `config.json` says, and why; ("", "") if none."""
    roots = {_root(name) for name in config.files} & {*MODEL_FILES}
    return find_corrupted(folder, config.files, roots, strict=True)


def _root(name: str) -> str:
    return name.partition("/")[0]
