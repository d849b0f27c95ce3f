"""Folders of images or recordings, with what they show or say told by folder, by table or by file name."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from keras_rnn_zoo.atomic_files import file_digest
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.formats.tables import CsvTable
from keras_rnn_zoo.user_data.listing import Names, list_folder
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, existing_folder
from keras_rnn_zoo.user_data.split_folders import name_of_split, split_folders
from keras_rnn_zoo.user_data.textfile import TextFile, check_text


class Folder(RowSource):
    """A folder of files of one kind; see `RowSource`.

    Classification takes the name of the folder that a file lies in, one a class, unless there is a table; captioning
    and transcription take a table. Transcription without one takes the name of the file, up to its ending.
    """

    endings: ClassVar[tuple[str, ...]] = ()
    tables: ClassVar[Mapping[str, str]] = {}
    """The name of the table of each task."""
    token_files: ClassVar[str] = ""
    """A pattern of the names of files as Flickr8k has them: name, "#", number, tab, caption."""

    def __init__(self, place: str, tasks: tuple[str, ...], given: Mapping[str, str], encoding: str) -> None:
        self.folder = existing_folder(place)
        self.task, self.encoding, self.columns = tasks[0], encoding, {}
        self.listing = list_folder(self.folder, self.readable())
        self._paths = self.listing.paths
        self._unnamed = 0  # Files that the table does not name, once it was read.
        if not self._paths:
            others = self.listing.counts(self.needed())
            raise DataError(
                f"{self.folder} holds no file that ends in {', '.join(self.readable())}"
                f"{': ' + '; '.join(others) if others else ''}. Name the folder that does."
            )
        self.table = self._table(given)
        if self.table is not None:
            self.columns = self.table.columns
        elif self.task == "classification":
            self._check_classes()
        elif self.task == "captioning" and not self._token_file():
            raise DataError(
                f"{self.folder} has no captions: a table {self.tables[self.task]} with the columns image and caption "
                f"is expected, or a file {self.token_files} as Flickr8k has it."
            )

    @classmethod
    def readable(cls) -> tuple[str, ...]:
        """Returns the endings of files that can be read here and now."""
        return cls.endings

    @classmethod
    def needed(cls) -> Mapping[str, str]:
        """Returns how to install what is needed for further endings, by ending."""
        return {}

    @classmethod
    def divided(cls, place: str) -> dict[str, str]:
        return split_folders(existing_folder(place), cls.readable(), frozenset(cls.tables.values()))

    def _check_classes(self) -> None:
        """Raises `DataError` unless files lie in folders that are classes."""
        folders = sorted({path.parts[0] for path in self._paths if len(path.parts) > 1})
        table = f"a table {self.tables['classification']} with the columns {self.input} and label"
        if not folders:
            raise DataError(
                f"{self.folder} has its files in no folder: classification needs a folder for each class, or {table}."
                + (" Or name the folder to train on alone." if name_of_split(self.folder.name) else "")
            )
        inner = sorted({path.parts[1] for path in self._paths if len(path.parts) > 2})
        if len(folders) == 1 and len(inner) > 1:
            raise DataError(
                f"{self.folder} has all its files in the folder {folders[0]!r}, in folders such as "
                f"{'/'.join((folders[0], inner[0]))!r}: name {self.folder / folders[0]} to make those the classes."
            )
        if inner and all(name_of_split(name) for name in inner):
            raise DataError(
                f"{self.folder} has folders such as {'/'.join((folders[0], inner[0]))!r} within those of its classes. "
                f"Splits come first: rename it to {'/'.join((inner[0], folders[0]))!r}."
            )

    def _table(self, given: Mapping[str, str]) -> "_Labels | None":
        name = self.folder / self.tables.get(self.task, "")
        return _Labels(self, name, given) if name.is_file() else None

    def _token_file(self) -> Path | None:
        return next(iter(sorted(self.folder.glob(self.token_files))), None) if self.token_files else None

    def named(self) -> list[Path]:
        return [self.folder]

    def paths(self) -> list[Path]:
        tables = [self.table.file.path] if self.table else []
        tokens = self._token_file() if self.task == "captioning" else None
        return [*tables, *([tokens] if tokens and not tables else []), *(self.folder / path for path in self._paths)]

    def key(self, row: Row) -> bytes:
        return str(row.raw).encode("utf-8", "surrogateescape")

    def content(self, row: Row) -> bytes:
        return file_digest(self.folder / row.raw).encode()  # Folders of different splits may use the same names.

    def checksum(self) -> str:
        import hashlib

        total = hashlib.sha256()
        for path in self.paths():
            try:
                digest = file_digest(path) if path.is_file() else "none"
            except OSError:  # The first pass names it.
                digest = "none"
            # With its folder, which may be the class.
            name = path.relative_to(self.folder).as_posix().encode("utf-8", "surrogateescape")
            total.update(name + f"\0{digest}\n".encode())
        return total.hexdigest()

    def warnings(self) -> list[str]:
        found = self.listing.warnings(self.folder, self.needed())
        if self.task == "classification" and not self.table:
            deep = next((path for path in self._paths if len(path.parts) > 2), None)
            if deep:
                found.append(
                    f"In {self.folder}, files lie in folders within those of the classes, such as {str(deep)!r}: the "
                    f"class is the first folder, {deep.parts[0]!r}."
                )
            if split := next((path.parts[0] for path in self._paths if name_of_split(path.parts[0])), ""):
                found.append(
                    f"In {self.folder}, the folder {split!r} is taken as a class, though its name is that of a split."
                )
        if self._unnamed:
            found.append(
                f"{self._unnamed:,} of the {len(self._paths):,} files in {self.folder} are not used: "
                f"{self._names_file()} does not name them."
            )
        return found

    def count_at_most(self, limit: int) -> int:
        """Returns the number of files, `limit` if there are more."""
        return min(len(self._paths), limit)

    def rows(self) -> Iterator[Row | BadRow]:
        if self.task == "captioning":
            yield from self._captioned()
        elif self.table:
            yield from self._labeled()
        else:
            for path in self._paths:
                yield self._by_name(path)

    def mixed_rows(self, seed: int) -> Iterator[Row | BadRow]:
        import random

        rows = list(self.rows())  # Names alone, not what the files hold.
        random.Random(seed).shuffle(rows)
        yield from rows

    def _by_name(self, path: Path) -> Row | BadRow:
        where = f"file {str(path)!r}"
        if fault := self.listing.faults.get(path):
            return BadRow(where, "", "", fault)
        if self.task != "classification":
            return Row(where, str(path), path.stem)
        if path.parent == Path():
            return BadRow(where, "", "", "the file lies in no folder of a class")
        return Row(where, str(path), path.parts[0])

    def _labeled(self) -> Iterator[Row | BadRow]:
        """Gives the rows of the table or the token file, with the paths of the files that they name."""
        names, used = Names(self.folder, self._paths), set()
        column = self.columns.get(self.input, "")
        for row in self.table.rows() if self.table else self._flickr():
            where = f"{self._names_file()} {row.where}"
            if isinstance(row, BadRow):
                yield row._replace(where=where)
                continue
            path, fault = names.find(row.raw)
            fault = self.listing.faults.get(path, "") if path else fault
            if path:
                used.add(path)
            yield BadRow(where, column, row.raw, fault) if fault else Row(where, str(path), row.target)
        self._unnamed = len(self._paths) - len(used)

    def _names_file(self) -> str:
        """Returns the name of the file that tells what the files show or say."""
        path = self.table.file.path if self.table else self._token_file()
        return path.name if path else ""

    def _captioned(self) -> Iterator[Row | BadRow]:
        """Gives each image once, with all its captions."""
        captions: dict[str, list[str]] = {}
        for row in self._labeled():
            if isinstance(row, BadRow):
                yield row
            elif not row.target.strip():
                yield BadRow(row.where, self.columns.get("caption", ""), "", "the caption is empty")
            else:
                captions.setdefault(row.raw, []).append(row.target)
        for name, texts in captions.items():
            yield Row(f"file {name!r}", name, texts)

    def _flickr(self) -> Iterator[Row | BadRow]:
        path = self._token_file()
        if not path:
            return
        file = TextFile(str(path), self.encoding)
        for number, (line, _) in enumerate(file.lines(), 1):
            line, where = line.rstrip("\r\n"), f"line {number}"
            parts = re.fullmatch(r"(.+?)#\d+\t(.*)", line)
            if not parts:
                yield BadRow(where, "", line, "IMAGE#NUMBER, a tab and a caption are expected")
            else:
                yield check_text(parts[2], where, "", file.encoding) or Row(where, parts[1], parts[2])


class _Labels(CsvTable):
    """The table of a folder: which file shows or says what."""

    def __init__(self, folder: Folder, path: Path, given: Mapping[str, str]) -> None:
        self.input = folder.input
        super().__init__(str(path), (folder.task,), given, folder.encoding)
