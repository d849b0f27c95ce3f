"""Datasets that are prepared from files of the user, or read without the network."""

import shutil
import socket

import pytest
from prepared_files import LOCATION, no_network

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets import _prepared as prepared
from keras_rnn_zoo.errors import DataError

ENJA = "small_parallel_enja"


@pytest.fixture(autouse=True)
def none_opened(monkeypatch):
    """Damaged records are searched for in what the process has opened: these data sets have none that are whole."""
    monkeypatch.setattr(prepared, "_opened", {})


def test_an_error_without_data_and_network_says_how_to_get_the_data(tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with pytest.raises(DataError) as error:
        prepared.open_prepared(LOCATION, tmp_path)
    message = str(error.value)
    for part in (LOCATION, str(tmp_path), "address of ai.stanford.edu cannot be found", "data_dir", "tfds.load"):
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


def put_files(builder, folder):
    shutil.copytree(builder.code_path.parent / "dummy_data", folder)


def sentences(builder):
    return {text.decode() for text, _ in prepared.read_split(builder, "train", ("en", "ja")).as_numpy_iterator()}


@pytest.mark.parametrize("place", [ENJA, "downloads/manual"])
def test_user_files_are_prepared_in_their_folder(enja, data_dir, place, capsys):
    put_files(enja, data_dir / place)
    assert "i read the book ." in sentences(prepared.open_prepared(ENJA, data_dir, enja))
    assert prepared.find_prepared(ENJA, data_dir) == data_dir / ENJA / "1.0.0"
    assert capsys.readouterr().out == "", "standard output is kept for what the user asked for"
    for stem in ("train", "dev", "test"):  # Prepared data needs the files no more.
        (data_dir / place / f"{stem}.en").unlink()
    assert len(sentences(prepared.open_prepared(ENJA, data_dir, enja))) == 3


@pytest.mark.parametrize("place", [ENJA, "downloads/manual"])
def test_write_protected_user_files_are_prepared_in_the_default_folder(enja, data_dir, place):
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


def test_a_damaged_user_file_is_named(enja, data_dir):
    put_files(enja, data_dir / ENJA)
    (data_dir / ENJA / "dev.ja").write_text("Nein .\n")
    with pytest.raises(DataError, match=r"could not be prepared.*data/small_parallel_enja/dev\.ja, has wrong checksum"):
        prepared.open_prepared(ENJA, data_dir, enja)
    assert prepared.find_prepared(ENJA, data_dir) is None


def test_missing_files_are_named(enja, data_dir):
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


def test_prepared_data_is_read_without_the_network(tfds_dir, monkeypatch):
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
