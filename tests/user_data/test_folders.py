"""Folders of images and recordings as people have them: what is read of them, as what, and what is told of the rest."""

import numpy as np
import pytest
from fault_files import PIXEL, wav
from folder_files import opened, split_files, write

import keras_rnn_zoo.user_data.formats.audio
from keras_rnn_zoo.artifacts.run_config import TaskConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference.rebuild import make_task
from keras_rnn_zoo.user_data.formats.audio import AudioFolder
from keras_rnn_zoo.user_data.formats.images import ImageFolder
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.validation_pass import validate_rows


def labeled(folder, *lines, head="image,label"):
    """Returns the rows of a folder whose table has some lines: a path where one was found, else what is wrong."""
    write(folder, {"labels.csv": "\n".join([head, *(f"{line},x" for line in lines)]) + "\n"})
    rows = ImageFolder(str(folder), ("classification",), {}, "").rows()
    return [row.fault if isinstance(row, BadRow) else row.raw for row in rows]


# What a table means


def test_an_exact_path_takes_precedence_and_an_ambiguous_name_is_refused(tmp_path):
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


def test_paths_outside_the_folder_and_to_other_files_are_refused(tmp_path):
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


def test_training_warns_about_files_that_are_not_read(tmp_path, caplog):
    write(tmp_path, split_files("a", "b", kinds=(".",)) | {f"a/{n}.tif": b"" for n in range(12)})
    entry, examples = opened(f"images:{tmp_path}", "classification")
    reader = {"image_height": 4, "image_width": 4}
    examples.report(make_task(TaskConfig(entry.task, "image", {}, reader, examples.classes)))
    assert f"In {tmp_path}, 12 files end in .tif, which is not read." in caplog.messages


@pytest.mark.parametrize("leaked", [0, 3])
def test_training_images_in_the_test_split_are_found_by_their_content(leaked, tmp_path, caplog):
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
    assert [line.split(" rows")[0] for line in told] == [f"{2 * leaked} of the 40 test"] * bool(leaked)


def test_an_error_says_if_all_files_are_of_other_kinds(tmp_path):
    write(tmp_path, {f"{n}.m4a": b"" for n in range(12)})
    with pytest.raises(
        DataError, match=r"no file with the extension .*: 12 files end in \.m4a, which is not read\. Name"
    ):
        AudioFolder(str(tmp_path), ("transcription",), {}, "")


def test_recordings_that_need_a_missing_package_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(keras_rnn_zoo.user_data.formats.audio, "has_soundfile", lambda: False)
    write(tmp_path, {"0.wav": wav(), **{f"{n}.mp3": b"" for n in range(12)}})
    folder = AudioFolder(str(tmp_path), ("transcription",), {}, "")
    assert folder.warnings() == [
        f'In {tmp_path}, 12 files end in .mp3, which needs: pip install "keras-rnn-zoo[audio]".'
    ]


def test_compressed_recordings_are_read_at_their_own_rate(tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="the extra `audio` is not installed")
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
