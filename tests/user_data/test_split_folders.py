"""Folders that hold a folder for each split."""

import pytest
from fault_files import PIXEL, wav
from folder_files import opened, split_files, targets, write

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.formats.images import ImageFolder
from keras_rnn_zoo.user_data.split_folders import name_of_split


def test_folders_of_splits_are_used_as_splits(tmp_path):
    write(tmp_path, split_files("Train", "val", "test") | {"README.md": "", ".git/x.png": PIXEL, "empty/x.txt": ""})
    entry, examples = opened(f"images:{tmp_path}", "classification")
    assert entry.name == f"images:{tmp_path}"
    assert examples.classes == ("cat", "dog")
    assert examples.recorded.rows == {"train": 12, "validation": 12, "test": 12}
    assert sorted(targets(examples, "test")) == [0] * 6 + [1] * 6
    other = write(tmp_path.parent / "other", {f"{kind}/0.png": PIXEL for kind in ("cat", "dog")})
    _, examples = opened(f"images:{tmp_path}", "classification", test=str(other))
    assert examples.recorded.rows == {"train": 12, "validation": 12, "test": 2}


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("training_set", "train"), ("test set", "test"), ("trainset", "train"), ("seg_train", "train"),
        ("val2017", "validation"), ("Test-Images", "test"), ("dev_data", "validation"),
        ("train_station", ""), ("images", ""), ("test1", ""), ("reval", ""),
    ],
)  # fmt: skip
def test_folders_of_splits_have_other_names(name, split):
    assert name_of_split(name) == split


def test_missing_splits_are_drawn_from_train(tmp_path):
    write(tmp_path, split_files("train", "test", number=15))
    _, examples = opened(f"images:{tmp_path}", "classification")
    assert examples.recorded.rows == {"train": 27, "validation": 3, "test": 30}


def test_recordings_and_lines_with_a_table_for_each_split(tmp_path):
    for part in ("train", "dev", "test"):
        files = {f"{n}.wav": wav(samples=800 + n) for n in range(3)}
        write(tmp_path / part, {**files, "labels.csv": f"file,text\n0.wav,{part} a\n1.wav,{part} b\n"})
    _, examples = opened(f"audio:{tmp_path}", "transcription")
    assert sorted(targets(examples, "validation")) == [b"dev a", b"dev b"]
    assert examples.recorded.rows == {"train": 2, "validation": 2, "test": 2}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (split_files("train", "test", "extra"), "'extra' next to the folders of splits, 'train', 'test'"),
        (split_files("train", "test") | {"x.png": PIXEL}, "'x.png' next to the folders of splits"),
        (split_files("train", "test") | {"labels.csv": "image,label\n"}, "'labels.csv' next to the folders of splits"),
        (split_files("train", "val", "valid"), "two folders for validation, 'val' and 'valid'"),
        (split_files("cat", "dog", kinds=("train", "test")), "rename it to 'test/cat'"),
        (split_files("images", kinds=("cat", "dog")), "images to make those the classes"),
        (split_files("train") | {f"test/{n}.png": PIXEL for n in range(3)}, "has files but no folders"),
    ],
    ids=["other-folder", "file", "table", "two", "within-classes", "one-folder", "no-classes"],
)
def test_ambiguous_folders_are_refused(files, told, tmp_path):
    write(tmp_path, files)
    with pytest.raises(DataError) as raised:
        opened(f"images:{tmp_path}", "classification")
    assert told in str(raised.value)


def test_a_class_may_be_called_train(tmp_path):
    write(tmp_path, {f"{kind}/{n}.png": PIXEL + bytes([n]) for kind in ("bus", "train") for n in range(6)})
    _, examples = opened(f"images:{tmp_path}", "classification")
    assert examples.classes == ("bus", "train")
    folder = ImageFolder(str(tmp_path), ("classification",), {}, "")
    assert "the folder 'train' is read as a class" in folder.warnings()[0]


def test_in_nested_folders_the_first_is_the_class_and_that_is_reported(tmp_path):
    write(tmp_path, split_files("cat", "dog", kinds=("black", "white")))
    assert opened(f"images:{tmp_path}", "classification")[1].classes == ("cat", "dog")
    folder = ImageFolder(str(tmp_path), ("classification",), {}, "")
    assert "such as 'cat/black/0.png': the class is the first folder, 'cat'" in folder.warnings()[0]


def test_a_file_that_moves_to_another_class_changes_the_checksum(tmp_path):
    write(tmp_path, {"a/0.png": PIXEL, "a/1.png": PIXEL, "b/2.png": PIXEL})
    before = ImageFolder(str(tmp_path), ("classification",), {}, "").checksum()
    (tmp_path / "a/1.png").rename(tmp_path / "b/1.png")
    assert ImageFolder(str(tmp_path), ("classification",), {}, "").checksum() != before
