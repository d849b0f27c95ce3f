"""Small prepared datasets that several tests write."""

import json
import os
import socket
import struct

LOCATION = "imdb_reviews/plain_text"
CLASSES = "tensorflow_datasets.core.features"
TEXT = {"pythonClassName": f"{CLASSES}.text_feature.Text", "text": {}}


def features_of(**features):
    """Returns `features.json` of a dictionary of features."""
    return {"pythonClassName": f"{CLASSES}.features_dict.FeaturesDict", "featuresDict": {"features": features}}


def write_prepared(data_dir, version="1.0.0", records=(b"one", b"two"), features=None, **info):
    """Writes the files of a prepared data set, as TFDS names them; the records need not be examples."""
    folder = data_dir / LOCATION / version
    folder.mkdir(parents=True)
    size = sum(map(len, records))
    split = {"name": "train", "numBytes": str(size), "shardLengths": [str(len(records))], **info.pop("split", {})}
    info = {"name": "imdb_reviews", "version": version, "configName": "plain_text", "splits": [split], **info}
    (folder / "dataset_info.json").write_text(json.dumps(info))
    (folder / "features.json").write_text(json.dumps(features_of(text=TEXT) if features is None else features))
    content = b"".join(struct.pack("<QI", len(record), 0) + record + bytes(4) for record in records)
    (folder / "imdb_reviews-train.tfrecord-00000-of-00001").write_bytes(content)
    return folder


def label(**fields):
    return {"pythonClassName": f"{CLASSES}.class_label_feature.ClassLabel", **fields}


def fifo(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def no_network(*_args, **_kwargs):
    raise socket.gaierror(-2, "Name or service not known")
