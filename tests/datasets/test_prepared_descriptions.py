"""The descriptions of prepared datasets: they import nothing, name no other files, and fit their records."""

import json

import pytest
from prepared_files import CLASSES, LOCATION, TEXT, features_of, fifo, label, write_prepared

from keras_rnn_zoo.datasets import _descriptions as descriptions
from keras_rnn_zoo.datasets import _prepared as prepared
from keras_rnn_zoo.errors import DataError


@pytest.fixture(autouse=True)
def none_opened(monkeypatch):
    """Damaged records are searched for in what the process has opened: these data sets have none that are whole."""
    monkeypatch.setattr(prepared, "_opened", {})


def tensor(kind="tensor_feature.Tensor", field="tensor", **fields):
    return {"pythonClassName": f"{CLASSES}.{kind}", field: {"dtype": "int64", **fields}}


def in_sequence(feature, length=-1):
    return {
        "pythonClassName": f"{CLASSES}.sequence_feature.Sequence",
        "sequence": {"feature": feature, "length": length},
    }


FOREIGN = {"pythonClassName": "intruder.Feature", "text": {}}


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({**features_of(text=TEXT), "type": "intruder.Feature", "content": {}}, 'no field named "(type|content)"'),
        ({"type": "intruder.Feature", "proto_cls": "", "content": {}}, "no field named"),
        (FOREIGN, "names the class 'intruder.Feature'"),
        (features_of(a=FOREIGN), "names the class 'intruder.Feature'"),
        (features_of(a={"python_class_name": "intruder.Feature", "text": {}}), "names the class 'intruder.Feature'"),
        (features_of(a={**TEXT, "python_class_name": "intruder.Feature"}), "names the class 'intruder.Feature'"),
        (features_of(a=in_sequence(features_of(b=FOREIGN))), "names the class 'intruder.Feature'"),
        (features_of(a={"pythonClassName": "tensorflow_datasets.testing.intruder.X", "text": {}}), "names the class"),
        (features_of(a={"pythonClassName": f"{CLASSES}.text_feature.os", "text": {}}), "names the class"),
        (features_of(a={"text": {}}), "a feature names no class"),
        (features_of(a=label(jsonFeature={"json": '{"names_file": "/etc/hostname"}'})), "described by json_feature"),
        (features_of(a={**TEXT, "text": None, "tensor": {}}), "described by tensor"),
        (features_of(a=label(classLabel={"numClasses": str(10**12)})), "1,000,000,000,000 classes"),
        (features_of(a=tensor(shape={"dimensions": [2**20, 2**20]})), "numbers per example"),
        (features_of(a=tensor(shape={"dimensions": [2**14, 2**7]}, optional=True)), "numbers per example"),
        (features_of(a=in_sequence(in_sequence(tensor(), 2**20), 2**20)), "numbers per example"),
        (features_of(a=tensor(dtype="V1000000000")), "has the type 'V1000000000'"),
        (features_of(a=tensor("audio_feature.Audio", "audio", lazyDecode=True)), "lazy_decode"),
        (features_of(a=tensor(encoding="zlib", shape={"dimensions": [2]})), "compressed by zlib"),
        (features_of(a=tensor("audio_feature.Audio", "audio", encoding="zlib")), "compressed by zlib"),
        (tensor(), "a dictionary of features is expected"),
    ],
)
def test_features_import_nothing_and_are_limited_to_those_that_are_read(tmp_path, monkeypatch, features, message):
    (tmp_path / "intruder.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    write_prepared(tmp_path, features=features)
    with pytest.raises(DataError, match=rf"features\.json: .*{message}"):
        prepared.open_prepared(LOCATION, tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ({"split": {"filepathTemplate": "/etc/{SPLIT}"}}, "names its files '/etc/{SPLIT}'"),
        ({"split": {"filepathTemplate": "gs://bucket/{SHARD_X_OF_Y}"}}, "names its files 'gs://bucket"),
        ({"split": {"filepath_template": "{SPLIT:>1000000000}"}}, "names its files"),
        ({"split": {"name": "../train"}}, "split names must be valid and unique"),
        ({"split": {"numBytes": "-1"}}, "a negative size"),
        ({"name": "../imdb_reviews"}, "the name of a dataset is expected"),
        ({"configName": "../plain_text"}, "names the config"),
        ({"version": "1.0.0/../2"}, "a version such as"),
        ({"fileFormat": "riegeli"}, "have the format 'riegeli'"),
        ({"file_format": "parquet"}, "have the format 'parquet'"),
    ],
)
def test_the_description_of_a_dataset_names_no_other_files(tmp_path, info, message):
    write_prepared(tmp_path, **info)
    with pytest.raises(DataError, match=rf"dataset_info\.json: .*{message}"):
        prepared.open_prepared(LOCATION, tmp_path)


def test_tfds_reads_the_files_that_were_checked(tmp_path, monkeypatch):
    """The files are read once: changed afterwards, they change nothing; what is not needed is not passed on."""
    features = features_of(text=TEXT, label=label(classLabel={"numClasses": "2"}))
    info = {"moduleName": "intruder", "location": {"urls": ["http://intruder"]}}
    folder = write_prepared(tmp_path, features=features, **info)
    (folder / "label.labels.txt").write_text("bad\ngood\n")
    described = prepared.described_builder

    def changed(*arguments):
        (folder / "features.json").write_text(json.dumps(FOREIGN))
        (folder / "dataset_info.json").write_text("{}")
        return described(*arguments)

    monkeypatch.setattr(prepared, "described_builder", changed)
    builder = prepared.open_prepared(LOCATION, tmp_path)
    assert builder.info.full_name == f"{LOCATION}/1.0.0"
    assert builder.info.features["label"].names == ["bad", "good"]
    assert builder.info.splits["train"].num_examples == 2
    assert builder.info.splits["train"].filepaths == [folder / "imdb_reviews-train.tfrecord-00000-of-00001"]
    assert "intruder" not in str(builder.info.as_proto)


def link_out(path):
    elsewhere = path.parents[3] / "elsewhere"
    elsewhere.write_text("secret\nof yours\n")
    path.unlink(missing_ok=True)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize("name", ["dataset_info.json", "features.json", "label.labels.txt"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (fifo, "is not a regular file"),
        (link_out, "is a symbolic link to another folder"),
        (lambda path: path.write_bytes(b" " * (16 * 2**20 + 1)), "is larger than 16,777,216 bytes"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "cannot be read"),
    ],
)
def test_descriptions_are_small_files_of_the_folder(tmp_path, name, change, message):
    folder = write_prepared(tmp_path, features=features_of(text=TEXT, label=label(classLabel={"numClasses": 2})))
    change(folder / name)
    with pytest.raises(DataError, match=rf"{name}: it {message}"):
        prepared.open_prepared(LOCATION, tmp_path)


def test_names_of_labels_are_as_many_as_there_are_classes(tmp_path):
    folder = write_prepared(tmp_path, features=features_of(label=in_sequence(label(classLabel={"numClasses": 2}))))
    (folder / "label.labels.txt").write_text("a\nb\nc\n")
    with pytest.raises(DataError, match=r"label\.labels\.txt: .*3 names VS 2 num_classes"):
        prepared.open_prepared(LOCATION, tmp_path)


def test_labels_that_share_a_file_of_names_have_no_more_classes_in_all(tmp_path, monkeypatch):
    three = label(classLabel={"numClasses": 3})
    features = features_of(**{"a-b": three, "a": features_of(b=three)})
    folder = write_prepared(tmp_path, features=features)
    (folder / "a-b.labels.txt").write_text("a\nb\nc\n")
    prepared.open_prepared(LOCATION, tmp_path)
    monkeypatch.setattr(descriptions, "_MAX_CLASSES", 5)
    with pytest.raises(DataError, match=r"a-b\.labels\.txt: with this file, labels have more than 5 classes"):
        prepared.open_prepared(LOCATION, tmp_path)
