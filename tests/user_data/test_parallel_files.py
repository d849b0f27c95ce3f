"""Several files that several processes read: the rows are those of reading one file after another."""

import gc
import gzip
import json
import os
import signal
from pathlib import Path

import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers._chunks import attached_chunks
from keras_rnn_zoo.readers.text import TextReader
from keras_rnn_zoo.tasks.task import raw_alone
from keras_rnn_zoo.user_data import parallel_files, reading_pool
from keras_rnn_zoo.user_data.formats.csv import CsvTable
from keras_rnn_zoo.user_data.joined_files import JoinedFiles
from keras_rnn_zoo.user_data.reading_process import plain_row
from keras_rnn_zoo.user_data.row_stream import Selection
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.validation_pass import validate_rows

FILES, ROWS = 3, 700
"""More rows than two blocks, and more files than processes."""


@pytest.fixture(autouse=True)
def several(monkeypatch):
    """Has two processes read files of any size."""
    monkeypatch.setattr(parallel_files, "MIN_BYTES", 0)
    monkeypatch.setenv(reading_pool.PROCESSES, "2")


def write(folder, ending):
    for part in range(FILES):
        pairs = [(f"fílm {part}-{n}", ("bad", "good", "fine")[n % (part + 1)]) for n in range(ROWS)]
        if ending == "jsonl":
            text = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in pairs)
            text += '{"text": ["a", "list"], "label": "bad"}\n'
        else:
            text = "text,label\n" + "".join(f'"{text}\nis it",{label}\n' for text, label in pairs) + "no label\n"
        content = text.encode()
        (folder / f"part-{part}.{ending}").write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    return folder / f"part-*.{ending}"


def report(pattern):
    """Returns what the validation pass finds, and the rows of the splits."""
    entry = registry.find_dataset(str(pattern), ("classification",), {"skip_bad_rows": True})
    data = entry.make(None, 0, skip_bad_rows=True)
    return data.recorded, data.classes, {name: list(data.split(name).as_numpy_iterator()) for name in data.splits}


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl"])
def test_processes_read_the_rows_that_one_reads(ending, tmp_path, monkeypatch):
    pattern, started = write(tmp_path, ending), []
    make = reading_pool.ReadingPool.__init__
    monkeypatch.setattr(reading_pool.ReadingPool, "__init__", lambda *given: started.append(given) or make(*given))
    together = report(pattern)
    assert started
    monkeypatch.setenv(reading_pool.PROCESSES, "1")
    started.clear()
    assert report(pattern) == together
    assert not started
    assert sum(together[0].rows.values()) == FILES * ROWS
    assert together[0].bad_rows == {"train": FILES}


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl"])
def test_the_vocabulary_is_that_of_the_training_split(ending, tmp_path):
    entry = registry.find_dataset(str(write(tmp_path, ending)), ("classification",), {"skip_bad_rows": True})
    training = entry.make(None, 0, skip_bad_rows=True).split("train")
    assert attached_chunks(training)
    counted, read = (TextReader(tokens="pieces", vocabulary_size=500) for _ in range(2))
    found = counted.fit(raw_alone(training))
    raws = training.map(lambda raw, target: raw)
    assert attached_chunks(raws) is None
    assert read.fit(raws) == found
    assert counted.ids.vocabulary == read.ids.vocabulary
    assert {" 0", "-", "7"} <= {*counted.ids.vocabulary}


def test_rows_that_validation_left_out_are_not_selected_by_processes(tmp_path):
    source = opened(write(tmp_path, "csv"))
    selection = Selection("all", None, ("bad", "fine", "good"))
    rows = list(source.part_examples(selection))
    assert sum(row is not None for row in rows) == FILES * ROWS
    assert source.part_examples(selection._replace(left_out=frozenset({"part-0.csv line 2"}))) is None
    assert source.part_chunks(selection._replace(left_out=frozenset({"part-0.csv line 2"}))) is None


def opened(pattern):
    return JoinedFiles(CsvTable, str(pattern), ("classification",), {}, encoding="")


def test_reports_name_rows_by_file_and_keep_their_order(tmp_path, monkeypatch):
    pattern = write(tmp_path, "csv")
    together = validate_rows(opened(pattern), 3, compared=True)
    monkeypatch.setenv(reading_pool.PROCESSES, "1")
    alone = validate_rows(opened(pattern), 3, compared=True)
    for name in ("numbers", "inputs", "strata", "labels", "bad", "bad_rows", "left_out", "empty"):
        assert getattr(together, name) == getattr(alone, name), name
    assert list(together.labels) == list(alone.labels)
    assert together.bad[0].where == f"part-0.csv line {2 * ROWS + 2}"


def test_numbers_among_labels_are_joined_over_all_files(tmp_path):
    for part, labels in enumerate((["1", "0"], ["1.0", "nan"])):
        rows = "".join(f"text {part} {n},{labels[n % 2]}\n" for n in range(20))
        (tmp_path / f"part-{part}.csv").write_text("text,label\n" + rows)
    found = validate_rows(opened(tmp_path / "part-*.csv"), 0)
    assert found.labels == {"1": 20, "0": 10}
    assert found.bad_rows == 10
    assert found.bad[0].where == "part-1.csv line 3"


def reading():
    """Returns the ids of the processes that read files for this one."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(child) for child in children if b"reading_process" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_a_reader_that_stops_early_leaves_no_process(tmp_path):
    source = opened(write(tmp_path, "csv"))
    validate_rows(source, 0)
    rows = source.mixed_rows(0)
    next(rows)
    assert reading()
    del rows, source
    gc.collect()
    assert not reading()


def test_faults_of_a_process_are_those_of_the_data(tmp_path):
    pattern = write(tmp_path, "csv.gz")
    source = opened(pattern)
    (tmp_path / "part-1.csv.gz").write_bytes((tmp_path / "part-1.csv.gz").read_bytes()[:-20])
    with pytest.raises(DataError, match=r"part-1\.csv\.gz is truncated or damaged"):
        validate_rows(source, 0)
    (tmp_path / "part-1.csv.gz").unlink()
    with pytest.raises(DataError, match=r"There is no .*part-1\.csv\.gz"):
        list(source.rows())


def test_a_process_that_is_killed_is_named(tmp_path):
    source = opened(write(tmp_path, "csv"))
    validate_rows(source, 0)
    rows = source.rows()
    next(rows)
    for process in reading():
        os.kill(process, signal.SIGKILL)
    with pytest.raises(DataError, match=r"part-\*\.csv ended with the status -9.*ZOO_READERS=1"):
        list(rows)


def test_modules_beside_the_program_do_not_disturb_a_process(tmp_path, monkeypatch):
    pattern = write(tmp_path, "csv")
    (tmp_path / "enum.py").write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(tmp_path)
    assert validate_rows(opened(pattern), 0).rows == FILES * ROWS


@pytest.mark.parametrize("number", ["0", "-1", "two", "1000"])
def test_the_number_of_processes_is_checked(number, tmp_path, monkeypatch):
    pattern = write(tmp_path, "csv")
    monkeypatch.setenv(reading_pool.PROCESSES, number)
    with pytest.raises(DataError, match=rf"ZOO_READERS expects an integer from 1 to 256; received '{number}'"):
        opened(pattern)


def test_small_files_are_read_by_the_program_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel_files, "MIN_BYTES", 2**26)
    assert opened(write(tmp_path, "csv"))._parallel is None


def test_values_that_no_text_holds_reach_messages_as_texts():
    row = BadRow("line 2", "text", [["a"], {"b": 1}], "a text or a number is expected")
    assert BadRow(*plain_row(row)).describe("") == row.describe("")
