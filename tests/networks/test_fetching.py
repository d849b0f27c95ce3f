"""Networks that are not in the installation: fetched by name from a server, or read from a folder."""

import json
import shutil

import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.artifacts.run import open_run
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.networks import fetch, index
from keras_rnn_zoo.offline import OfflineError, offline

pytestmark = pytest.mark.usefixtures("listed")


def kept(listed):
    """Returns the files that fetching left in the cache."""
    base = index.cache_folder(listed).parent
    return sorted(str(path.relative_to(base)) for path in base.rglob("*")) if base.exists() else []


def test_a_network_is_fetched_once_and_then_found_without_the_server(listed, server):
    run = open_run("tiny")
    assert run.path == index.cache_folder(listed)
    run.check()
    asked = len(server.paths)
    assert asked == 1 + len(run.config.files)
    with offline():
        assert zoo.load("tiny").predict(["superb"])[0]["label"] in ("negative", "positive")
    assert len(server.paths) == asked
    assert [model["on_disk"] for model in zoo.models()] == [True]


@pytest.mark.parametrize("name", ["config.json", "model.keras", "task/vocabulary.txt"])
def test_a_file_that_is_not_what_the_index_describes_is_refused(listed, server, name):
    content = (server.folder / name).read_bytes()
    (server.folder / name).write_bytes(content[:-2] + b" \n")
    with pytest.raises(RunError, match=rf"{name} is not the file that the index describes: its SHA-256 is \w+, not"):
        open_run("tiny")
    assert kept(listed) == []


@pytest.mark.parametrize("name", ["config.json", "model.keras"])
def test_a_file_that_is_larger_than_the_network_is_refused(listed, server, name):
    with open(server.folder / name, "ab") as file:
        file.write(bytes(listed.bytes))
    with pytest.raises(RunError, match=rf"{name} has more bytes than the network has"):
        open_run("tiny")
    assert kept(listed) == []


def test_a_missing_file_is_refused_and_says_what_to_do(listed, server):
    (server.folder / "model.keras").unlink()
    with pytest.raises(
        RunError, match=r"could not be fetched from https://localhost:\d+: HTTP Error 404.* ZOO_NETWORKS_DIR"
    ):
        open_run("tiny")
    assert kept(listed) == []


def test_a_server_whose_certificate_is_not_trusted_is_refused(server, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(RunError, match=r"could not be fetched from .* CERTIFICATE_VERIFY_FAILED"):
        open_run("tiny")
    assert server.paths == []


def test_redirections_are_followed_to_https_only(listed, server):
    server.redirects["/tiny/model.keras"] = f"{server.url}/tiny/model.keras?moved"
    open_run("tiny").check()
    shutil.rmtree(index.cache_folder(listed))
    server.redirects["/tiny/model.keras"] = "http://localhost/model.keras"
    with pytest.raises(RunError, match=r"it redirects to 'http://localhost/model\.keras', which is not https"):
        open_run("tiny")


@pytest.mark.parametrize("url", ["http://localhost/networks", "file:///tmp", "ftp://localhost"])
def test_other_addresses_than_https_are_refused(url, monkeypatch):
    monkeypatch.setenv(fetch.URL_VARIABLE, url)
    with pytest.raises(RunError, match=f"networks are only fetched by https; received the address '{url}'"):
        open_run("tiny")


def test_without_network_or_address_the_message_says_what_to_do(server, monkeypatch):
    with (
        offline(),
        pytest.raises(OfflineError, match=r"'tiny' .* needs the network, which --offline .* ZOO_NETWORKS_DIR"),
    ):
        open_run("tiny")
    assert server.paths == []
    monkeypatch.delenv(fetch.URL_VARIABLE)
    with pytest.raises(RunError, match=r"no address to fetch it from\. Copy its folder .* set ZOO_NETWORKS_DIR"):
        open_run("tiny")


def test_a_folder_of_networks_takes_the_place_of_the_server(server, tiny_folder, monkeypatch):
    monkeypatch.setenv(index.DIR_VARIABLE, str(tiny_folder.parent))
    assert open_run("tiny").path == tiny_folder
    assert server.paths == []


def test_paths_that_leave_the_folder_are_refused(listed, server, tmp_path, monkeypatch):
    """Whoever writes the index could name any file: the digest protects against others."""
    from keras_rnn_zoo.artifacts.digests import with_digests
    from keras_rnn_zoo.atomic_files import file_digest

    config = json.loads((server.folder / "config.json").read_text())
    escaping = with_digests(config, {**config["files"], "../../escaped": "0" * 64})
    (server.folder / "config.json").write_text(json.dumps(escaping) + "\n")
    entry = {**listed.to_json(), "sha256": file_digest(server.folder / "config.json")}
    index.INDEX.write_text(json.dumps({"url": "", "networks": [entry]}))
    index._index.cache_clear()
    with pytest.raises(RunError, match="has no valid 'files'"):
        open_run("tiny")
    assert not list(tmp_path.rglob("escaped"))
