"""JSON documents that record the digests of a folder's files, and their own. Imports no framework.

Digests detect damage, not malice: anyone who changes a file on purpose can write its new digest, too.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from keras_rnn_zoo.artifacts.run_config import FORMAT_VERSION, ExportConfig, RunConfig
from keras_rnn_zoo.artifacts.schema import Validator
from keras_rnn_zoo.artifacts.snapshot import Member, NotRegularError, Snapshot, opened
from keras_rnn_zoo.display.printing import shell_quote, short_repr
from keras_rnn_zoo.errors import RunError

logger = logging.getLogger(__name__)

D = TypeVar("D", RunConfig, ExportConfig)

DIGEST_KEY = "digest"
"""The key of a document's own digest."""
FACTS = "export.json"
"""The description of an export: run, task, data, endpoints, the comparison with the run, and digests of its files."""
UNFINISHED = ".unfinished"
"""The end of the name of the folder of an unfinished training, `.NAME.unfinished`."""
MAX_JSON_BYTES = 256 * 2**20
"""Maximum size of a JSON document; those of runs typically have a few thousand bytes."""


def with_digests(document: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """Returns a document with the digests of its folder's files and its own digest."""
    full = {**document, "files": dict(files)}
    full.pop(DIGEST_KEY, None)
    return {**full, DIGEST_KEY: document_digest(full)}


def document_digest(document: Mapping[str, Any]) -> str:
    """Returns the SHA-256 of a document's values except its own digest; JSON formatting does not affect it."""
    import hashlib

    plain = {key: value for key, value in document.items() if key != DIGEST_KEY}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify_digest(document: Mapping[str, Any]) -> bool:
    """Whether a document matches its own digest, as written by `with_digests`."""
    return document.get(DIGEST_KEY) == document_digest(document)


def digests(folder: Path | Snapshot, roots: Iterable[str]) -> dict[str, str]:
    """Returns the SHA-256 of regular files in a folder, by their paths within the folder.

    Args:
        folder: the folder.
        roots: names of files to include, and of subfolders to include recursively.
    """
    snapshot = folder if isinstance(folder, Snapshot) else Snapshot(folder)
    return {name: snapshot.digest(name) for name, fault in snapshot.walk(roots) if not fault}


def find_corrupted(
    folder: Snapshot, expected: Mapping[str, str], roots: Iterable[str], *, strict: bool
) -> tuple[str, str]:
    """Returns the name of the first missing or changed file and a description of the fault, or two empty strings.

    Args:
        folder: the folder.
        expected: the digests that were written, by the paths within the folder.
        roots: which files to check, as in `digests`.
        strict: whether an additional file is a fault, too.
    """
    roots = tuple(roots)
    held = [name for name in folder.held if name.partition("/")[0] in roots]  # May have been removed since.
    faults = dict.fromkeys(held, "") | dict(folder.walk(roots))
    for name, fault in faults.items():
        if fault:
            return name, f"{fault}, where a regular file was written"
    written = {name for name in expected if name.partition("/")[0] in roots}
    for name in sorted({*written, *faults} if strict else written):
        if name not in faults:
            return name, "it is missing"
        try:
            digest = folder.digest(name) if name in expected else ""
        except FileNotFoundError:  # It was removed in the meantime.
            return name, "it is missing"
        if expected.get(name) != digest:
            return name, "its content is not what was written (truncated or changed)"
    return "", ""


def read_json(path: Path | Member) -> dict[str, Any]:
    """Reads a JSON object; raises `RunError` if the file is missing, damaged or too large."""
    return _read_json(path, damaged)[0]


def read_values(
    path: Path | Member, valid: Mapping[str, Validator], same_length: Iterable[tuple[str, str]] = ()
) -> dict[str, Any]:
    """Reads a JSON object and checks its values, such as the scales that a task learned.

    Args:
        path: the file.
        valid: the validator of each value that is used, by its key; it gets `None` if the key is missing.
        same_length: pairs of keys whose lists have as many items; a number counts as one.

    Raises:
        RunError: the file is missing, damaged or too large, or a value is not valid.
    """
    document = read_json(path)
    invalid = [name for name, accepts in valid.items() if not accepts(document.get(name))]
    if not invalid:
        lengths = {name: len(value) if isinstance(value, list) else 1 for name, value in document.items()}
        invalid = [second for first, second in same_length if lengths[first] != lengths[second]]
    if invalid:
        raise damaged(Path(path), f"it has no valid {', '.join(map(repr, invalid))}")
    return document


def _read_json(path: Path | Member, fault: Callable[[Path, str], RunError]) -> tuple[dict[str, Any], bytes]:
    """Returns a JSON object and the content of its file; raises what `fault` returns, as in `read_config`."""
    where = Path(path)
    try:
        with opened(path) as file:
            if os.fstat(file.fileno()).st_size > MAX_JSON_BYTES:
                raise fault(where, f"it is larger than {MAX_JSON_BYTES:,} bytes")
            content = file.read()
        document = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise fault(where, "it is missing") from None
    except NotRegularError as error:
        raise fault(where, f"{error.fault}, where a regular file was written") from None
    except (OSError, ValueError, RecursionError) as error:
        raise fault(where, f"it cannot be read as JSON ({error})") from None
    if not isinstance(document, dict):
        raise fault(where, "it does not hold a JSON object")
    return document, content


def read_config(path: Path | Member, kind: type[D], fault: Callable[[Path, str], RunError]) -> D:
    """Reads the description of a run or an export.

    Args:
        path: its file.
        kind: `RunConfig` or `ExportConfig`.
        fault: makes the error for a damaged file, given its path and a description of the fault.

    Raises:
        RunError: what `fault` returns if the file is missing, a key is missing or invalid, or the content is not what
            was written; or the file has another format version.
    """
    document, content = _read_json(path, fault)
    if verify_digest(document) and (version := document.get("format_version")) != FORMAT_VERSION:
        again = "Export" if kind is ExportConfig else "Train"
        raise RunError(
            f"{Path(path)} has format version {short_repr(version)}; this version of Keras RNN Zoo reads "
            f"{FORMAT_VERSION}. {again} the run again, or use the version of Keras RNN Zoo that wrote it."
        )
    other_version = "" if document.get("format_version") == FORMAT_VERSION else _other_version(document)
    if invalid := kind.invalid_keys(document):
        raise fault(Path(path), f"it has no valid {', '.join(map(repr, invalid))}{other_version}")
    if not verify_digest(document) or not content.endswith(b"\n"):
        raise fault(Path(path), f"its content is not what was written (truncated or changed){other_version}")
    return kind.from_json(document)


def _other_version(document: Mapping[str, Any]) -> str:
    """Returns the end of a message about a document that does not have this package's format version."""
    found = f"has the format version {short_repr(document['format_version'])}" if "format_version" in document else ""
    return f"; it {found or 'has no format version'}, so another version of Keras RNN Zoo may have written it"


def check_files(
    folder: Snapshot,
    files: Mapping[str, str],
    roots: tuple[tuple[str, ...], tuple[str, ...]],
    kind: str,
    error: Callable[[Path, str], RunError],
) -> None:
    """Checks the files of a run or an export: raises an error for a file that predictions depend on, else warns.

    Args:
        folder: the folder of a run or an export.
        files: the digests that were written.
        roots: the names of files and folders that predictions depend on, and those of reports.
        kind: `"run"` or `"export"`, for messages.
        error: makes the error for a damaged file, given its path and a description of the fault.

    Raises:
        RunError: what `error` returns, if a file that predictions depend on is not what was written.
    """
    model_roots, report_roots = roots
    name, fault = find_corrupted(folder, files, model_roots, strict=True)
    if fault:
        raise error(folder.path / name, fault)
    name, fault = find_corrupted(folder, files, report_roots, strict=False)
    if fault and folder.is_current():  # Reports are not held open, so they vanish when the folder is replaced.
        logger.warning(
            "The %s's file %s is damaged: %s. Predictions do not depend on it.", kind, folder.path / name, fault
        )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def damaged(path: Path, fault: str) -> RunError:
    """Returns the error for a damaged file of a run, or of an export."""
    for folder in (path, *path.parents):
        if os.path.lexists(folder / FACTS):
            return damaged_export(path, fault)
        if os.path.lexists(folder / "config.json"):
            break
    return RunError(f"The run's file {path} is damaged: {fault}. Restore it from a copy, or {_train_again(path)}.")


def damaged_export(path: Path, fault: str) -> RunError:
    """Returns the error for a damaged file of an export."""
    return RunError(f"The export's file {path} is damaged: {fault}. Export the run again.")


def _train_again(path: Path) -> str:
    """Returns what to do to replace the run that a file belongs to."""
    for folder in (path, *path.parents):
        if folder.name.startswith(".") and folder.name.endswith(UNFINISHED):
            name = folder.name[1 : -len(UNFINISHED)]
            return f"start the training again: zoo train ARCHITECTURE --run {shell_quote(name)} --overwrite"
        if os.path.lexists(folder / "config.json"):
            return f"train the run again: zoo train ARCHITECTURE --run {shell_quote(folder.name)}"
    return "train the run again"
