"""A network of its own for these tests, and a stand-in of the server that networks are fetched from."""

import functools
import http.server
import importlib.util
import json
import shutil
import ssl
import threading
from pathlib import Path

import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.networks import index

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""A certificate for localhost and its key, for this stand-in alone."""
NAME = "tiny"
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="session")
def tiny_folder(small_run, made_once, shrink):
    """A folder with the network `tiny`: a small run, stored as networks are. Read it, do not change it."""
    from keras_rnn_zoo.training.store import store_run

    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        return made_once("networks", lambda folder: store_run(small_run("toy_reviews"), folder / NAME)) / NAME


@pytest.fixture
def listed(tiny_folder, tmp_path, monkeypatch):
    """The entry of `tiny` in an index that holds nothing else, which these tests use in place of the zoo's."""
    network = describe(zoo.Run(tiny_folder))
    file = tmp_path / "index.json"
    file.write_text(json.dumps({"url": "", "networks": [network.to_json()]}))
    monkeypatch.setattr(index, "INDEX", file)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    index._index.cache_clear()
    yield network
    index._index.cache_clear()


def describe(run):
    """Returns the entry of a stored run in an index."""
    spec = importlib.util.spec_from_file_location("train_networks", BENCHMARKS / "train_networks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.describe(run)


class _Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.paths.append(self.path)
        if location := self.server.redirects.get(self.path):
            self.send_response(302)
            self.send_header("Location", location)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tiny_folder, tmp_path, monkeypatch):
    """A local HTTPS server of a copy of the folder with `tiny`: `folder`, `url`, `paths` asked for, `redirects`."""
    folder = tmp_path / "served"
    shutil.copytree(tiny_folder, folder / NAME)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.folder, server.paths, server.redirects = folder / NAME, [], {}
    server.url = f"https://localhost:{server.server_port}"
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setenv("no_proxy", "localhost")
    monkeypatch.setenv("ZOO_NETWORKS_URL", server.url)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
