"""Lines of text files, however they end and however long they are."""

import gzip

import pytest

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data import csv_lines, textfile
from keras_rnn_zoo.user_data.formats import csv as tables
from keras_rnn_zoo.user_data.textfile import TextFile


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_line_without_an_end_is_not_read_into_memory(tmp_path, monkeypatch, encoding, end, zipped):
    monkeypatch.setattr(textfile, "MAX_LINE_LENGTH", 2**20)
    content = (f"a line{end}" + "b" * 5 * 2**20).encode(encoding)
    (tmp_path / "a").write_bytes(gzip.compress(content) if zipped else content)
    lines = TextFile(str(tmp_path / "a")).lines()
    assert next(lines)[0].rstrip() == "a line"
    with pytest.raises(DataError, match="a line is longer than 1 MiB"):
        next(lines)


@pytest.mark.parametrize("text", ["a\rb\r", "a\rb", "\r\ra\r", "a" * 70_000 + "\rb" * 70_000, "a" * 2**16 + "\rb"])
def test_lines_that_end_in_returns(tmp_path, text):
    (tmp_path / "a").write_text(text, newline="")
    file = TextFile(str(tmp_path / "a"))
    file.carriage = True
    lines = [line for line, _ in file.lines()]
    assert [line.rstrip("\n") for line in lines] == text.removesuffix("\r").split("\r")


def test_a_row_of_many_lines_is_not_read_into_memory(tmp_path, monkeypatch):
    """Each field ends, and the row does not."""
    monkeypatch.setattr(csv_lines, "MAX_LINE_LENGTH", 2**16)
    (tmp_path / "a.csv").write_text("text,label\na,b\n" + '"\n",' * 2**16)
    rows = tables.CsvTable(str(tmp_path / "a.csv"), ("classification",), {}, "").rows()
    next(rows)
    with pytest.raises(DataError, match=r"a\.csv, line 3: the row that begins here is longer than"):
        list(rows)
