"""Excel workbooks: sheets, their sizes, and what is refused."""

import tracemalloc
import zipfile

import openpyxl
import pytest
from columnar_files import LABELS, ROWS, TEXTS, opened, write_excel

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.formats.excel import ExcelSheet


def test_a_sheet_is_named_or_numbered(tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active.append(["nothing"])
    sheet = workbook.create_sheet("Reviews")
    sheet.append([])  # Rows above the header, and below the table, are ignored.
    sheet.append([])
    sheet.append(["text", "label", None, "sum"])
    for text, label in zip(TEXTS, LABELS, strict=True):
        sheet.append([text, label, None, "=1+1"])
    sheet.append([None, "  "])
    sheet.append(["only a text", "#N/A"])
    workbook.save(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match=r"row 605, column 'label': the label is empty"):
        opened(f"excel:{tmp_path / 'a.xlsx'}", sheet="Reviews")
    for name in ("Reviews", "2"):
        data = opened(f"excel:{tmp_path / 'a.xlsx'}", sheet=name, skip_bad_rows=True)[1]
        assert sum(data.recorded.rows.values()) == 600
    with pytest.raises(DataError, match=r"no sheet 'Revews'. Did you mean 'Reviews'\? Its sheets: 'Sheet', 'Reviews'"):
        opened(f"excel:{tmp_path / 'a.xlsx'}", sheet="Revews")


def archive(path, **changed):
    """Changes members of a workbook, which are named with underscores."""
    with zipfile.ZipFile(path) as source:
        members = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in {**members, **changed}.items():
            target.writestr(name, content)


def test_a_workbook_declares_no_entities_and_fits_into_memory(tmp_path, monkeypatch):
    path = tmp_path / "a.xlsx"
    write_excel(path, ROWS[:40])
    entities = (
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    )
    for encoding in ("utf-8", "utf-16"):
        archive(path, **{"xl/sharedStrings.xml": entities.encode(encoding)})
        with pytest.raises(DataError, match=r"xl/sharedStrings\.xml declares a document type"):
            opened(f"excel:{path}")
        write_excel(path, ROWS[:40])
    archive(path, **{"xl/media/a.bin": bytes(2**24)})
    assert path.stat().st_size < 2**16
    monkeypatch.setattr("keras_rnn_zoo.user_data.formats.excel.available", lambda: 2**24)
    with pytest.raises(DataError, match=r"bytes uncompressed.*Save the sheet as CSV"):
        opened(f"excel:{path}")


def test_the_declared_size_of_a_workbook_is_not_trusted(tmp_path):
    path = tmp_path / "a.xlsx"
    write_excel(path, ROWS[:40])
    with zipfile.ZipFile(path) as source:
        sheet = source.read("xl/worksheets/sheet1.xml")
    archive(path, **{"xl/worksheets/sheet1.xml": sheet.replace(b'ref="A1:C41"', b'ref="A1:XFD1048576"')})
    assert sum(opened(f"excel:{path}")[1].recorded.rows.values()) == 40


def test_distant_cells_of_a_sheet_take_no_memory_for_those_between(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["text", "label"])
    for number in range(1, 201):
        book.active.cell(number + 1, 1, f"text {number}")
        book.active.cell(number + 1, 2, number % 2)
        book.active.cell(number + 1, 16_000, 1)
    book.save(tmp_path / "a.xlsx")
    tracemalloc.start()
    sheet = ExcelSheet(str(tmp_path / "a.xlsx"), ("classification",), {}, "")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 2**20
    assert [row.target for row in sheet.rows()] == ["1", "0"] * 100
