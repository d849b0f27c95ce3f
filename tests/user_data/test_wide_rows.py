"""Rows with more fields than memory has room for: each is refused before it is split."""

import csv
import gzip
import io
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.csv_lines import count_separators
from keras_rnn_zoo.user_data.formats.csv import CsvTable
from keras_rnn_zoo.user_data.formats.jsonl import JsonlTable
from keras_rnn_zoo.user_data.formats.tsv import TsvTable
from keras_rnn_zoo.user_data.rows import BadRow, Row, sampled

SIZE = 2**22
TASKS = ("classification",)


def peak(read):
    """Returns the largest memory that Python's objects took meanwhile."""
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


ROWS = {
    "commas": (CsvTable, "text,label\n", ","),
    "fields": (CsvTable, "text,label\n", "a,"),
    "quoted fields": (CsvTable, "text,label\n", '"a",'),
    "after a quote within a text": (CsvTable, "text,label\n", ',a"b'),
    "in a row of two lines": (CsvTable, 'text,label\n"a\nb"', ","),
    "semicolons": (CsvTable, "text;label\n", ";"),
    "tabs": (TsvTable, "text\tlabel\n", "a\t"),
    "objects": (JsonlTable, '{"text": "a", "label": "b"}\n{"text": ', "[],"),
    "keys": (JsonlTable, '{"text": "a", "label": "b"}\n{', '"a":1,'),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_takes_no_more_memory_than_a_few_times_its_line(kind, tmp_path):
    form, start, part = ROWS[kind]
    path = tmp_path / "wide"
    path.write_bytes(gzip.compress((start + part * (SIZE // len(part)) + "\n").encode()))
    found = []
    most = peak(lambda: found.extend(form(str(path), TASKS, {}, "").rows()))
    assert isinstance(found[-1], BadRow)
    assert "more than 16,384 fields, but the header has 2" in found[-1].fault or "524,288 values" in found[-1].fault
    assert most < 5 * SIZE


@pytest.mark.parametrize("kind", ["commas", "fields", "tabs"])
def test_a_header_takes_no_more_memory_than_a_few_times_its_line(kind, tmp_path):
    form, _, part = ROWS[kind]
    path = tmp_path / "wide"
    path.write_text(part * (SIZE // len(part)))

    def read():
        with pytest.raises(DataError, match="line 1: more than 16,384 fields"):
            form(str(path), TASKS, {}, "")

    # What is looked at to find the separator is split by each of them.
    assert peak(read) < 5 * SIZE + 64 * 2**20


def test_rows_after_one_that_is_too_wide_are_read(tmp_path):
    wide = "," * 20_000
    (tmp_path / "a.csv").write_text(f'text,label\na,b\n{wide}\nc,d\n"e\n"{wide}\nf,"g\nh"\n')
    rows = list(CsvTable(str(tmp_path / "a.csv"), TASKS, {}, "").rows())
    assert [row.where for row in rows if isinstance(row, BadRow)] == ["line 3", "line 5"]
    assert [(row.where, row.raw, row.target) for row in rows if not isinstance(row, BadRow)] == [
        ("line 2", "a", "b"),
        ("line 4", "c", "d"),
        ("line 7", "f", "g\nh"),
    ]


def test_texts_may_hold_more_separators_than_a_row(tmp_path):
    text = "a, " * 20_000
    (tmp_path / "a.csv").write_text(f'text,label\n"{text}",b\n"{text}\n{text}",c\n')
    rows = list(CsvTable(str(tmp_path / "a.csv"), TASKS, {}, "").rows())
    assert [(row.raw, row.target) for row in rows] == [(text, "b"), (f"{text}\n{text}", "c")]
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "[," * 2**20, "label": "b"}) + "\n")
    (row,) = JsonlTable(str(tmp_path / "a.jsonl"), TASKS, {}, "").rows()
    assert len(row.raw) == 2**21


@given(st.lists(st.text('ab,;" \n\\', max_size=6), min_size=1, max_size=6), st.sampled_from(",;\t|^]"))
def test_separators_outside_quotes_are_counted(fields, separator):
    file = io.StringIO()
    csv.writer(file, delimiter=separator, lineterminator="").writerow(fields)
    assert count_separators(file.getvalue(), separator, 10) == len(fields) - 1
    assert count_separators(file.getvalue(), separator, 2) == min(len(fields) - 1, 3)
    inner = file.getvalue()[1:]
    if file.getvalue().startswith('"'):
        assert count_separators(inner, separator, 10, quoted=True) == len(fields) - 1


def test_defaults_are_chosen_from_few_rows_if_they_are_large():
    rows = (Row(f"line {number}", "a" * 2**21, "x") for number in range(200))
    assert len(sampled(rows)) == 2
    assert next(rows).where == "line 2"
    assert len(sampled([Row("line", "a", 1.5)] * 300)) == 200
