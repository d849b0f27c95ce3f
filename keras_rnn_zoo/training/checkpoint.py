"""Checkpoint files: values of variables and a JSON object, written atomically and verified when read."""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.digests import damaged
from keras_rnn_zoo.artifacts.snapshot import NotRegularError, opened
from keras_rnn_zoo.atomic_files import atomic_write
from keras_rnn_zoo.lazy import keras, np

_HEAD = b"Keras RNN Zoo, state 1, SHA-256 of the rest "
_DOCUMENT = "document"


def write_state(path: Path, document: Mapping[str, Any], groups: Mapping[str, Sequence[Any]]) -> None:
    """Writes the values of groups of variables and a JSON object.

    The file consists of one line with the SHA-256 of the rest, followed by a NumPy `.npz` archive.

    Args:
        path: the file.
        document: the JSON object.
        groups: the variables by name of their group.
    """
    arrays: dict[str, Any] = {_DOCUMENT: np.frombuffer(json.dumps(document).encode(), "uint8")}
    arrays |= {
        f"{name}/{index:06}": keras.ops.convert_to_numpy(variable.value)
        for name, variables in groups.items()
        for index, variable in enumerate(variables)
    }
    content = io.BytesIO()
    np.savez(content, **arrays)
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        file.write(_HEAD + _digest(content.getbuffer()) + b"\n")
        file.write(content.getbuffer())


def _digest(content: Any) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def read_state(path: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Returns the JSON object and the arrays of each group; raises `RunError` if the file is damaged."""
    try:
        with opened(path) as file:
            head, _, body = file.read().partition(b"\n")
    except FileNotFoundError:
        raise damaged(path, "it is missing") from None
    except NotRegularError as error:
        raise damaged(path, error.fault) from None
    if head != _HEAD + _digest(body):
        raise damaged(path, "its content is not what training wrote (truncated or changed)")
    groups: dict[str, list[Any]] = {}
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        for name in arrays.files:
            if name != _DOCUMENT:
                groups.setdefault(name.partition("/")[0], []).append(arrays[name])
        return json.loads(arrays[_DOCUMENT].tobytes()), groups


def assign(path: Path, variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Assigns the values that were read from the file `path` to variables; raises `RunError` if the shapes differ."""
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
        raise damaged(path, "it is the checkpoint of another model")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
