"""What fuzzing found, and what it must give instead; see fuzzing/README.md."""

import ast
import importlib
import importlib.util
import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers._wav import decode_wav
from keras_rnn_zoo.user_data.safe_npy import read_array

FUZZING = Path(__file__).parents[1] / "fuzzing"


@pytest.mark.parametrize("path", sorted(FUZZING.glob("*.py")), ids=lambda path: path.stem)
def test_what_fuzzing_imports_exists(path):
    missing = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):  # Within functions, too.
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "keras_rnn_zoo":
            module = importlib.import_module(node.module)
            for name in (alias.name for alias in node.names):
                is_module = hasattr(module, "__path__") and importlib.util.find_spec(f"{node.module}.{name}")
                if not is_module and not hasattr(module, name):
                    missing.append(f"{node.module}.{name}")
    assert not missing


def header(text):
    """Returns a `.npy` file with a header of that text."""
    line = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(line)) + line


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "conll"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_utf_16_without_a_byte_order_mark(form, encoding, tmp_path):
    path = tmp_path / f"a.{form}"
    path.write_bytes(b"text,label\na,b\n\xff\xfe\xff")
    task = "tagging" if form == "conll" else "classification"
    with pytest.raises(DataError):  # Bytes that decode by chance do not make a table.
        registry.find_dataset(f"{form}:{path}", (task,), {"encoding": encoding})


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), ",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)}}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': '''",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (3, 2), }",
    ],
)
def test_a_broken_header_of_an_array(text):
    with pytest.raises(DataError, match=r"a cannot be read: .*numpy\.savez"):
        read_array(header(text), "a")


def test_an_archive_whose_directory_points_before_its_beginning(tmp_path):
    file = io.BytesIO()
    np.savez(file, x=np.zeros((12, 1)), y=np.arange(12))
    content = bytearray(file.getvalue())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 42 : entry + 46] = b"\xff\xff\xff\x7f"
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npz is not a NumPy archive"):
        registry.find_dataset(f"npz:{tmp_path / 'a.npz'}", ("classification",))


def test_an_archive_that_is_larger_than_memory(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(2**22))
    monkeypatch.setattr("keras_rnn_zoo.user_data.npz_archive.available", lambda: 5_000_000)
    with pytest.raises(
        DataError, match=r"has 4,194,304 bytes uncompressed, but only 80% of the 5,000,000 bytes of free memory"
    ):
        registry.find_dataset(f"npz:{tmp_path / 'a.npz'}", ("classification",))


@pytest.mark.parametrize("rate", [1, 99, 1_000_001, 0xFFF71F40])
def test_a_rate_of_no_recording(rate):
    """The filter that resamples is as long as the rates are unlike: this one took 4 GiB."""
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 0, 2, 16)
    content = b"RIFF\0\0\0\0WAVE" + head + struct.pack("<4sI", b"data", 4) + bytes(4)
    with pytest.raises(DataError, match="Hz, but must be from 100 to 1,000,000"):
        decode_wav(content)


def reader(name, **options):
    return registry.readers.get(name).make(**options)


@pytest.mark.parametrize("values", [[3e38, -3e38], [-4e16, 1.9], [np.inf, np.nan], [1e30] * 9])
def test_samples_and_numbers_that_overflow(values):
    audio = reader("audio", sample_rate=8000)
    batch = audio.to_batch([np.array(values, "float32")])
    assert np.abs(audio(*batch).numpy()).max() <= 100
    series = reader("series")
    series.mean, series.deviation = [0.0], [1e-3]
    batch = series.to_batch([np.array(values, "float32")[:, None]])
    assert np.abs(series(*batch).numpy()).max() <= 1e9


def bmp(header=40, offset=54, bits=8, size=60):
    """Returns the head of a BMP file."""
    return (struct.pack("<2sIIIIiiHH", b"BM", size, 0, offset, header, 1, 1, 1, bits) + bytes(size))[:size]


@pytest.fixture(scope="module")
def read_image():
    """Reads images in a graph, where alone the message of an error names the op, and so the input."""
    image = reader("image", image_height=4, image_width=4)
    return tf.function(image, input_signature=image.signature())


@pytest.mark.parametrize("header", [3_539_196, 2**31 - 1, -(2**31), -1, 40])
@pytest.mark.parametrize("offset", [54, 0, 2**31 - 1, -(2**31)])
def test_a_palette_beyond_the_end_of_a_bmp_file(read_image, header, offset):
    packed = struct.pack("<ii", offset, header)
    content = bmp()
    content = content[:10] + packed + content[18:]
    try:
        read_image(tf.constant([content]))
    except tf.errors.InvalidArgumentError as error:
        assert "input" in error.message


def test_a_prepared_feature_with_a_slash_in_its_name(tmp_path):
    """What stands before the slash is no feature that holds others."""
    version = tmp_path / "made" / "1.0.0"
    version.mkdir(parents=True)
    examples = []
    for number in range(24):
        text = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"line %d" % number]))
        label = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"ab"[number % 2 : number % 2 + 1]]))
        features = tf.train.Features(feature={"la/bel": label, "text": text})
        examples.append(tf.train.Example(features=features).SerializeToString())
    with tf.io.TFRecordWriter(str(version / "made-train.tfrecord-00000-of-00001")) as writer:
        for example in examples:
            writer.write(example)
    core = "tensorflow_datasets.core.features"
    text = {"pythonClassName": f"{core}.text_feature.Text", "text": {}}
    features = {"featuresDict": {"features": {"la/bel": text, "text": text}}}
    features["pythonClassName"] = f"{core}.features_dict.FeaturesDict"
    (version / "features.json").write_text(json.dumps(features))
    split = {"name": "train", "numBytes": str(sum(map(len, examples))), "shardLengths": [str(len(examples))]}
    split["filepathTemplate"] = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
    info = {"name": "made", "version": "1.0.0", "fileFormat": "tfrecord", "moduleName": "made.made", "splits": [split]}
    (version / "dataset_info.json").write_text(json.dumps(info))
    options = {"data_dir": str(tmp_path), "columns": "text=text,label=la/bel"}
    entry = registry.find_dataset("tfds:made", ("classification",), options)
    assert entry.make(str(tmp_path), 0, columns=options["columns"]).classes == ("a", "b")
