"""What lies in a folder: the files of one kind, those of other kinds, and what may be meant by a name in a table."""

import os
import posixpath
import stat
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from keras_rnn_zoo.errors import DataError

_BESIDE_DATA = frozenset(
    ".csv .tsv .txt .text .json .jsonl .ndjson .yaml .yml .xml .md .rst .pdf .html .htm .log .ini .cfg .toml .py .sh "
    ".ipynb .db .gz .zip .tar .tgz .7z .md5 .sha1 .sha256 .sum".split()
)
"""The endings of tables, descriptions and archives, which nobody expects to be read as an image or a recording."""
_NAMES_BESIDE_DATA = frozenset("readme license license copying notice authors changelog makefile".split())

NOT_UTF_8 = "its name is not valid UTF-8. Rename it"


@dataclass
class Listing:
    """The files in a folder and below it, without hidden ones.

    Attributes:
        paths: the paths of files with the endings wanted, relative to the folder, in a fixed order.
        faults: those of them that cannot be used, with what is wrong.
        unread: how many other files there are of each ending, without tables and descriptions.
        links: links to other folders, which are not followed.
    """

    paths: list[Path] = field(default_factory=list)
    faults: dict[Path, str] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    links: list[Path] = field(default_factory=list)

    def warnings(self, folder: Path, needs: Mapping[str, str]) -> list[str]:
        """Returns sentences that tell what is not read.

        Args:
            folder: the folder, for the sentences.
            needs: for endings that a package is needed for, how to install it.
        """
        told = [f"In {folder}, {text}." for text in self.counts(needs)]
        if self.links:
            named = f"{str(self.links[0])!r}" + (f" and {len(self.links) - 1:,} more" if len(self.links) > 1 else "")
            told.append(f"In {folder}, links to other folders are not followed: {named}. Copy the files there.")
        return told

    def counts(self, needs: Mapping[str, str]) -> list[str]:
        """Returns how many files end in what is not read, such as "12 files end in .m4a, which is not read"."""
        told = []
        for ending, count in sorted(self.unread.items(), key=lambda item: (-item[1], item[0])):
            files, verb = ("1 file", "ends") if count == 1 else (f"{count:,} files", "end")
            if not ending:
                has = "has" if count == 1 else "have"
                told.append(f"{files} {has} no ending, and {'is' if count == 1 else 'are'} not read")
            elif ending in needs:
                told.append(f"{files} {verb} in {ending}, which needs: {needs[ending]}")
            else:
                told.append(f"{files} {verb} in {ending}, which is not read")
        return told


def list_folder(folder: Path, endings: Collection[str]) -> Listing:
    """Lists a folder and all below it; raises `DataError` where the system refuses to list a folder.

    Args:
        folder: the folder.
        endings: the endings wanted, in lower case, such as ".png".
    """
    found = Listing()
    for entry in _entries(folder, found.links, folder):
        path = Path(entry.path).relative_to(folder)
        ending = path.suffix.casefold()
        if ending in endings:
            found.paths.append(path)
            if fault := _fault(entry):
                found.faults[path] = fault
        elif ending not in _BESIDE_DATA and path.stem.casefold() not in _NAMES_BESIDE_DATA:
            found.unread[ending.encode("utf-8", "replace").decode()] += 1
    found.paths.sort()
    return found


def _entries(folder: Path, links: list[Path], top: Path) -> "Iterator[os.DirEntry[str]]":
    """Gives the entries of a folder and those below it that are not folders; notes links to folders."""
    folders = [str(folder)]
    while folders:
        place = folders.pop()
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as error:
            raise DataError(f"The folder {place} cannot be read: {error.strerror}. Change its permissions.") from None
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
    """Returns what keeps a file from being used at all, before it is opened, or ""."""
    try:
        entry.path.encode()
    except UnicodeEncodeError:
        return NOT_UTF_8
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        return f"the file cannot be read: {error.strerror}"
    return "" if stat.S_ISREG(mode) else "it is no regular file"  # To read of a pipe would wait for ever.


class Names:
    """Finds the files of a folder by what a table calls them.

    An exact path, relative to the folder, wins. Else a file may be named without its folder, without its ending, in
    capitals or not, and with other codes for the same letters, as long as one file alone fits.

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
        """Returns the file that is meant, or `None` and what is wrong."""
        name = name.strip()
        if name in self._exact:
            return self._exact[name], ""
        written = f"write paths relative to the folder, such as {self._example!r}"
        relative = posixpath.normpath(name.replace("\\", "/")) if name else ""
        if posixpath.isabs(relative):
            for top in (self.folder, self.folder.resolve()):
                if Path(relative).is_relative_to(top):
                    relative = Path(relative).relative_to(top).as_posix()
                    break
        if relative in self._exact:
            return self._exact[relative], ""
        if posixpath.isabs(relative) or relative.split("/")[0] == "..":
            return None, f"the path leads out of the folder; {written}"
        fitting = self._loose.get(_folded(relative), [])
        if len(fitting) == 1:
            return fitting[0], ""
        if fitting:
            told = " and ".join(repr(path.as_posix()) for path in fitting[:2])
            more = f" and {len(fitting) - 2:,} more" if len(fitting) > 2 else ""
            return None, f"the name fits several files, {told}{more}; {written}"
        try:
            unread = bool(relative) and (self.folder / relative).is_file()
        except (OSError, ValueError):
            unread = False
        if unread and not any(part.startswith(".") for part in relative.split("/")):
            return None, f"files that end in {Path(relative).suffix!r} are not read"
        return None, f"there is no such file; {written}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
