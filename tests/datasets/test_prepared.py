import json
import os
import shutil
import socket
import struct
from dataclasses import replace

import pytest
from descriptions import run_config

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets import _descriptions as descriptions
from keras_rnn_zoo.datasets import _prepared as prepared
from keras_rnn_zoo.errors import DataError

LOCATION = "imdb_reviews/plain_text"
ENJA = "small_parallel_enja"


CLASSES = "tensorflow_datasets.core.features"


@pytest.fixture(autouse=True)
def none_opened(monkeypatch):
    """Damaged records are searched for in what the process has opened: these data sets have none that are whole."""
    monkeypatch.setattr(prepared, "_opened", {})


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


def test_the_newest_version_is_found(tmp_path):
    assert prepared.find_prepared(LOCATION, tmp_path) is None
    write_prepared(tmp_path, "1.9.0")
    newest = write_prepared(tmp_path, "1.10.0")
    (tmp_path / LOCATION / "2.0.0.incompleteABC").mkdir()
    (tmp_path / LOCATION / "2.0.0.incompleteABC" / "dataset_info.json").touch()
    assert prepared.find_prepared(LOCATION, tmp_path) == newest


def test_whole_files_pass(tmp_path):
    prepared.check_prepared(write_prepared(tmp_path))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "dataset_info.json").write_text(""), r"dataset_info\.json: it cannot be read"),
        (lambda f: (f / "dataset_info.json").write_text("{}"), r"dataset_info\.json: it cannot be read"),
        (lambda f: (f / "features.json").unlink(), r"features\.json: it cannot be read"),
        (lambda f: (f / "features.json").write_text("{}"), r"features\.json: a feature names no class"),
        (lambda f: next(f.glob("*-of-*")).unlink(), r"train\.tfrecord-00000-of-00001: it is missing"),
        (
            lambda f: (f / "features.json").write_text('{"pythonClassName": "os.X"}'),
            r"features\.json: it names the class 'os\.X', which is not a supported feature of TFDS",
        ),
        (
            lambda f: next(f.glob("*-of-*")).write_bytes(b"x" * 37),
            r"train\.tfrecord-00000-of-00001: it has 0 records",
        ),
    ],
)
def test_a_half_written_data_set_is_named(tmp_path, damage, message):
    folder = write_prepared(tmp_path)
    damage(folder)
    with pytest.raises(DataError, match=message):
        prepared.open_prepared(LOCATION, tmp_path)


def label(**fields):
    return {"pythonClassName": f"{CLASSES}.class_label_feature.ClassLabel", **fields}


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
def test_features_import_nothing_and_ask_for_no_more_than_the_zoo_reads(tmp_path, monkeypatch, features, message):
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
def test_the_description_of_a_data_set_names_no_other_files(tmp_path, info, message):
    write_prepared(tmp_path, **info)
    with pytest.raises(DataError, match=rf"dataset_info\.json: .*{message}"):
        prepared.open_prepared(LOCATION, tmp_path)


def test_what_was_checked_is_what_tfds_reads(tmp_path, monkeypatch):
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


def fifo(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)


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


def test_a_record_that_claims_more_than_its_file_holds_is_named(tmp_path):
    """TensorFlow would make room for as much, and end the process."""
    folder = write_prepared(tmp_path)
    shard = next(folder.glob("*-of-*"))
    shard.write_bytes(struct.pack("<Q", 2**45) + shard.read_bytes()[8:])
    with pytest.raises(DataError, match=r"00000-of-00001: it has 0 records and a truncated one, but 2 were"):
        prepared.open_prepared(LOCATION, tmp_path)


def test_a_pipe_among_the_records_is_named(tmp_path):
    folder = write_prepared(tmp_path)
    fifo(folder / "imdb_reviews-test.tfrecord-00000-of-00001")
    with pytest.raises(DataError, match=r"test\.tfrecord-00000-of-00001: it is not a regular file"):
        prepared.open_prepared(LOCATION, tmp_path)


def test_any_way_to_a_data_set_checks_it_first(tmp_path, monkeypatch):
    """A data set of the zoo, one by TFDS's name, and what a run notes of the folder that it was trained from."""
    (tmp_path / "intruder.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    write_prepared(tmp_path, features={**features_of(text=TEXT), "type": "intruder.Feature", "content": {}})

    def run_in(folder):
        config = run_config(f"tfds:{LOCATION}")
        return replace(config, dataset=replace(config.dataset, data_dir=str(folder)))

    ways = (
        lambda: registry.datasets.get("imdb_reviews").make(str(tmp_path), 0),
        lambda: registry.find_dataset(f"tfds:{LOCATION}", ("classification",), {"data_dir": str(tmp_path)}),
        lambda: registry.find_dataset("tfds:imdb_reviews", ("classification",), {"data_dir": str(tmp_path)}),
        lambda: registry.find_dataset(f"tfds:{LOCATION}:1.0.0", ("classification",), {"data_dir": str(tmp_path)}),
        lambda: registry.find_dataset(f"tfds:{LOCATION}", ("classification",), {}, run_in(tmp_path)),
    )
    for way in ways:
        with pytest.raises(DataError, match=r"features\.json"):
            way()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "place", ["huggingface:imdb", "kaggle:a/b", "my_namespace:a:1.0.0", "../a", "a/..", "gs://a/b", ""]
)
def test_data_sets_of_the_community_are_refused_by_name(place):
    with pytest.raises(DataError, match="The name of a TFDS dataset is expected, such as"):
        registry.find_dataset(f"tfds:{place}", ("classification",), {})


def test_a_version_may_be_named(tmp_path):
    old = write_prepared(tmp_path, "1.0.0")
    write_prepared(tmp_path, "2.0.0")
    assert prepared.find_prepared(f"{LOCATION}:1.0.0", tmp_path) == old
    assert str(prepared.open_prepared(f"{LOCATION}:1.0.0", tmp_path).version) == "1.0.0"


@pytest.mark.parametrize("location", ["imdb_reviews:1.0.0", "imdb_reviews/my_config", "unknown_to_tfds"])
def test_files_that_only_tfds_would_find_are_not_read(tmp_path, monkeypatch, location):
    """`tfds.builder` reads what lies in the folder where it does not know the name, config or version."""
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    (tmp_path / "intruder.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    name, _, version = location.partition(":")
    folder = tmp_path / name / (version or "1.0.0")
    folder.mkdir(parents=True)
    (folder / "features.json").write_text(json.dumps({"type": "intruder.Feature", "content": {}}))
    with pytest.raises(DataError, match="is not on disk and could not be"):
        prepared.open_prepared(location, tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_data_dir_that_is_missing_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere does not exist\. Name the folder"):
        prepared.open_prepared(LOCATION, tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_the_default_folder_need_not_exist_to_download_to_it(tmp_path, monkeypatch):
    """Training records the folder it settled on, so it arrives here named even where the user named none."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "new"))
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    for data_dir in (None, str(prepared.data_dir_path().resolve())):
        with pytest.raises(DataError, match="could not be downloaded"):
            prepared.open_prepared(LOCATION, data_dir)


def test_a_data_dir_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="file is a file"):
        prepared.open_prepared(LOCATION, tmp_path / "file")


def no_network(*_args, **_kwargs):
    raise socket.gaierror(-2, "Name or service not known")


def test_without_data_and_network_it_says_what_is_missing_and_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with pytest.raises(DataError) as error:
        prepared.open_prepared(LOCATION, tmp_path)
    message = str(error.value)
    for part in (LOCATION, str(tmp_path), "address of ai.stanford.edu cannot be found", "--data-dir", "tfds.load"):
        assert part in message
    assert "\n" not in message


@pytest.fixture
def enja(monkeypatch, tmp_path):
    """A builder of ours, whose dummy files pass for the real ones; no network, and a default folder of its own."""
    from tensorflow_datasets.core.download.checksums import compute_url_info

    from keras_rnn_zoo.tfds_builders.small_parallel_enja.small_parallel_enja_dataset_builder import Builder

    dummy = Builder.code_path.parent / "dummy_data"
    infos = {url: compute_url_info(dummy / info.filename) for url, info in Builder.url_infos.items()}
    monkeypatch.setattr(Builder, "url_infos", infos)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "default"))
    return Builder


@pytest.fixture
def data_dir(tmp_path):
    """A data directory, which may be written again when the test is over."""
    folder = tmp_path / "data"
    folder.mkdir()
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def put_files(builder, folder):
    shutil.copytree(builder.code_path.parent / "dummy_data", folder)


def sentences(builder):
    return {text.decode() for text, _ in prepared.read_split(builder, "train", ("en", "ja")).as_numpy_iterator()}


@pytest.mark.parametrize("place", [ENJA, "downloads/manual"])
def test_what_the_user_brought_is_prepared_beside_it(enja, data_dir, place, capsys):
    put_files(enja, data_dir / place)
    assert "i read the book ." in sentences(prepared.open_prepared(ENJA, data_dir, enja))
    assert prepared.find_prepared(ENJA, data_dir) == data_dir / ENJA / "1.0.0"
    assert capsys.readouterr().out == "", "standard output is kept for what the user asked for"
    for stem in ("train", "dev", "test"):  # Prepared data needs the files no more.
        (data_dir / place / f"{stem}.en").unlink()
    assert len(sentences(prepared.open_prepared(ENJA, data_dir, enja))) == 3


@pytest.mark.parametrize("place", [ENJA, "downloads/manual"])
def test_what_the_user_brought_write_protected_is_prepared_in_the_default_folder(enja, data_dir, place):
    put_files(enja, data_dir / place)
    before = sorted(data_dir.rglob("*"))
    for path in (data_dir, *before):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for _ in range(2):
        builder = prepared.open_prepared(ENJA, data_dir, enja)
        assert "i read the book ." in sentences(builder)
        assert str(builder.data_dir) == str(data_dir.parent / "default" / ENJA / "1.0.0")
    assert sorted(data_dir.rglob("*")) == before


def test_a_write_protected_folder_without_the_data_set_is_named(enja, data_dir):
    data_dir.chmod(0o555)
    with pytest.raises(DataError, match=rf"'{ENJA}' is not in the data directory .*data, which is not writable"):
        prepared.open_prepared(ENJA, data_dir, enja)
    assert not list(data_dir.iterdir())


def test_a_file_of_the_user_that_is_damaged_is_named(enja, data_dir):
    put_files(enja, data_dir / ENJA)
    (data_dir / ENJA / "dev.ja").write_text("Nein .\n")
    with pytest.raises(DataError, match=r"could not be prepared.*data/small_parallel_enja/dev\.ja, has wrong checksum"):
        prepared.open_prepared(ENJA, data_dir, enja)
    assert prepared.find_prepared(ENJA, data_dir) is None


def test_the_files_that_are_missing_are_named(enja, data_dir):
    put_files(enja, data_dir / ENJA)
    (data_dir / ENJA / "dev.ja").unlink()
    (data_dir / ENJA / "train.en").unlink()
    with pytest.raises(DataError) as error:
        prepared.open_prepared(ENJA, data_dir, enja)
    message = str(error.value)
    for part in ("could not be downloaded", "raw.githubusercontent.com cannot be found", f"DIR/{ENJA}", "data_dir"):
        assert part in message
    assert "copy dev.ja, train.en from https://raw.githubusercontent.com/odashi/small_parallel_enja/312408a" in message
    assert "\n" not in message


def test_what_is_on_disk_is_read_without_the_network(tfds_dir, monkeypatch):
    def forbidden(*_args, **_kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    examples = registry.datasets.get("imdb_reviews").make(str(tfds_dir), 0)
    text, label = next(examples.split("test").as_numpy_iterator())
    assert len(text) > 20
    assert label in (0, 1)


def test_a_truncated_copy_of_the_real_data_is_named(tfds_dir, tmp_path):
    source = prepared.find_prepared(LOCATION, tfds_dir)
    folder = tmp_path / LOCATION / source.name
    shutil.copytree(source, folder)
    shard = next(folder.glob("*-train*"))
    shard.chmod(0o644)
    with open(shard, "r+b") as file:
        file.truncate(1_000_000)
    with pytest.raises(DataError, match=r"00000-of-00001: it has 748 records and a truncated one, but 25,000 were"):
        registry.datasets.get("imdb_reviews").make(str(tmp_path), 0)
