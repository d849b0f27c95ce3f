"""Files of a folder that cannot be used: names, links, permissions, contents, and transcripts that are too long."""

import os
import struct
import sys

import numpy as np
import pytest
from descriptions import run_config
from fault_files import PIXEL, wav
from folder_files import opened, split_files, targets, write

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference.rebuild import open_examples
from keras_rnn_zoo.user_data.formats.audio import AudioFolder
from keras_rnn_zoo.user_data.formats.images import ImageFolder
from keras_rnn_zoo.user_data.prediction_inputs import open_inputs
from keras_rnn_zoo.user_data.rows import BadRow
from keras_rnn_zoo.user_data.validation_pass import validate_rows

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows file names that are not valid text")
POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows has neither such file names nor named pipes")


# Names and files of all kinds


@LINUX
@pytest.mark.parametrize("name", [b"a/caf\xe9.png", b"caf\xe9/0.png"])
def test_a_file_name_that_is_not_text_is_a_bad_row(name, tmp_path):
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


@POSIX
def test_names_with_any_other_character_are_read(tmp_path):
    names = ["a b.png", "tab\t.png", "line\n.png", 'quote".png', "comma,.png", "猫.png", "#1?.png", "-o.png"]
    write(tmp_path, {f"a/{name}": PIXEL for name in names})
    rows = list(ImageFolder(str(tmp_path), ("classification",), {}, "").rows())
    assert sorted(row.raw for row in rows) == sorted(f"a/{name}" for name in names)


@POSIX
def test_broken_links_and_pipes_are_bad_rows_and_folders_are_not_rows(tmp_path):
    write(tmp_path, {"a/0.png": PIXEL, "folder.png/1.png": PIXEL, "elsewhere/2.png": PIXEL})
    os.mkfifo(tmp_path / "a/pipe.png")  # To open it would wait forever.
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
def test_an_unreadable_file_is_a_bad_row(form, kind, files, tmp_path, monkeypatch):
    write(tmp_path, files)
    folder = kind(str(tmp_path), ("classification",), {}, "")

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    monkeypatch.setattr("keras_rnn_zoo.user_data.folders.file_digest", refuse)
    folder.checksum()
    assert [bad.fault for bad in validate_rows(folder, 0).bad] == ["the file cannot be read: Permission denied"]


def test_the_content_decides_the_format_not_the_name(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="pillow is not installed").fromarray(np.zeros((4, 4, 3), "uint8"))
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
def test_a_transcript_with_more_symbols_than_frames_is_a_bad_row(files, config, bad, tmp_path):
    write(tmp_path, files)
    described = config(tmp_path)
    with pytest.raises(DataError) as raised:
        open_examples(described)
    assert all(word in str(raised.value) for word in ("the transcript needs", *bad, "skip_bad_rows=True"))
    described.dataset.options["skip_bad_rows"] = True
    examples = open_examples(described)
    assert examples.recorded.bad_rows == {"train": 1}
    assert sum(len(targets(examples, part)) for part in examples.splits) == 8


def test_a_series_shorter_than_its_transcript_is_a_bad_row(tmp_path):
    x, y = np.zeros((12, 4, 2), "float32") + np.arange(12)[:, None, None], np.array(["abcd"] * 11 + ["abbc"])
    np.savez(tmp_path / "a.npz", x=x, y=y)
    config = ctc_config(f"npz:{tmp_path}/a.npz", "series", {}, skip_bad_rows=True)
    assert open_examples(config).recorded.left_out == {"train": ["example 11"]}
    config.task.reader["max_steps"] = 3
    config.dataset.options["skip_bad_rows"] = False
    with pytest.raises(DataError, match="needs 4 frames, for 4 tokens, but the input has only 3"):
        open_examples(config)
