"""The index of the trained networks, and the folders in which they are found. Imports no framework."""

import functools
import json
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from keras_rnn_zoo.artifacts.schema import DIGEST, NAME, Document, boolean, checked, dict_of, integer, number, text
from keras_rnn_zoo.atomic_files import user_path
from keras_rnn_zoo.display.printing import megabytes
from keras_rnn_zoo.errors import RunError, name_hint

logger = logging.getLogger(__name__)

DIR_VARIABLE = "ZOO_NETWORKS_DIR"
"""The environment variable with a folder of networks, which is searched first."""
INDEX = Path(__file__).with_name("index.json")
_LINK = Path(__file__).with_name("shipped")
_CHECKOUT = Path(__file__).parents[2] / "saved_models"
"""The folder to which `shipped` leads. Git on Windows may check out links as text files."""


@dataclass(frozen=True)
class Network(Document):
    """A trained network, which bears the name of its dataset.

    Attributes:
        name: its name.
        architecture: the architecture.
        dataset: the dataset it was trained on.
        task: the task.
        input: the kind of input.
        metric: the name of the main metric.
        metrics: the metrics on the test split.
        examples: number of examples of the test split.
        parameters: number of weights.
        storage: the dtype of the stored weights.
        bytes: size of its files.
        license: terms of use of the data, and so of the network.
        sha256: SHA-256 of `config.json`, which has those of the other files.
        in_wheel: whether wheels contain it.
    """

    name: str = checked(text(100, r"[A-Za-z0-9][A-Za-z0-9._-]*"))
    architecture: str = checked(NAME)
    dataset: str = checked(NAME)
    task: str = checked(NAME)
    input: str = checked(NAME)
    metric: str = checked(NAME)
    metrics: Mapping[str, float] = checked(dict_of(number, NAME))
    examples: int = checked(integer())
    parameters: int = checked(integer())
    storage: str = checked(NAME)
    bytes: int = checked(integer(0, 2**31))
    license: str = checked(text())
    sha256: str = checked(DIGEST)
    in_wheel: bool = checked(boolean)

    @property
    def value(self) -> float:
        """The value of the main metric."""
        return self.metrics[self.metric]

    @property
    def score(self) -> str:
        """The main metric in words, such as "accuracy 0.9840"."""
        return f"{self.metric} {self.value:.4f}"

    @property
    def size(self) -> str:
        """The size of its files in words, such as "0.3 MB"."""
        return megabytes(self.bytes)


@functools.cache
def _index() -> tuple[str, dict[str, Network]]:
    document = json.loads(INDEX.read_text(encoding="utf-8"))
    rows = [Network.from_json(row) for row in document["networks"]]
    return document["url"], {row.name: row for row in rows}


def networks() -> dict[str, Network]:
    """Returns the networks by name."""
    return dict(_index()[1])


def index_url() -> str:
    """Returns the address of the folder with the networks that are not in wheels; "" if there is none."""
    return _index()[0]


def find_network(name: str) -> Network:
    """Returns the network of a name; raises `RunError` with similar names if there is none."""
    known = _index()[1]
    if name not in known:
        raise RunError(f"There is no trained network {name!r}. {name_hint(name, known)}")
    return known[name]


def protect_network(path: Path) -> None:
    """Warns if the run to be written at a path will hide the network of its name.

    Raises:
        RunError: the path is the folder of the network, as in a checkout of the repository.
    """
    if path.name not in _index()[1]:
        return
    if is_network(path):
        raise RunError(
            f"{path} is the trained network {path.name!r} of the zoo, which a run would replace. Choose another name "
            "with --run NAME, or another folder with --models-dir DIR."
        )
    logger.warning(
        "The run %s will hide the trained network %r of the zoo: commands that name it will use the run.",
        path,
        path.name,
    )


def shipped_folder() -> Path:
    """Returns the folder of the networks that this installation contains."""
    return _LINK if _LINK.is_dir() else _CHECKOUT


def cache_folder(network: Network) -> Path:
    """Returns where a network that was fetched is kept, in the user's cache folder."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return user_path(base) / "keras_rnn_zoo" / "networks" / network.sha256[:16] / network.name


def local_folder(name: str) -> Path | None:
    """Returns the folder of a network on this machine; `None` if it is not here, or if no network has the name.

    It is searched in `$ZOO_NETWORKS_DIR`, in the installation, and in the user's cache folder.
    """
    network = _index()[1].get(name)
    if network is None:
        return None
    own = os.environ.get(DIR_VARIABLE)
    places = [*([user_path(own) / name] if own else []), shipped_folder() / name, cache_folder(network)]
    return next((place for place in places if os.path.lexists(place / "config.json")), None)


def network_folder(name: str) -> Path:
    """Returns the folder of a network, which is fetched if it is not on this machine.

    Raises:
        RunError: there is no such network, or it cannot be fetched.
        OfflineError: it has to be fetched, but offline mode is on.
    """
    if folder := local_folder(name):
        return folder
    from keras_rnn_zoo.networks.fetch import fetch_network  # The modules for the network take long to import.

    return fetch_network(find_network(name))


def is_network(path: Path) -> bool:
    """Returns whether a folder is that of a network, rather than of a user's run."""
    folder = local_folder(path.name)
    return folder is not None and os.path.realpath(folder) == os.path.realpath(path)


def networks_in(folder: Path) -> frozenset[str]:
    """Returns the names of the networks whose folders are in a folder: in a checkout, the runs are beside them."""
    names = [name for name in _index()[1] if os.path.lexists(folder / name)]
    return frozenset(name for name in names if is_network(folder / name))


@functools.cache
def warn_of_hidden_network(path: Path) -> None:
    """Logs a warning, once, that a run has the name of a network."""
    logger.warning(
        "The run %s hides the trained network of that name. To use the network, rename the folder of the run.", path
    )
