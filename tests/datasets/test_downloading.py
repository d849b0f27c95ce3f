"""What becomes of a download that fails: TFDS tries it again, or it ends in a paragraph and can be started anew."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import tensorflow_datasets as tfds

from keras_rnn_zoo.datasets import _prepared as prepared
from keras_rnn_zoo.errors import DataError

CONTENT = b"".join(b"line %d\n" % number for number in range(2000))


class Server(ThreadingHTTPServer):
    """Serves one file, each time as the next of `ways` says: whole, cut, or a status."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ways, self.asked = [], 0


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        way = self.server.ways.pop(0) if self.server.ways else "whole"
        self.send_response(way if isinstance(way, int) else 200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if not isinstance(way, int):
            self.wfile.write(CONTENT if way == "whole" else CONTENT[:1000])

    def log_message(self, *arguments):
        """Says nothing."""


@pytest.fixture
def server():
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def builder(server):
    """A data set whose file the server has."""
    url = f"http://127.0.0.1:{server.server_port}/lines.txt"
    whole = tfds.download.checksums.UrlInfo(len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "lines.txt")

    class Lines(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")
        name = "lines"
        url_infos = {url: whole}  # noqa: RUF012
        pkg_dir_path = None

        def _info(self):
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict({"text": tfds.features.Text()})
            )

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples(dl_manager.download(url))}

        def _generate_examples(self, path):
            for number, line in enumerate(path.read_text().splitlines()):
                yield number, {"text": line}

    return Lines


def lines(builder, folder):
    found = prepared.open_prepared("lines", folder, builder)
    return [example["text"].decode() for example in prepared.read_examples(found, "train").as_numpy_iterator()]


def test_a_request_to_an_overloaded_server_is_repeated(builder, server, tmp_path):
    server.ways = [503, 502, 503]
    assert len(lines(builder, tmp_path)) == 2000
    assert server.asked == 4


@pytest.mark.parametrize("way", ["cut", 404, 403])
def test_a_failed_download_is_reported_in_one_paragraph_and_can_be_repeated(builder, server, tmp_path, way):
    server.ways = [way]
    with pytest.raises(DataError, match="is not on disk and could not be downloaded") as raised:
        lines(builder, tmp_path)
    assert "\n" not in str(raised.value)
    assert "run the command again" in str(raised.value)
    assert prepared.find_prepared("lines", tmp_path) is None
    assert len(lines(builder, tmp_path)) == 2000
