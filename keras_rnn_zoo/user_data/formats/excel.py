"""The format `excel`: a sheet of an Excel workbook (.xlsx)."""

import functools
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.display.printing import alternatives
from keras_rnn_zoo.errors import DataError, ZooError, nearest
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.packages import optional_package
from keras_rnn_zoo.user_data.columnar import COLUMNAR_TASKS, Columnar, field_paths, is_blank_value
from keras_rnn_zoo.user_data.columnar_inputs import columnar_inputs
from keras_rnn_zoo.user_data.prediction_inputs import InputFile, TrainedOn
from keras_rnn_zoo.user_data.prediction_outputs import Prediction, PredictionFile, flat, named, valid_unicode
from keras_rnn_zoo.user_data.rows import existing_file
from keras_rnn_zoo.user_data.step_inputs import sheet_steps
from keras_rnn_zoo.user_data.table import MAX_COLUMNS
from keras_rnn_zoo.user_data.tables import table_dataset

MEMORY_FRACTION, EXPANSION = 0.8, 10
"""The fraction of free memory that a workbook may use, and how many times the size of its XML its values may take."""
BATCH = 256
MAX_ROWS = 1_048_576
"""The number of rows of a sheet, in Excel too."""
ERRORS = frozenset("#NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #GETTING_DATA #SPILL! #CALC!".split())
"""The results of formulas that failed, which are read as missing values."""
_PROLOG = 2**16
"""Number of bytes of an XML file in which a document type would stand."""
_DOCTYPES = ["<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
"""The beginning of a document type in the encodings that XML parsers detect."""


class ExcelSheet(Columnar):
    """A sheet of a workbook, which is loaded completely: the first row that is not empty names the columns.

    Formulas have the result that Excel stored with them. Macros, links and objects are not read.
    """

    def __init__(
        self,
        location: str,
        tasks: tuple[str, ...],
        given: Mapping[str, str],
        encoding: str,
        words: tuple[str, ...] | None = None,
        sheet: str = "",
    ) -> None:
        self._wanted = sheet
        super().__init__(location, tasks, given, encoding, words)

    def open(self, location: str) -> Mapping[str, tuple[str, ...]]:
        self.path = existing_file(location)
        openpyxl = optional_package("openpyxl", "excel", f"Reading {self.path}")
        _check_archive(self.path)
        try:
            workbook = openpyxl.load_workbook(self.path, read_only=True, data_only=True, keep_links=False)
            try:
                sheet = self._find(workbook)
                sheet.reset_dimensions()  # What the file says of its size may be wrong.
                rows = self._read_rows(sheet)
            finally:
                workbook.close()
        except ZooError:
            raise
        except Exception as error:  # openpyxl raises many kinds of exceptions for damaged files.
            reason = str(error).strip().partition("\n")[0][:200].rstrip(".") or type(error).__name__
            raise DataError(f"{self.path} cannot be read: {reason}. Save it again as .xlsx.") from None
        header = next((number for number, row in enumerate(rows) if not _is_blank(row)), None)
        if header is None:
            raise DataError(f"{self.path}: the sheet {self.sheet!r} is empty. Name another one with --set sheet=NAME.")
        names = {place: str(value).strip() for place, value in rows[header].items() if not is_blank_value(value)}
        self._begin = header + 1
        self._rows = rows[self._begin :]
        self._places = {name: place for place, name in names.items()}
        return field_paths([(name,) for name in names.values()], f"{self.path}, row {self._begin}")

    def _find(self, workbook: Any) -> Any:
        """Returns the sheet that the user named, by name or number from 1, or else the first one."""
        names = [sheet.title for sheet in workbook.worksheets]
        if not names:
            raise DataError(f"{self.path} has no sheet with cells.")
        wanted = self._wanted.strip()
        if wanted and wanted not in names:
            if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
                wanted = names[int(wanted) - 1]
            else:
                close = nearest(wanted, names)
                hint = f"Did you mean {alternatives([*map(repr, close)])}? " if close else ""
                listed = ", ".join(map(repr, names[:10]))
                raise DataError(f"{self.path} has no sheet {wanted!r}. {hint}Its sheets: {listed}.")
        self.sheet = wanted or names[0]
        return workbook[self.sheet]

    def _read_rows(self, sheet: Any) -> list[dict[int, Any]]:
        """Returns the values of each row by the index of their column, since a row may have few in distant columns."""
        rows: list[dict[int, Any]] = []
        for row in sheet.iter_rows(values_only=True):
            cells = ((place, value) for place, value in enumerate(row) if value is not None)
            values = {place: value for place, value in cells if not (isinstance(value, str) and value in ERRORS)}
            if max(values, default=0) >= MAX_COLUMNS or len(rows) == MAX_ROWS:
                raise DataError(f"{self.path}: the sheet {self.sheet!r} is larger than Excel allows.")
            rows.append(values)
        while rows and _is_blank(rows[-1]):
            rows.pop()
        return rows

    def paths(self) -> list[Path]:
        return [self.path]

    def count(self) -> int:
        return len(self._rows)

    def where(self, index: int) -> str:
        return f"row {self._begin + index + 1}"

    def batches(self, columns: Sequence[str], start: int = 0) -> Iterator[Sequence[Sequence[Any]]]:
        places = [self._places[name] for name in columns]
        for begin in range(start, len(self._rows), BATCH):
            rows = self._rows[begin : begin + BATCH]
            yield [[row.get(place) for row in rows] for place in places]


def _is_blank(row: Mapping[int, Any]) -> bool:
    return all(map(is_blank_value, row.values()))


def _check_archive(path: Path) -> None:
    """Raises `DataError` unless a file is a workbook whose content fits into memory and declares no XML entities."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            size, room = sum(member.file_size for member in members), int(available() * MEMORY_FRACTION)
            if size * EXPANSION > room:
                raise DataError(
                    f"{path} has {size:,} bytes uncompressed, whose values may take {EXPANSION} times as much memory; "
                    f"{room:,} bytes may be used. Save the sheet as CSV."
                )
            if "[Content_Types].xml" not in archive.namelist():
                raise DataError(f"{path} is a ZIP archive, but not an Excel workbook. Save it as .xlsx.")
            for member in members:
                if member.filename.casefold().endswith((".xml", ".rels")):
                    with archive.open(member) as file:
                        prolog = file.read(_PROLOG)
                        if any(doctype in prolog for doctype in _DOCTYPES):
                            raise DataError(f"{path}: {member.filename} declares a document type, as Excel never does.")
    except ZooError:
        raise
    except Exception as error:  # `zipfile` raises many kinds of exceptions for damaged files.
        with open(path, "rb") as file:
            is_old = file.read(4) == b"\xd0\xcf\x11\xe0"
        reason = "it has the older format .xls or is encrypted" if is_old else str(error).rstrip(".")
        raise DataError(f"{path} is not an .xlsx workbook: {reason}. Save it as .xlsx.") from None


class ExcelRows(PredictionFile):
    """A workbook with one sheet of predictions. Texts that begin like a formula stay texts."""

    binary = True

    def __init__(self, file: Any, schema: Any = None) -> None:
        openpyxl = optional_package("openpyxl", "excel", "Writing .xlsx")
        self._file, self._workbook = file, openpyxl.Workbook(write_only=True)
        self._sheet = self._workbook.create_sheet("predictions")
        self._names: list[str] = []
        self._count = 0

    def write(self, cells: Mapping[str, Any], prediction: Prediction) -> None:
        row = {**cells, **named(flat(prediction))}
        if not self._names:
            self._names = list(row)
            self._append(self._names)
        self._append([row.get(name) for name in self._names])

    def _append(self, values: Sequence[Any]) -> None:
        from openpyxl.cell import WriteOnlyCell

        self._count += 1
        if self._count > MAX_ROWS:
            raise DataError(f"A sheet has up to {MAX_ROWS:,} rows. Write to a file that ends in .csv or .parquet.")
        cells = []
        for value in values:
            stored = _storable(value)
            cell = WriteOnlyCell(self._sheet, stored)
            if isinstance(stored, str):
                cell.data_type = "s"
            cells.append(cell)
        self._sheet.append(cells)

    def close(self) -> None:
        self._workbook.save(self._file)


def _storable(value: Any) -> Any:
    """Returns a value that a cell can hold: without control characters, and no longer than Excel allows."""
    import datetime
    import json

    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if value is None or isinstance(value, bool | int | float | datetime.time):
        return value
    if isinstance(value, datetime.date):
        return value.replace(tzinfo=None) if isinstance(value, datetime.datetime) else value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", valid_unicode(text))[:32_767]


def sheet_options(*, sheet: str = "") -> None:
    """Options of workbooks, in addition to those of all files.

    Args:
        sheet: name of the sheet, or its number from 1; the first one if empty.
    """


def sheet_inputs(location: str, trained: TrainedOn, *, columns: str = "", sheet: str = "") -> InputFile:
    """Opens a sheet to predict; arguments as in `columnar_inputs`."""
    return columnar_inputs(ExcelSheet, location, trained, columns=columns, sheet=sheet)


@registry.file_format(
    "excel",
    order=3.4,
    tasks=COLUMNAR_TASKS,
    address="excel:FILE",
    endings=("xlsx", "xlsm"),
    inputs=("text", "window"),
    column_names="table",
    joins_files=True,
    predict=sheet_inputs,
    predict_steps=functools.partial(sheet_steps, ExcelSheet),
    write=ExcelRows,
)
def excel(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A sheet of an Excel workbook; needs the extra `excel`."""
    return table_dataset("excel", ExcelSheet, location, tasks, options, config, sheet_options)
