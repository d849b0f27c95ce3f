"""The files in a folder: those of one kind, warnings about others, and lookup by names in a table."""

import os
import posixpath
import stat
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import DataError

_COMPANIONS = frozenset(
    ".csv .tsv .txt .text .json .jsonl .ndjson .yaml .yml .xml .md .rst .pdf .html .htm .log .ini .cfg .toml .py .sh "
    ".ipynb .db .gz .zip .tar .tgz .7z .md5 .sha1 .sha256 .sum".split()
)
"""Extensions of tables, descriptions and archives, which nobody expects to be read as images or recordings."""
_COMPANION_NAMES = frozenset("readme license license copying notice authors changelog makefile".split())

NOT_UTF_8 = "its name is not valid UTF-8. Rename it"


@dataclass
class Listing:
    """The files in a folder and its subfolders, without hidden ones.

    Attributes:
        paths: paths of the files with the requested extensions, relative to the folder, in a fixed order.
        faults: the fault of each of these files that cannot be used.
        unread: number of other files by extension, without tables and descriptions.
        links: symbolic links to other folders, which are not followed.
    """

    paths: list[Path] = field(default_factory=list)
    faults: dict[Path, str] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    links: list[Path] = field(default_factory=list)

    def warnings(self, folder: Path, needs: Mapping[str, str]) -> list[str]:
        """Returns warnings about files that are not read, as sentences.

        Args:
            folder: the folder, for the sentences.
            needs: for extensions that need a package, how to install it.
        """
        sentences = [f"In {folder}, {text}." for text in self.counts(needs)]
        if self.links:
            links = f"{str(self.links[0])!r}" + (f" and {len(self.links) - 1:,} more" if len(self.links) > 1 else "")
            sentences.append(f"In {folder}, links to other folders are not followed: {links}. Copy the files there.")
        return sentences

    def counts(self, needs: Mapping[str, str]) -> list[str]:
        """Returns the number of files per extension that is not read: "12 files end in .m4a, which is not read"."""
        texts = []
        for ending, count in sorted(self.unread.items(), key=lambda item: (-item[1], item[0])):
            files, verb = quantity(count, "file"), "ends" if count == 1 else "end"
            if not ending:
                has = "has" if count == 1 else "have"
                texts.append(f"{files} {has} no ending, and {'is' if count == 1 else 'are'} not read")
            elif ending in needs:
                texts.append(f"{files} {verb} in {ending}, which needs: {needs[ending]}")
            else:
                texts.append(f"{files} {verb} in {ending}, which is not read")
        return texts


def list_folder(folder: Path, endings: Collection[str]) -> Listing:
    """Lists a folder and its subfolders; raises `DataError` if a folder cannot be read.

    Args:
        folder: the folder.
        endings: the requested extensions, in lower case, such as ".png".
    """
    listing = Listing()
    for entry in _entries(folder, listing.links, folder):
        path = Path(entry.path).relative_to(folder)
        ending = path.suffix.casefold()
        if ending in endings:
            listing.paths.append(path)
            if fault := _fault(entry):
                listing.faults[path] = fault
        elif ending not in _COMPANIONS and path.stem.casefold() not in _COMPANION_NAMES:
            listing.unread[ending.encode("utf-8", "replace").decode()] += 1
    listing.paths.sort()
    return listing


def _entries(folder: Path, links: list[Path], top: Path) -> "Iterator[os.DirEntry[str]]":
    """Yields the entries of a folder and its subfolders that are not folders; appends links to folders to `links`."""
    folders = [str(folder)]
    while folders:
        current = folders.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError as error:
            raise DataError(f"The folder {current} cannot be read: {error.strerror}. Change its permissions.") from None
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif entry.is_symlink() and entry.is_dir():
                links.append(Path(entry.path).relative_to(top))
            else:
                yield entry


def _fault(entry: "os.DirEntry[str]") -> str:
    """Returns the fault of a file that cannot be used at all, without opening it, or ""."""
    try:
        entry.path.encode()
    except UnicodeEncodeError:
        return NOT_UTF_8
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        return f"the file cannot be read: {error.strerror}"
    return "" if stat.S_ISREG(mode) else "it is not a regular file"  # Reading from a pipe would block.


class FileNames:
    """Finds files of a folder by their names in a table.

    An exact relative path takes precedence. Otherwise, the name may lack the folder or the extension, and differ in
    case or Unicode normalization, as long as it matches a single file.

    Args:
        folder: the folder.
        paths: the files, relative to it.
    """

    def __init__(self, folder: Path, paths: Collection[Path]) -> None:
        self.folder = folder
        self._exact = {path.as_posix(): path for path in paths}
        self._example = next(iter(self._exact), "")
        self._loose: dict[str, list[Path]] = {}
        for path in paths:
            names = {path.as_posix(), path.with_suffix("").as_posix(), path.name, path.stem}
            for name in {_folded(name) for name in names}:
                self._loose.setdefault(name, []).append(path)

    def find(self, name: str) -> tuple[Path | None, str]:
        """Returns the path of the file and "", or `None` and the fault."""
        name = name.strip()
        if name in self._exact:
            return self._exact[name], ""
        advice = f"write paths relative to the folder, such as {self._example!r}"
        relative = posixpath.normpath(name.replace("\\", "/")) if name else ""
        if posixpath.isabs(relative):
            for top in (self.folder, self.folder.resolve()):
                if Path(relative).is_relative_to(top):
                    relative = Path(relative).relative_to(top).as_posix()
                    break
        if relative in self._exact:
            return self._exact[relative], ""
        if posixpath.isabs(relative) or relative.split("/")[0] == "..":
            return None, f"the path is outside the folder; {advice}"
        matches = self._loose.get(_folded(relative), [])
        if len(matches) == 1:
            return matches[0], ""
        if matches:
            listed = " and ".join(repr(path.as_posix()) for path in matches[:2])
            more = f" and {len(matches) - 2:,} more" if len(matches) > 2 else ""
            return None, f"the name matches several files, {listed}{more}; {advice}"
        try:
            unread = bool(relative) and (self.folder / relative).is_file()
        except (OSError, ValueError):
            unread = False
        if unread and not any(part.startswith(".") for part in relative.split("/")):
            return None, f"files that end in {Path(relative).suffix!r} are not read"
        return None, f"there is no such file; {advice}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
