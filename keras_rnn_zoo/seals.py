"""Documents that name the files beside them by digest, and know their own. Imports no framework.

A digest tells damage, not malice: who changes a file on purpose writes its new digest, too.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo.files import file_digest

SEAL = "digest"
"""The key of a document's own digest."""


def sealed(document: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
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


def is_unchanged(document: Mapping[str, Any]) -> bool:
    """Whether a document is what `sealed` made."""
    return document.get(SEAL) == document_digest(document)


def own_files(folder: Path, roots: Iterable[str]) -> Iterator[Path]:
    """Gives the files under some names in a folder, sorted; symbolic links as what they are, never followed.

    Args:
        folder: the folder.
        roots: names of files in it, or of folders whose files are given, however deep.
    """
    for root in roots:
        path = folder / root
        if path.is_symlink() or path.is_file():
            yield path
        for parent, folders, files in sorted(os.walk(path)) if not path.is_symlink() else ():
            links = [name for name in folders if (Path(parent) / name).is_symlink()]
            yield from (Path(parent) / name for name in sorted([*files, *links]))


def digests(folder: Path, roots: Iterable[str]) -> dict[str, str]:
    """Returns the SHA-256 of each file that `own_files` gives, by its path within the folder; links are left out."""
    return {
        file.relative_to(folder).as_posix(): file_digest(file)
        for file in own_files(folder, roots)
        if file.is_file() and not file.is_symlink()
    }


def first_fault(folder: Path, expected: Mapping[str, str], roots: Iterable[str], *, strict: bool) -> tuple[Path, str]:
    """Returns the first file that is not what was written and what is wrong with it, or the folder and "".

    Args:
        folder: the folder.
        expected: the digests that were written, by the paths within the folder.
        roots: where to look, as in `own_files`.
        strict: whether a file that was not written is a fault, too.
    """
    roots = tuple(roots)
    for file in own_files(folder, roots):
        if file.is_symlink():
            return file, "it is a symbolic link, where a file of its own was written"
    found = digests(folder, roots)
    mine = {name for name in expected if name.partition("/")[0] in roots}
    for name in sorted({*mine, *found} if strict else mine):
        if name not in found:
            return folder / name, "it is missing"
        if expected.get(name) != found[name]:
            return folder / name, "its content is not what was written (cut short or changed)"
    return folder, ""
