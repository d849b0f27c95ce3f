"""Folders of images and recordings as people have them: what is read of them, as what, and what is told of the rest."""

import os
import struct
import sys

import numpy as np
import pytest
from descriptions import run_config
from fault_cases import PIXEL, wav

import keras_rnn_zoo.user_data.formats.audio
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import TaskConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference.rebuild import make_task, open_examples
from keras_rnn_zoo.user_data.formats.audio import AudioFolder
from keras_rnn_zoo.user_data.formats.images import ImageFolder
from keras_rnn_zoo.user_data.prediction_inputs import open_inputs
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.split_folders import name_of_split
from keras_rnn_zoo.user_data.validation_pass import validate_rows

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="names that are no text are of Linux alone")


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def labeled(folder, *lines, head="image,label"):
    """Returns the rows of a folder whose table has some lines: a path where one was found, else what is wrong."""
    write(folder, {"labels.csv": "\n".join([head, *(f"{line},x" for line in lines)]) + "\n"})
    rows = ImageFolder(str(folder), ("classification",), {}, "").rows()
    return [row.fault if isinstance(row, BadRow) else row.raw for row in rows]


def opened(address, task, **options):
    entry = registry.find_dataset(address, (task,), options)
    return entry, entry.make(None, 0, **options)


def targets(examples, part):
    return [target for _, target in examples.split(part).as_numpy_iterator()]


# What a table means


def test_an_exact_path_wins_and_a_name_that_fits_several_files_is_refused(tmp_path):
    write(tmp_path, dict.fromkeys(("0.png", "sub/0.png", "a/1.png", "b/1.png", "a/2.png", "3.png", "3.jpg"), PIXEL))
    assert labeled(tmp_path, "0.png", "sub/0.png", "2.png", "2", "sub/0") == [
        "0.png", "sub/0.png", "a/2.png", "a/2.png", "sub/0.png"
    ]  # fmt: skip
    several = labeled(tmp_path, "1.png", "1", "0", "3")
    for fault, names in zip(several, (("a/1.png", "b/1.png"), ("a/1.png", "b/1.png"), ("0.png", "sub/0.png"),
                                      ("3.jpg", "3.png")), strict=True):  # fmt: skip
        assert fault.startswith(f"the name matches several files, {names[0]!r} and {names[1]!r}")


def test_paths_are_compared_as_they_are_meant(tmp_path):
    write(tmp_path, {"img/0.png": PIXEL, "img/e\N{COMBINING ACUTE ACCENT}.png": PIXEL, "img/a\\b.png": PIXEL})
    forms = [
        "./img/0.png",
        "img\\0.png",
        ".\\img\\0.png",
        "img//0.png",
        "img/../img/0.png",
        str(tmp_path / "img/0.png"),
    ]
    assert labeled(tmp_path, *forms, "img/0.PNG", "IMG/0.png") == ["img/0.png"] * 8
    assert labeled(tmp_path, "img/\N{LATIN SMALL LETTER E WITH ACUTE}.png", "img/a\\b.png") == [
        "img/e\N{COMBINING ACUTE ACCENT}.png", "img/a\\b.png"
    ]  # fmt: skip
    link = tmp_path.parent / "link"
    link.symlink_to(tmp_path)
    assert labeled(link, str(tmp_path / "img/0.png"), str(link / "img/0.png")) == ["img/0.png"] * 2


def test_paths_out_of_the_folder_and_to_other_files_are_refused(tmp_path):
    write(tmp_path, {"pics/0.png": PIXEL, "1.png": PIXEL, "pics/2.tif": b"II*\0"})
    outside = labeled(
        tmp_path / "pics", "../1.png", "..\\1.png", str(tmp_path / "1.png"), "/etc/passwd", "a/../../1.png"
    )
    assert {fault.partition(";")[0] for fault in outside} == {"the path is outside the folder"}
    assert labeled(tmp_path / "pics", "9.png", "2.tif", "C:\\pics\\0.jpg") == [
        "there is no such file; write paths relative to the folder, such as '0.png'",
        "files that end in '.tif' are not read",
        "there is no such file; write paths relative to the folder, such as '0.png'",
    ]


def test_files_that_the_table_does_not_name_are_counted(tmp_path):
    write(tmp_path, {f"{n}.png": PIXEL for n in range(5)})
    write(tmp_path, {"labels.csv": "image,label\n0.png,a\n1.png,b\n"})
    folder = ImageFolder(str(tmp_path), ("classification",), {}, "")
    validate_rows(folder, 0)
    assert folder.warnings() == [f"3 of the 5 files in {tmp_path} are not used: labels.csv does not name them."]


# What is not read


def test_files_that_are_not_read_are_counted(tmp_path):
    write(tmp_path, {f"a/{n}.png": PIXEL for n in range(3)})
    write(tmp_path, {f"a/{n}.TIF": b"" for n in range(12)} | {"b/x.heic": b"", "b/none": b"", "b/y.svg": b""})
    write(tmp_path, dict.fromkeys((".hidden.tif", ".git/x.tif", "labels.txt", "README", "LICENSE.md", "a.json"), b""))
    folder = ImageFolder(str(tmp_path), ("",), {}, "")
    assert folder.warnings() == [
        f"In {tmp_path}, 12 files end in .tif, which is not read.",
        f"In {tmp_path}, 1 file has no ending, and is not read.",
        f"In {tmp_path}, 1 file ends in .heic, which is not read.",
        f"In {tmp_path}, 1 file ends in .svg, which is not read.",
    ]


def test_a_training_warns_of_what_is_not_read(tmp_path, caplog):
    write(tmp_path, split_files("a", "b", kinds=(".",)) | {f"a/{n}.tif": b"" for n in range(12)})
    entry, examples = opened(f"images:{tmp_path}", "classification")
    reader = {"image_height": 4, "image_width": 4}
    examples.report(make_task(TaskConfig(entry.task, "image", {}, reader, examples.classes)))
    assert f"Warning: In {tmp_path}, 12 files end in .tif, which is not read." in caplog.messages


@pytest.mark.parametrize("leaked", [0, 3])
def test_images_to_test_on_that_are_trained_on_are_told_by_what_they_show(leaked, tmp_path, caplog):
    """Folders of splits number their files alike."""
    contents = {"train": 0, "test": 100}
    write(tmp_path, {
        f"{part}/{kind}/{n}.png": PIXEL + bytes([first + n + 50 * (kind == "b") - (first if n < leaked else 0)])
        for part, first in contents.items() for kind in "ab" for n in range(20)
    })  # fmt: skip
    entry, examples = opened(f"images:{tmp_path}", "classification")
    reader = {"image_height": 4, "image_width": 4}
    examples.report(make_task(TaskConfig(entry.task, "image", {}, reader, examples.classes)))
    told = [line for line in caplog.messages if "are also among the training rows" in line]
    assert [line.split(" rows")[0] for line in told] == [f"Warning: {2 * leaked} of the 40 test"] * bool(leaked)


def test_where_all_files_are_of_other_kinds_the_error_says_so(tmp_path):
    write(tmp_path, {f"{n}.m4a": b"" for n in range(12)})
    with pytest.raises(
        DataError, match=r"no file with the extension .*: 12 files end in \.m4a, which is not read\. Name"
    ):
        AudioFolder(str(tmp_path), ("transcription",), {}, "")


def test_without_the_package_recordings_that_need_it_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(keras_rnn_zoo.user_data.formats.audio, "has_soundfile", lambda: False)
    write(tmp_path, {"0.wav": wav(), **{f"{n}.mp3": b"" for n in range(12)}})
    folder = AudioFolder(str(tmp_path), ("transcription",), {}, "")
    assert folder.warnings() == [
        f'In {tmp_path}, 12 files end in .mp3, which needs: pip install "keras-rnn-zoo[audio]".'
    ]


def test_compressed_recordings_are_read_at_their_own_rate(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    for number in range(12):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        path = tmp_path / "ab"[number % 2] / f"{number}.{('flac', 'mp3', 'ogg')[number % 3]}"
        soundfile.write(path, np.sin(np.arange(4000 + number)), 8000)
    entry, examples = opened(f"audio:{tmp_path}", "classification", sample_rate=8000)
    assert entry.defaults["sample_rate"] == 8000
    assert sum(examples.recorded.rows.values()) == 12
    assert all(len(raw) >= 4000 for part in examples.splits for raw, _ in examples.split(part).as_numpy_iterator())


def test_a_hidden_folder_that_is_named_is_read(tmp_path):
    write(tmp_path / ".data", {"a/0.png": PIXEL, "0.png": PIXEL})
    assert len(list(ImageFolder(str(tmp_path / ".data"), ("",), {}, "").rows())) == 2


# Splits


def split_files(*parts, kinds=("cat", "dog"), number=6):
    return {f"{part}/{kind}/{n}.png": PIXEL + bytes([n]) for part in parts for kind in kinds for n in range(number)}


def test_folders_of_splits_are_taken_as_splits(tmp_path):
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


def test_what_is_not_there_is_drawn(tmp_path):
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
def test_what_can_be_meant_in_two_ways_is_refused(files, told, tmp_path):
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


def test_of_folders_within_folders_the_first_is_the_class_and_that_is_told(tmp_path):
    write(tmp_path, split_files("cat", "dog", kinds=("black", "white")))
    assert opened(f"images:{tmp_path}", "classification")[1].classes == ("cat", "dog")
    folder = ImageFolder(str(tmp_path), ("classification",), {}, "")
    assert "such as 'cat/black/0.png': the class is the first folder, 'cat'" in folder.warnings()[0]


def test_a_file_that_moves_to_another_class_changes_the_checksum(tmp_path):
    write(tmp_path, {"a/0.png": PIXEL, "a/1.png": PIXEL, "b/2.png": PIXEL})
    before = ImageFolder(str(tmp_path), ("classification",), {}, "").checksum()
    (tmp_path / "a/1.png").rename(tmp_path / "b/1.png")
    assert ImageFolder(str(tmp_path), ("classification",), {}, "").checksum() != before


# Names and files of all kinds


@LINUX
@pytest.mark.parametrize("name", [b"a/caf\xe9.png", b"caf\xe9/0.png"])
def test_a_name_that_is_no_text_is_a_bad_row(name, tmp_path):
    write(tmp_path, split_files("a", "b", kinds=(".",)))
    write(tmp_path, {os.fsdecode(name): PIXEL})
    with pytest.raises(DataError, match=r"caf\\udce9.*its name is not valid UTF-8\. Rename it.*skip_bad_rows=True"):
        opened(f"images:{tmp_path}", "classification")
    _, examples = opened(f"images:{tmp_path}", "classification", skip_bad_rows=True)
    assert examples.recorded.bad_rows["train"] == 1
    assert sum(examples.recorded.rows.values()) == 12
    asked = open_inputs(f"images:{tmp_path}", run_config(input="image")).inputs()
    assert isinstance(next(asked), BadRow)  # Before anything is predicted.
    assert len(list(asked)) == 12


@LINUX
def test_names_with_any_other_character_are_read(tmp_path):
    names = ["a b.png", "tab\t.png", "line\n.png", 'quote".png', "comma,.png", "猫.png", "#1?.png", "-o.png"]
    write(tmp_path, {f"a/{name}": PIXEL for name in names})
    rows = list(ImageFolder(str(tmp_path), ("classification",), {}, "").rows())
    assert sorted(row.raw for row in rows) == sorted(f"a/{name}" for name in names)


@LINUX
def test_what_is_no_file_is_no_row_or_a_bad_one(tmp_path):
    write(tmp_path, {"a/0.png": PIXEL, "folder.png/1.png": PIXEL, "elsewhere/2.png": PIXEL})
    os.mkfifo(tmp_path / "a/pipe.png")  # To open it would wait for ever.
    (tmp_path / "a/broken.png").symlink_to("none.png")
    (tmp_path / "a/linked.png").symlink_to("0.png")
    (tmp_path / "a/up").symlink_to("..")
    folder = ImageFolder(str(tmp_path), ("classification",), {}, "")
    folder.checksum()
    found = validate_rows(folder, 0)
    faults = {bad.where: bad.fault for bad in found.bad}
    assert faults == {
        "file 'a/broken.png'": "the file cannot be read: No such file or directory",
        "file 'a/pipe.png'": "it is not a regular file",
    }
    assert dict(found.labels) == {"a": 2, "folder.png": 1, "elsewhere": 1}
    assert any("links to other folders are not followed: 'a/up'" in warning for warning in folder.warnings())


@pytest.mark.parametrize(("form", "kind", "files"), [
    ("images", ImageFolder, {"a/0.png": PIXEL}), ("audio", AudioFolder, {"a/0.wav": wav()}),
])  # fmt: skip
def test_a_file_that_may_not_be_read_is_a_bad_row(form, kind, files, tmp_path, monkeypatch):
    write(tmp_path, files)
    folder = kind(str(tmp_path), ("classification",), {}, "")

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    monkeypatch.setattr("keras_rnn_zoo.user_data.folders.file_digest", refuse)
    folder.checksum()
    assert [bad.fault for bad in validate_rows(folder, 0).bad] == ["the file cannot be read: Permission denied"]


def test_content_decides_on_the_format_and_not_the_name(tmp_path):
    image = pytest.importorskip("PIL.Image").fromarray(np.zeros((4, 4, 3), "uint8"))
    write(tmp_path, split_files("a", "b", kinds=(".",)))
    image.save(tmp_path / "a/odd.jpg", "WEBP")
    image.save(tmp_path / "a/tiff.jpg", "TIFF")
    write(tmp_path, {"b/page.jpg": "<!DOCTYPE html><html></html>", "b/empty.png": b""})
    found = validate_rows(ImageFolder(str(tmp_path), ("classification",), {}, ""), 0)
    assert {bad.where for bad in found.bad} == {"file 'a/tiff.jpg'", "file 'b/page.jpg'", "file 'b/empty.png'"}
    assert found.rows == 13


# Transcripts


def ctc_config(address, input, reader, **options):
    return run_config(address, "transcription", input, architecture="ctc", options=options, reader=reader)


def png(height, width):
    """Returns a PNG file of black pixels."""
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(height * (width + 1))))
    return b"\x89PNG\r\n\x1a\n" + head + data + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("files", "config", "bad"),
    [
        # 32 by 40 pixels are 10 frames.
        ({**{f"abcdefgh{n}{n + 1}.png": png(32, 40) for n in range(8)}, "aaaaaa.png": png(32, 40)},
         lambda place: ctc_config(f"images:{place}", "image", {"image_height": 32}), ("11 frames", "5 blanks", "10")),
        # As many pixels in a smaller image are scaled to more of them; at most 16 are read, which are 4 frames.
        ({**{f"ab{n}{n + 1}.png": png(16, 40) for n in range(8)}, "abcde.png": png(16, 40)},
         lambda place: ctc_config(f"images:{place}", "image", {"max_width": 16}), ("5 frames", "4")),
        # A frame every 40 ms.
        ({**{f"ab{n}.wav": wav(samples=800) for n in range(8)}, "abcd.wav": wav(samples=800)},
         lambda place: ctc_config(f"audio:{place}", "audio", {"sample_rate": 8000}, sample_rate=8000),
         ("4 frames", "3")),
    ],
    ids=["image", "cut-image", "audio"],
)  # fmt: skip
def test_a_transcript_of_more_frames_than_there_are_is_a_bad_row(files, config, bad, tmp_path):
    write(tmp_path, files)
    described = config(tmp_path)
    with pytest.raises(DataError) as raised:
        open_examples(described)
    assert all(word in str(raised.value) for word in ("the transcript needs", *bad, "skip_bad_rows=True"))
    described.dataset.options["skip_bad_rows"] = True
    examples = open_examples(described)
    assert examples.recorded.bad_rows == {"train": 1}
    assert sum(len(targets(examples, part)) for part in examples.splits) == 8


def test_a_series_of_fewer_steps_than_its_transcript_is_a_bad_row(tmp_path):
    x, y = np.zeros((12, 4, 2), "float32") + np.arange(12)[:, None, None], np.array(["abcd"] * 11 + ["abbc"])
    np.savez(tmp_path / "a.npz", x=x, y=y)
    config = ctc_config(f"npz:{tmp_path}/a.npz", "series", {}, skip_bad_rows=True)
    assert open_examples(config).recorded.left_out == {"train": ["example 11"]}
    config.task.reader["max_steps"] = 3
    config.dataset.options["skip_bad_rows"] = False
    with pytest.raises(DataError, match="needs 4 frames, for 4 tokens, but the input has only 3"):
        open_examples(config)
