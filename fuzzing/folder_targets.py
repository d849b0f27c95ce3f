"""Readers of folders as functions of bytes: prepared datasets and the documents of runs and exports."""

import functools
import json
import shutil
from collections.abc import Callable
from typing import Any

import seeds
from targets import FOLDER
from watch import BAIT

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts import run as runs
from keras_rnn_zoo.artifacts.digests import with_digests
from keras_rnn_zoo.artifacts.export import read_export
from keras_rnn_zoo.datasets._prepared import translate_record_errors
from keras_rnn_zoo.user_data.safe_npy import read_array

CUT = b"\0\0"
"""Separates the files of one input."""


@functools.cache
def _records() -> tuple[bytes, int]:
    """Returns a file of twelve records of texts and labels, and the total size of its examples in bytes."""
    import tensorflow as tf

    path, size = FOLDER / "records", 0
    with tf.io.TFRecordWriter(str(path)) as writer:
        for number in range(12):
            text = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"line %d" % number]))
            label = tf.train.Feature(int64_list=tf.train.Int64List(value=[number % 2]))
            features = tf.train.Features(feature={"text": text, "label": label})
            example = tf.train.Example(features=features).SerializeToString()
            size += len(example)
            writer.write(example)
    return path.read_bytes(), size


def prepared(data: bytes) -> None:
    """A prepared TFDS dataset; the input contains its two descriptions and the class names."""
    features, info, labels = (*data.split(CUT, 2), b"", b"")[:3]
    version = FOLDER / "tfds" / "made" / "1.0.0"
    shutil.rmtree(version, ignore_errors=True)
    version.mkdir(parents=True)
    records, size = _records()
    (version / "made-train.tfrecord-00000-of-00001").write_bytes(records)
    (version / "features.json").write_bytes(features)
    (version / "dataset_info.json").write_bytes(info.replace(b"SIZE", b"%d" % size))
    (version / "label.labels.txt").write_bytes(labels)
    folder = str(FOLDER / "tfds")
    with translate_record_errors("tfds:made"):  # Like `train` and `evaluate`.
        entry = registry.find_dataset("tfds:made", ("classification", "regression"), {"data_dir": folder})
        entry.make(folder, 0)


def pickle(data: bytes) -> None:
    """An array of objects; the first byte is the number of objects declared in its header."""
    count, content = (data[0] if data else 0), data[1:]
    array = read_array(seeds.object_header((count,)) + content, "made up")
    for item in array.ravel()[:100]:
        repr(item)


def config(data: bytes) -> None:
    """A run's `config.json`, as it is and with valid digests, and the task that it describes."""
    folder = FOLDER / "run"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_bytes(_with_valid_digests(data))
    found = runs.open_run(str(folder)).config
    if ":" not in found.dataset.name:  # The dataset is not read from files.
        from keras_rnn_zoo.inference.rebuild import make_task

        registry.dataset_of(found)
        make_task(found.task)


def export_facts(data: bytes) -> None:
    """An export's `export.json`, as it is and with valid digests."""
    folder = FOLDER / "export"
    folder.mkdir(exist_ok=True)
    (folder / "saved_model.pb").write_bytes(b"")
    (folder / "export.json").write_bytes(_with_valid_digests(data))
    read_export(folder)


def _with_valid_digests(data: bytes) -> bytes:
    """Returns a JSON object with valid digests; anything else unchanged."""
    try:
        document: Any = json.loads(data)
        return json.dumps(with_digests(document, document["files"])).encode() + b"\n"
    except (ValueError, KeyError, TypeError, RecursionError):
        return data


_FEATURES = """{"featuresDict": {"features": {"label": {"classLabel": {"numClasses": "2"}, "pythonClassName":
"tensorflow_datasets.core.features.class_label_feature.ClassLabel"}, "text": {"text": {}, "pythonClassName":
"tensorflow_datasets.core.features.text_feature.Text"}}}, "pythonClassName":
"tensorflow_datasets.core.features.features_dict.FeaturesDict"}"""
_INFO = """{"name": "made", "version": "1.0.0", "fileFormat": "tfrecord", "moduleName": "made.made", "splits":
[{"filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}", "name": "train", "numBytes": "SIZE",
"shardLengths": ["12"]}], "supervisedKeys": {"tuple": {"items": [{"featureKey": "text"}, {"featureKey": "label"}]}}}"""
_BAITED = json.dumps({"type": f"{BAIT}.Feature", "content": "{}", "proto_cls": f"{BAIT}.Proto"})

_TASK = {"name": "classification", "input": "text", "classes": ["a", "b"], "options": {}, "reader": {"max_length": 9}}
_CONFIG = {
    "run": "made",
    "architecture": "many_to_one",
    "dataset": {"name": "toy_reviews", "version": "1", "checksum": "0", "options": {}},
    "task": _TASK,
    "options": {"units": 4},
    "training": {"epochs": 1, "batch_size": 32, "learning_rate": 0.003},
    "seed": 0,
    "versions": {"keras": "3"},
    "finished": True,
    "epochs_trained": 1,
    "best_epoch": 1,
    "files": {"task/vocabulary.txt": "0" * 64},
}
_FACTS = {
    "format": "saved_model",
    "run": "made",
    "architecture": "many_to_one",
    "dataset": {"name": "toy_reviews", "version": "1", "checksum": "0"},
    "task": _TASK,
    "versions": {"keras": "3"},
    "files": {"saved_model.pb": "0" * 64},
}

TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "prepared": (
        prepared,
        [
            CUT.join((_FEATURES.encode(), _INFO.encode(), b"bad\ngood\n")),
            CUT.join((_BAITED.encode(), _INFO.encode(), b"")),
            CUT.join(
                (_FEATURES.replace("pythonClassName", "python_class_name").encode(), _INFO.encode(), b"bad\ngood\n")
            ),
        ],
    ),
    "pickle": (pickle, [bytes([len(items)]) + seeds.pickled(items) for items in seeds.OBJECTS]),
    "config": (config, [json.dumps(_CONFIG).encode()]),
    "export_facts": (export_facts, [json.dumps(_FACTS).encode()]),
}
"""Each target and its seed input."""

TOKENS: dict[str, tuple[bytes, ...]] = {
    "prepared": (
        b'"pythonClassName"',
        b'"python_class_name"',
        b'"type"',
        b'"content"',
        b'"proto_cls"',
        f'"{BAIT}.Feature"'.encode(),
        b'"antigravity.Feature"',
        b'"tensorflow_datasets.core.features.image_feature.Image"',
        b'"tensorflow_datasets.core.features.sequence_feature.Sequence"',
        b'"sequence": {"feature": ',
        b'"tensor": {"shape": {"dimensions": ["2"]}, "dtype": "float32"}',
        b'"image": {"shape": {"dimensions": ["-1", "-1", "3"]}, "dtype": "uint8"}',
        b"..",
        b"/etc/passwd",
        b"array_record",
        CUT,
    ),
    "pickle": (
        f"c{BAIT}\nFeature\n".encode(),
        b"cnumpy\ndtype\n",
        b"cnumpy\nndarray\n",
        b"cnumpy.core.multiarray\n_reconstruct\n",
        b"cnumpy._core.multiarray\nscalar\n",
        b"cbuiltins\neval\n",
        b"cantigravity\nfly\n",
        *(
            bytes([code])
            for code in b"(0123NKMJIILFGTUBXC]}a)elsdtubqhrjp\x80\x81\x82\x85\x86\x87\x88\x89\x8c\x8e\x93\x94\x95R."
        ),
    ),
}
"""Dictionaries of tokens that the search inserts into the input of some targets."""
