"""Documents that name the files beside them by digest, and know their own. Imports no framework.

A digest tells damage, not malice: who changes a file on purpose writes its new digest, too.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from keras_rnn_zoo.artifacts.run_config import FORMAT_VERSION, ExportConfig, RunConfig
from keras_rnn_zoo.artifacts.snapshot import Member, NotRegularError, Snapshot, opened
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.printing import short_repr

logger = logging.getLogger(__name__)

D = TypeVar("D", RunConfig, ExportConfig)

SEAL = "digest"
"""The key of a document's own digest."""
MOST_BYTES = 256 * 2**20
"""Of a JSON document; those of runs have some thousand."""


def with_digests(document: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """Returns a document with the digests of the files beside it, and that of all this."""
    full = {**document, "files": dict(files)}
    full.pop(SEAL, None)
    return {**full, SEAL: document_digest(full)}


def document_digest(document: Mapping[str, Any]) -> str:
    """Returns the SHA-256 of a document's values without its own digest, however they are laid out as JSON."""
    import hashlib

    plain = {key: value for key, value in document.items() if key != SEAL}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify_digest(document: Mapping[str, Any]) -> bool:
    """Whether a document is what `with_digests` made."""
    return document.get(SEAL) == document_digest(document)


def digests(folder: Path | Snapshot, roots: Iterable[str]) -> dict[str, str]:
    """Returns the SHA-256 of each regular file under some names in a folder, by its path within the folder.

    Args:
        folder: the folder.
        roots: names of files in it, or of folders whose files are taken, however deep.
    """
    snapshot = folder if isinstance(folder, Snapshot) else Snapshot(folder)
    return {name: snapshot.digest(name) for name, fault in snapshot.walk(roots) if not fault}


def find_corrupted(
    folder: Snapshot, expected: Mapping[str, str], roots: Iterable[str], *, strict: bool
) -> tuple[str, str]:
    """Returns the name of the first file that is not what was written and what is wrong with it, or "" twice.

    Args:
        folder: the folder.
        expected: the digests that were written, by the paths within the folder.
        roots: where to look, as in `digests`.
        strict: whether a file that was not written is a fault, too.
    """
    roots = tuple(roots)
    held = [name for name in folder.held if name.partition("/")[0] in roots]  # They may have been removed since.
    found = dict.fromkeys(held, "") | dict(folder.walk(roots))
    for name, fault in found.items():
        if fault:
            return name, f"{fault}, where a file of its own was written"
    mine = {name for name in expected if name.partition("/")[0] in roots}
    for name in sorted({*mine, *found} if strict else mine):
        if name not in found:
            return name, "it is missing"
        try:
            digest = folder.digest(name) if name in expected else ""
        except FileNotFoundError:  # It was removed meanwhile.
            return name, "it is missing"
        if expected.get(name) != digest:
            return name, "its content is not what was written (cut short or changed)"
    return "", ""


def read_json(path: Path | Member) -> dict[str, Any]:
    """Reads a JSON object; raises `RunError` where the file is missing, damaged or of no size for one."""
    return _read_json(path)[0]


def _read_json(path: Path | Member) -> tuple[dict[str, Any], bytes]:
    """Returns a JSON object and the content of its file; errors as of `read_json`."""
    where = Path(path)
    try:
        with opened(path) as file:
            if os.fstat(file.fileno()).st_size > MOST_BYTES:
                raise damaged(where, f"it is larger than {MOST_BYTES:,} bytes")
            content = file.read()
        document = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise damaged(where, "it is missing") from None
    except NotRegularError as error:
        raise damaged(where, f"{error.fault}, where a file of its own was written") from None
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(where, f"it cannot be read as JSON ({error})") from None
    if not isinstance(document, dict):
        raise damaged(where, "it does not hold a JSON object")
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
    document, content = _read_json(path)
    if verify_digest(document) and (version := document.get("format_version")) != FORMAT_VERSION:
        raise RunError(
            f"{Path(path)} has format version {short_repr(version)}; this version of Keras RNN Zoo reads "
            f"{FORMAT_VERSION}. Train the run again, or use the version of Keras RNN Zoo that wrote it."
        )
    if invalid := kind.invalid_keys(document):
        raise fault(Path(path), f"it lacks a valid {', '.join(map(repr, invalid))}")
    if not verify_digest(document) or not content.endswith(b"\n"):
        raise fault(Path(path), "its content is not what was written (cut short or changed)")
    return kind.from_json(document)


def check_files(
    folder: Snapshot,
    files: Mapping[str, str],
    roots: tuple[tuple[str, ...], tuple[str, ...]],
    kind: str,
    error: Callable[[Path, str], RunError],
) -> None:
    """Raises what `error` gives if a file that answers depend on is not what was written; of any other it warns.

    Args:
        folder: the folder of a run or an export.
        files: the digests that were written.
        roots: where the files lie that answers depend on, and where those that only tell.
        kind: the word for what has the folder.
        error: makes an error of a file and what is wrong with it.
    """
    answering, telling = roots
    name, fault = find_corrupted(folder, files, answering, strict=True)
    if fault:
        raise error(folder.path / name, fault)
    name, fault = find_corrupted(folder, files, telling, strict=False)
    if fault and folder.is_current():  # They go with a folder that is replaced.
        logger.warning("The %s's file %s is damaged: %s. No answer depends on it.", kind, folder.path / name, fault)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def damaged(path: Path, fault: str) -> RunError:
    """Returns the error for a damaged file of a run."""
    return RunError(
        f"The run's file {path} is damaged: {fault}. Restore it from a copy, or train anew (`zoo train --overwrite`)."
    )
