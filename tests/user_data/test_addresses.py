"""Files by their extension, and several files by a pattern."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from descriptions import described_by, run_config

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, UnknownNameError
from keras_rnn_zoo.inference.rebuild import _moved

TASKS = ("classification", "regression")
LINES = [f"review {n},{'good' if n % 3 else 'bad'}\n" for n in range(600)]


def write(folder, name, lines=LINES):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "text,label\n" + "".join(lines)
    if name.endswith(".parquet"):
        pairs = [line.strip().split(",") for line in lines]
        pq.write_table(pa.table({"text": [text for text, _ in pairs], "label": [label for _, label in pairs]}), path)
    else:
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def opened(name, tasks=TASKS, **options):
    entry = registry.find_dataset(str(name), tasks, options)
    return entry, entry.make(None, 0, **options)


def examples(opened_data):
    return {name: list(opened_data.split(name).as_numpy_iterator()) for name in opened_data.splits}


@pytest.mark.parametrize("name", ["a.csv", "A.CSV", "a.csv.gz", "a.parquet", "a b.csv"])
def test_the_extension_of_a_file_tells_its_format(name, tmp_path):
    path = write(tmp_path, name)
    entry, data = opened(path)
    assert entry.name == f"{'parquet' if 'parquet' in name else 'csv'}:{path}"
    assert sum(data.recorded.rows.values()) == 600
    assert registry.find_dataset(str(path), TASKS).name == entry.name


@pytest.mark.parametrize(
    ("name", "tasks", "addresses"),
    [
        ("a.txt", TASKS, "csv:{} or tsv:{}"),
        ("a.txt", ("translation",), "csv:{}, tsv:{} or text:{}"),
        ("a.txt", ("language_modeling",), "text:{}"),
        ("a.txt", ("tagging",), "conll:{}"),
        ("a.json", TASKS, "jsonl:{} or json:{}"),
        ("folder", TASKS, "hf:{}, images:{} or audio:{}"),
        ("folder", ("captioning",), "images:{}"),
        ("a.unknown", ("tagging",), "json:{}, parquet:{}, arrow:{}, excel:{}, sqlite:{} or conll:{}"),
    ],
)
def test_where_it_does_not_the_addresses_are_listed(name, tasks, addresses, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.unknown").touch()
    with pytest.raises(UnknownNameError) as raised:
        opened(tmp_path / name, tasks)
    places = addresses.replace("{}", str(tmp_path / name))
    assert str(raised.value).endswith(f"Put the format before the path: {places}.")


def test_a_format_for_other_tasks_is_named(tmp_path):
    with pytest.raises(DataError, match=r"Files in the format 'npz' are for .* not for tagging"):
        opened(tmp_path / "a.npz", ("tagging",))


def test_a_missing_file_is_told_of_and_a_misspelled_dataset_as_before(tmp_path):
    write(tmp_path, "a.csv")
    with pytest.raises(DataError, match=r"There is no .*b\.csv\. Did you mean 'a\.csv'\?"):
        opened(tmp_path / "b.csv")
    with pytest.raises(UnknownNameError, match="Did you mean 'toy_reviews'"):
        opened("toy_review")


PARTS = {f"part-{number}": LINES[number * 150 : (number + 1) * 150] for number in range(4)}


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_a_pattern_names_several_files(ending, tmp_path):
    for name, lines in PARTS.items():
        write(tmp_path, f"data/{name}.{ending}", lines)
    write(tmp_path, "data/.part-9.csv")  # A hidden file.
    whole = examples(opened(write(tmp_path, "whole.csv"))[1])
    entry, data = opened(tmp_path / f"data/part-*.{ending}")
    assert entry.name == f"{ending.split('.')[0]}:{tmp_path}/data/part-*.{ending}"
    found = examples(data)
    assert {name: sorted(rows) for name, rows in found.items()} == {name: sorted(rows) for name, rows in whole.items()}
    config = described_by(data, entry.name)
    again = registry.dataset_of(config).open(None, 0, {})
    assert examples(again) == found
    assert again.checksum == data.checksum
    write(tmp_path, f"data/part-4.{ending}", ["a new review,good\n"])
    more = registry.dataset_of(config).open(None, 0, {})
    assert more.checksum != data.checksum
    assert sum(more.recorded.rows.values()) == 601


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_files_of_one_class_each_are_mixed(ending, tmp_path, monkeypatch):
    for number, label in enumerate(["good", "bad"]):
        write(tmp_path, f"{number}.{ending}", [f"text {n} of {label},{label}\n" for n in range(300)])
    monkeypatch.setattr("keras_rnn_zoo.datasets.examples.MAX_BYTES_IN_MEMORY", 20)
    data = opened(tmp_path / f"?.{ending}")[1]
    assert len({target for _, target in data.split("train").take(40).as_numpy_iterator()}) == 2


def test_faults_name_the_file_and_the_line(tmp_path):
    for name, lines in PARTS.items():
        write(tmp_path, f"{name}.csv", lines)
    write(tmp_path, "part-2.csv", [*PARTS["part-2"], "no label\n"])
    with pytest.raises(DataError, match=r"part-\*\.csv, part-2\.csv line 152: 1 field, but the header has 2"):
        opened(tmp_path / "part-*.csv")
    data = opened(tmp_path / "part-*.csv", skip_bad_rows=True)[1]
    assert sum(data.recorded.rows.values()) == 600
    (tmp_path / "part-2.csv").write_text("text,label,more\na,b,c\n")
    with pytest.raises(DataError, match=r"part-2\.csv has the columns 'text', 'label', 'more', but part-0\.csv has"):
        opened(tmp_path / "part-*.csv")
    (tmp_path / "part-2.csv").write_text("text,lable\na,b\n")
    with pytest.raises(DataError, match=r"part-2\.csv has no column 'label'\. Did you mean 'lable'"):
        opened(tmp_path / "part-*.csv")


def test_a_pattern_without_files_tells_what_is_there(tmp_path):
    write(tmp_path, "data/part-1.csv")
    with pytest.raises(DataError, match=r"No file matches .*prt-\*\.csv\. Its folder contains 'part-1\.csv'"):
        opened(tmp_path / "data/prt-*.csv")
    with pytest.raises(DataError, match=r"there is no folder .*dta"):
        opened(tmp_path / "dta/part-*.csv")


def test_a_name_with_brackets_is_a_file_if_there_is_one(tmp_path):
    entry, _ = opened(write(tmp_path, "a[1].csv"))
    assert entry.name == f"csv:{tmp_path}/a[1].csv"


def test_patterns_may_name_the_files_of_the_other_splits(tmp_path):
    for name, lines in PARTS.items():
        write(tmp_path, f"{name}.csv", lines)
    data = opened(f"csv:{tmp_path}/part-[01].csv", test=f"{tmp_path}/part-[23].csv")[1]
    assert data.recorded.rows == {"train": 270, "validation": 30, "test": 300}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("csv:/old/data/part-*.csv", "csv:/new/part-*.csv"),
        ("sqlite:/old/a.db?SELECT a / b AS text FROM d", "sqlite:/new/a.db?SELECT a / b AS text FROM d"),
        ("text:/old/a.ja, /older/a.en", "text:/new/a.ja,/new/a.en"),
        ("tfds:stars/plain", "tfds:stars/plain"),
        ("memory:pandas.DataFrame", "memory:pandas.DataFrame"),
        ("of_a_plugin:/old/a", "of_a_plugin:/old/a"),
        ("toy_reviews", "toy_reviews"),
    ],
)
def test_files_that_have_moved_are_searched_for_in_another_folder(address, expected):
    assert _moved(run_config(address, columns={}).dataset, "/new").name == expected
    assert _moved(run_config(address, columns={}).dataset, None).name == address


def test_files_of_other_splits_move_too():
    config = run_config("csv:/old/a.csv", columns={}, options={"test": "/old/test.csv", "seed": 1})
    assert _moved(config.dataset, "/new").options == {"test": "/new/test.csv", "seed": 1}
