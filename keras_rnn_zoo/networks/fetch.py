"""Fetches the files of a network that this installation does not contain. Imports no framework.

The index has the SHA-256 of the network's `config.json`, which has those of the other files, and the size of them all.
So whoever answers at the address cannot choose what is loaded, or fill the disk.
"""

import contextlib
import hashlib
import http.client
import logging
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.digests import damaged, read_config
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.atomic_files import atomic_directory
from keras_rnn_zoo.display.status import announce
from keras_rnn_zoo.errors import RunError
from keras_rnn_zoo.networks.index import DIR_VARIABLE, Network, cache_folder, index_url
from keras_rnn_zoo.offline import require_network

URL_VARIABLE = "ZOO_NETWORKS_URL"
"""The environment variable with the address of a folder of networks, in place of the index's."""
_SECONDS = 60
"""How long to wait for a server's answer."""

logger = logging.getLogger(__name__)


def fetch_network(network: Network) -> Path:
    """Fetches a network into the user's cache folder, which is returned.

    Raises:
        RunError: there is no address, the server does not answer, or the files are not those of the index.
        OfflineError: offline mode is on.
    """
    by_hand = f"Copy its folder from the repository's saved_models/ to a folder, and set {DIR_VARIABLE} to that folder."
    what = f"The network {network.name!r} ({network.size}) is not part of this installation"
    url = os.environ.get(URL_VARIABLE) or index_url()
    if not url:
        raise RunError(f"{what}, and there is no address to fetch it from. {by_hand}")
    require_network(f"{what}. Fetching it", by_hand)
    if urllib.parse.urlsplit(url).scheme != "https":
        raise RunError(f"{what}, and networks are only fetched by https; received the address {url!r}. {by_hand}")
    folder = cache_folder(network)
    announce(f"Fetching the network {network.name}")
    logger.info("Fetching the network %s from %s to %s.", network.name, url, folder)
    try:
        with atomic_directory(folder) as partial:
            _download(network, f"{url.rstrip('/')}/{network.name}", partial)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise RunError(
            f"{what}, and it could not be fetched from {url}: {error}. Try again later. {by_hand}"
        ) from error
    except OSError:
        if not os.path.lexists(folder / "config.json"):  # Otherwise another process has fetched it meanwhile.
            raise
    return folder


def _download(network: Network, url: str, folder: Path) -> None:
    left = network.bytes - _save(f"{url}/config.json", folder / "config.json", network.sha256, network.bytes)
    config = read_config(folder / "config.json", RunConfig, damaged)
    for name, digest in sorted(config.files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        left -= _save(f"{url}/{urllib.parse.quote(name)}", path, digest, left)


def _save(url: str, path: Path, digest: str, limit: int) -> int:
    """Writes the answer of an address to a file, and returns its size.

    Raises:
        RunError: the answer has more bytes than `limit`, or another SHA-256.
    """
    with contextlib.closing(_opener().open(url, timeout=_SECONDS)) as answer:
        content = answer.read(limit + 1)
    if len(content) > limit:
        raise RunError(f"{url} has more bytes than the network has. It is not what the index describes: do not use it.")
    if (found := hashlib.sha256(content).hexdigest()) != digest:
        raise RunError(
            f"{url} is not the file that the index describes: its SHA-256 is {found}, not {digest}. It was changed or "
            "cut off; nothing was kept. Try again later."
        )
    path.write_bytes(content)
    return len(content)


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows redirections to https only."""

    def redirect_request(self, request: Any, file: Any, code: int, message: str, headers: Any, url: str) -> Any:
        if urllib.parse.urlsplit(url).scheme != "https":
            raise urllib.error.URLError(f"it redirects to {url!r}, which is not https")
        return super().redirect_request(request, file, code, message, headers, url)


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_OnlyHttps)
