"""Prepared datasets: which version is opened, and that damaged or missing files are named."""

import json
import socket
import struct
from dataclasses import replace

import pytest
from descriptions import run_config
from prepared_files import LOCATION, TEXT, features_of, fifo, no_network, write_prepared

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets import _prepared as prepared
from keras_rnn_zoo.errors import DataError


@pytest.fixture(autouse=True)
def none_opened(monkeypatch):
    """Damaged records are searched for in what the process has opened: these data sets have none that are whole."""
    monkeypatch.setattr(prepared, "_opened", {})


def test_the_newest_version_is_found(tmp_path):
    assert prepared.find_prepared(LOCATION, tmp_path) is None
    write_prepared(tmp_path, "1.9.0")
    newest = write_prepared(tmp_path, "1.10.0")
    (tmp_path / LOCATION / "2.0.0.incompleteABC").mkdir()
    (tmp_path / LOCATION / "2.0.0.incompleteABC" / "dataset_info.json").touch()
    assert prepared.find_prepared(LOCATION, tmp_path) == newest


def test_intact_files_are_accepted(tmp_path):
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
def test_an_incomplete_dataset_is_named(tmp_path, damage, message):
    folder = write_prepared(tmp_path)
    damage(folder)
    with pytest.raises(DataError, match=message):
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


def test_a_dataset_is_checked_however_it_is_opened(tmp_path, monkeypatch):
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
def test_community_datasets_are_refused_by_name(place):
    with pytest.raises(DataError, match="The name of a TFDS dataset is expected, such as"):
        registry.find_dataset(f"tfds:{place}", ("classification",), {})


def test_a_version_can_be_specified(tmp_path):
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
