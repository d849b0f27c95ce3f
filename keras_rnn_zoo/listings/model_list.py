"""The trained networks as a table, and their names. Imports no framework."""

import fnmatch
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.display.printing import megabytes
from keras_rnn_zoo.display.text_tables import Table
from keras_rnn_zoo.networks.index import Network, local_folder, networks


def models() -> Table:
    """Returns the trained networks, which `load`, `predict` and the other functions find by name, without training.

    Returns:
        A list with a dict for each network: `name`, `architecture`, `dataset`, `task`, `input` (kind of input),
        `metric` and `value` (the main metric, on the test split), `metrics` (all of them), `examples` (of the test
        split), `parameters`, `bytes` (size of the files), `storage` (dtype of the stored weights), `license` (of the
        data, and so of the network) and `on_disk` (if not, it is fetched when first used). It is shown as a table, also
        in notebooks.

    Example:
        >>> [network["architecture"] for network in models() if network["name"] == "toy_reviews"]
        ['many_to_one']
    """
    rows = [_row(network) for network in networks().values()]
    return Table(rows, "Trained networks" if rows else "There are no trained networks.", _CELLS)


def list_models(filter: str = "", *, pretrained: bool = False) -> list[str]:
    """Returns the names of what can be built, or of the trained networks.

    As in timm, the names without `pretrained` are for building new models: those of the architectures, which `build`
    and `train` take. A trained network bears the name of its dataset, and is an architecture's `weights`.

    Args:
        filter: a pattern with wildcards that the names match, such as `"*reviews"`; by default, all names.
        pretrained: whether to list the trained networks instead, whose names `load` and `build(weights=...)` take.

    Returns:
        The names, architectures in the order of `list_architectures`, networks in alphabetical order.

    Example:
        >>> list_models("many_*")
        ['many_to_one', 'many_to_many']
    """
    names = list(networks()) if pretrained else registry.list_architectures()
    return [name for name in names if fnmatch.fnmatchcase(name, filter or "*")]


def _row(network: Network) -> dict[str, Any]:
    row = network.to_json()
    kept = ("name", "architecture", "dataset", "task", "input", "metrics", "examples", "parameters", "bytes", "storage")
    return {
        **{key: row[key] for key in kept},
        "metric": network.metric,
        "value": network.value,
        "license": network.license,
        "on_disk": local_folder(network.name) is not None,
    }


def _size(row: Mapping[str, Any]) -> str:
    return megabytes(row["bytes"]) + ("" if row["on_disk"] else ", fetched when first used")


_CELLS: dict[str, Any] = {
    "name": "name",
    "architecture": "architecture",
    "task": "task",
    "test score": lambda row: f"{row['metric']} {row['value']:.4f}",
    "parameters": lambda row: f"{row['parameters']:,}",
    "size": _size,
    "license of the data": "license",
}
