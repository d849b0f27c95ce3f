"""Folders of images or recordings, with what they show or say told by folder, by table or by file name."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from keras_rnn_zoo.addresses.columns import words_of
from keras_rnn_zoo.addresses.rows import BadRow, Files, Row, existing_folder
from keras_rnn_zoo.addresses.tables import CsvTable
from keras_rnn_zoo.errors import DataError


class Folder(Files):
    """A folder of files of one kind; see `Files`.

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
        self._paths = sorted(
            path.relative_to(self.folder)
            for path in self.folder.rglob("*")
            if path.suffix.casefold() in self.endings and not any(part.startswith(".") for part in path.parts[-2:])
        )
        if not self._paths:
            raise DataError(
                f"{self.folder} holds no file that ends in {', '.join(self.endings)}. Name the folder that does."
            )
        self.table = self._table(given)
        if self.table is not None:
            self.columns = self.table.columns
        elif self.task == "classification" and len(self._folders()) < 2:
            raise DataError(
                f"{self.folder} has its files in {len(self._folders()) or 'no'} folder: classification wants a folder "
                f"a class, or a table {self.tables['classification']} with the columns {self.input} and label."
            )
        elif self.task == "captioning" and not self._token_file():
            raise DataError(
                f"{self.folder} has no captions: a table {self.tables[self.task]} with the columns image and caption "
                f"is expected, or a file {self.token_files} as Flickr8k has it."
            )

    def _folders(self) -> set[Path]:
        return {path.parent for path in self._paths if path.parent != Path()}

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

    def count_at_most(self, limit: int) -> int:
        """Returns the number of files, `limit` if there are more."""
        return min(len(self._paths), limit)

    def rows(self) -> Iterator[Row | BadRow]:
        if self.task == "captioning":
            yield from self._captioned()
        elif self.table:
            yield from self.table.labelled(self._found())
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
        if self.task != "classification":
            return Row(where, str(path), path.stem)
        if path.parent == Path():
            return BadRow(where, "", "", "the file lies in no folder of a class")
        return Row(where, str(path), path.parts[0])

    def _found(self) -> dict[str, str]:
        """Returns the files by what a table may call them: path, name, path or name without the ending."""
        found: dict[str, str] = {}
        for path in self._paths:
            for name in (path.stem, str(path.with_suffix("")), path.name, str(path)):
                found[name] = str(path)
        return found

    def _captioned(self) -> Iterator[Row | BadRow]:
        """Gives each image once, with all its captions."""
        captions: dict[str, list[str]] = {}
        lines = self.table.labelled(self._found()) if self.table else self._flickr(self._found())
        for row in lines:
            if isinstance(row, BadRow):
                yield row
            elif not row.target.strip():
                yield BadRow(row.where, self.columns.get("caption", ""), "", "the caption is empty")
            else:
                captions.setdefault(row.raw, []).append(row.target)
        for name, texts in captions.items():
            yield Row(f"file {name!r}", name, texts)

    def _flickr(self, found: Mapping[str, str]) -> Iterator[Row | BadRow]:
        path = self._token_file()
        lines = path.read_text(encoding=self.encoding or "utf-8-sig", errors="replace").splitlines() if path else []
        for number, line in enumerate(lines, 1):
            parts = re.fullmatch(r"(.+?)#\d+\t(.*)", line)
            if not parts:
                yield BadRow(
                    f"{path.name if path else ''} line {number}",
                    "",
                    line,
                    "IMAGE#NUMBER, a tab and a caption are expected",
                )
            elif parts[1] not in found:
                yield BadRow(f"{path.name if path else ''} line {number}", "", parts[1], "there is no such image")
            else:
                yield Row(f"line {number}", found[parts[1]], parts[2])


class _Labels(CsvTable):
    """The table of a folder: which file shows or says what."""

    def __init__(self, folder: Folder, path: Path, given: Mapping[str, str]) -> None:
        self.input = folder.input
        super().__init__(str(path), (folder.task,), given, folder.encoding)

    def labelled(self, found: Mapping[str, str]) -> Iterator[Row | BadRow]:
        """Gives the rows, with the paths of the files that they name."""
        name = self.columns[words_of(self.task, self.input)[0]]
        for row in self.rows():
            where = f"{self.file.path.name} {row.where}"
            if isinstance(row, BadRow):
                yield row._replace(where=where)
            elif (path := found.get(row.raw.strip())) is None:
                yield BadRow(where, name, row.raw, "there is no such file")
            else:
                yield Row(where, path, row.target)
