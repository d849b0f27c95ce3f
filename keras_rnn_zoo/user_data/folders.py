"""Folders of images or recordings, whose targets are names of folders, in a table, or names of files."""

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, ClassVar

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import file_digest
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.formats.csv import CsvTable
from keras_rnn_zoo.user_data.listing import FileNames, list_folder
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, InputRecord, TrainedOn, Writer
from keras_rnn_zoo.user_data.prediction_outputs import row_writer
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, existing_folder
from keras_rnn_zoo.user_data.split_folders import name_of_split, split_folders
from keras_rnn_zoo.user_data.textfile import TextFile, check_text

logger = logging.getLogger(__name__)

FEW_FILES = 5000
"""A folder with fewer files is small, so that training needs more epochs."""


class Folder(RowSource):
    """A folder of files of one kind; see `RowSource`.

    Targets come from a table if there is one. Without a table, a class is the name of the folder that contains the
    file, and any other target is the name of the file without its extension; captions need a table.
    """

    endings: ClassVar[tuple[str, ...]] = ()
    token_files: ClassVar[str] = ""
    """Glob pattern of files in the format of Flickr8k, whose lines are: name, "#", number, tab, caption."""

    def __init__(self, location: str, tasks: tuple[str, ...], given: Mapping[str, str], encoding: str) -> None:
        self.folder = existing_folder(location)
        self.task, self.encoding, self.columns = tasks[0], encoding, {}
        self.listing = list_folder(self.folder, self.readable())
        self._paths = self.listing.paths
        self._unnamed = 0  # Number of files that the table does not name, known once it has been read.
        if not self._paths:
            others = self.listing.counts(self.needed())
            raise DataError(
                f"{self.folder} contains no file with the extension {', '.join(self.readable())}"
                f"{': ' + '; '.join(others) if others else ''}. Name the folder that contains them."
            )
        self.table = self._table(given)
        if self.table is not None:
            self.columns = self.table.columns
        elif self.task_files.classes == "one":
            self._check_classes()
        elif self.task_files.references and not self._token_file():
            word = self.task_files.target
            raise DataError(
                f"{self.folder} has no {word}s: a table {self.task_files.table} with the columns {self.input} and "
                f"{word} is expected, or a file {self.token_files} in the format of Flickr8k."
            )

    @classmethod
    def readable(cls) -> tuple[str, ...]:
        """Returns the extensions of files that can be read with the installed packages."""
        return cls.endings

    @classmethod
    def needed(cls) -> Mapping[str, str]:
        """Returns how to install the package that other extensions need, by extension."""
        return {}

    @classmethod
    def divided(cls, location: str) -> dict[str, str]:
        tables = frozenset(task.files.table for task in registry.tasks.entries() if task.files)
        return split_folders(existing_folder(location), cls.readable(), tables)

    def _check_classes(self) -> None:
        """Raises `DataError` unless there is a folder of files for each class."""
        folders = sorted({path.parts[0] for path in self._paths if len(path.parts) > 1})
        table = f"a table {self.task_files.table} with the columns {self.input} and {self.task_files.target}"
        if not folders:
            raise DataError(
                f"{self.folder} has files but no folders: classification needs a folder for each class, or {table}."
                + (" Or name the folder above, which contains all splits." if name_of_split(self.folder.name) else "")
            )
        inner = sorted({path.parts[1] for path in self._paths if len(path.parts) > 2})
        if len(folders) == 1 and len(inner) > 1:
            raise DataError(
                f"{self.folder} has all its files in the folder {folders[0]!r}, in folders such as "
                f"{'/'.join((folders[0], inner[0]))!r}: name {self.folder / folders[0]} to make those the classes."
            )
        if inner and all(name_of_split(name) for name in inner):
            raise DataError(
                f"{self.folder} has folders of splits, such as {'/'.join((folders[0], inner[0]))!r}, within those of "
                f"classes. Put the splits at the top level: rename it to {'/'.join((inner[0], folders[0]))!r}."
            )

    def _table(self, given: Mapping[str, str]) -> "_Labels | None":
        path = self.folder / self.task_files.table
        return _Labels(self, path, given) if self.task and path.is_file() else None

    def _token_file(self) -> Path | None:
        return next(iter(sorted(self.folder.glob(self.token_files))), None) if self.token_files else None

    def named(self) -> list[Path]:
        return [self.folder]

    def paths(self) -> list[Path]:
        tables = [self.table.file.path] if self.table else []
        tokens = self._token_file() if self.task_files.references else None
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
            except OSError:  # The validation pass reports it.
                digest = "none"
            # Include the folder, which may be the class.
            name = path.relative_to(self.folder).as_posix().encode("utf-8", "surrogateescape")
            total.update(name + f"\0{digest}\n".encode())
        return total.hexdigest()

    def warnings(self) -> list[str]:
        sentences = self.listing.warnings(self.folder, self.needed())
        if self.task_files.classes == "one" and not self.table:
            deep = next((path for path in self._paths if len(path.parts) > 2), None)
            if deep:
                sentences.append(
                    f"In {self.folder}, folders of classes contain subfolders, such as {str(deep)!r}: the class "
                    f"is the first folder, {deep.parts[0]!r}."
                )
            if split := next((path.parts[0] for path in self._paths if name_of_split(path.parts[0])), ""):
                sentences.append(
                    f"In {self.folder}, the folder {split!r} is read as a class, although its name is that of a split."
                )
        if self._unnamed:
            sentences.append(
                f"{self._unnamed:,} of the {len(self._paths):,} files in {self.folder} are not used: "
                f"{self._names_file()} does not name them."
            )
        return sentences

    def defaults(self) -> dict[str, Any]:
        return dict(self.task_files.few_files.get(self.input, {})) if len(self._paths) < FEW_FILES else {}

    def rows(self) -> Iterator[Row | BadRow]:
        if self.task_files.references:
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
        if self.task_files.classes != "one":
            return Row(where, str(path), path.stem)
        if path.parent == Path():
            return BadRow(where, "", "", "the file is not in a folder of a class")
        return Row(where, str(path), path.parts[0])

    def _labeled(self) -> Iterator[Row | BadRow]:
        """Yields the rows of the table or the token file, with the paths of the files that they name."""
        names, used = FileNames(self.folder, self._paths), set()
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
        """Returns the name of the file with the targets."""
        path = self.table.file.path if self.table else self._token_file()
        return path.name if path else ""

    def _captioned(self) -> Iterator[Row | BadRow]:
        """Yields each image once, with all its captions."""
        captions: dict[str, list[str]] = {}
        for row in self._labeled():
            if isinstance(row, BadRow):
                yield row
            elif not row.target.strip():
                yield BadRow(
                    row.where,
                    self.columns.get(self.task_files.target, ""),
                    "",
                    f"the {self.task_files.target} is empty",
                )
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
            match = re.fullmatch(r"(.+?)#\d+\t(.*)", line)
            if not match:
                yield BadRow(where, "", line, "IMAGE#NUMBER, a tab and a caption are expected")
            else:
                yield check_text(match[2], where, "", file.encoding) or Row(where, match[1], match[2])


def folder_inputs(kind: type[Folder], location: str, trained: TrainedOn) -> InputFile:
    """Opens a folder of files to predict; predictions are written to a table with the names of the files."""
    folder = kind(location, ("",), {}, "")  # Without a task, it needs no labels.

    for warning in folder.warnings():
        logger.warning("%s", warning)

    def inputs() -> Iterator[InputRecord | BadRow]:
        rows = list(folder.rows())
        # Report faults that are already known before predicting anything.
        yield from (row for row in rows if isinstance(row, BadRow))
        for row in rows:
            if isinstance(row, BadRow):
                continue
            if fault := folder.check(row):
                yield BadRow(row.where, "", "", fault)
            else:
                yield InputRecord(str(folder.folder / row.raw), row.raw)

    def writer(file: IO[str]) -> Writer:
        write = row_writer(file, [trained.input])
        return lambda record, prediction: write([record.record], prediction)

    return InputFile(str(folder.folder), inputs, writer, flat=True, cells=lambda record: {trained.input: record.record})


class _Labels(CsvTable):
    """The table of a folder, with the names of files and their targets."""

    def __init__(self, folder: Folder, path: Path, given: Mapping[str, str]) -> None:
        self.input = folder.input
        super().__init__(str(path), (folder.task,), given, folder.encoding)
