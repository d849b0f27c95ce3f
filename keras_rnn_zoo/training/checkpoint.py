"""Variables and what belongs to them in one file, which is whole or absent and tells its own damage."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.artifacts.digests import damaged
from keras_rnn_zoo.artifacts.snapshot import NotRegularError, opened
from keras_rnn_zoo.atomic_files import atomic_write
from keras_rnn_zoo.lazy import keras, np

_HEAD = b"Keras RNN Zoo, state 1, SHA-256 of the rest "
_DOCUMENT = "document"
_SHARED = re.compile(rb'("shared_object_id": )(\d+)')


def write_state(path: Path, document: Mapping[str, Any], groups: Mapping[str, Sequence[Any]]) -> None:
    """Writes the values of variables, by the names of their groups, and a JSON object.

    A file is one line with the SHA-256 of what follows, and then NumPy's `.npz`.
    """
    arrays: dict[str, Any] = {_DOCUMENT: np.frombuffer(json.dumps(document).encode(), "uint8")}
    arrays |= {
        f"{name}/{number:06}": keras.ops.convert_to_numpy(variable.value)
        for name, variables in groups.items()
        for number, variable in enumerate(variables)
    }
    content = io.BytesIO()
    np.savez(content, **arrays)
    with atomic_write(path) as beside, open(beside, "wb") as file:
        file.write(_HEAD + _digest(content.getbuffer()) + b"\n")
        file.write(content.getbuffer())


def _digest(content: Any) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def read_state(path: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Returns the JSON object and the arrays of each group; raises `RunError` where the file is damaged."""
    try:
        with opened(path) as file:
            head, _, body = file.read().partition(b"\n")
    except FileNotFoundError:
        raise damaged(path, "it is missing") from None
    except NotRegularError as error:
        raise damaged(path, error.fault) from None
    if head != _HEAD + _digest(body):
        raise damaged(path, "its content is not what training wrote (cut short or changed)")
    groups: dict[str, list[Any]] = {}
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        for name in arrays.files:
            if name != _DOCUMENT:
                groups.setdefault(name.partition("/")[0], []).append(arrays[name])
        return json.loads(arrays[_DOCUMENT].tobytes()), groups


def assign(path: Path, variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Gives variables the values that were read from a file; raises `RunError` where they are those of others."""
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
        raise damaged(path, "it is the state of another model")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def write_model(model: Any, path: Path) -> None:
    """Writes a functional model as a `.keras` file without its optimizer; equal models give equal bytes.

    Keras's own archive holds the time, and the addresses in memory of shared objects. Both are replaced.
    """
    # Shares layers and weights with the model, but is not compiled: Keras saves the optimizer of a compiled model.
    uncompiled = keras.Model(model.input, model.output, name=model.name)
    content, plain = io.BytesIO(), io.BytesIO()
    shared: dict[bytes, bytes] = {}
    with atomic_write(path) as beside:
        uncompiled.save(beside)
        content.write(beside.read_bytes())
        with zipfile.ZipFile(content) as archive, zipfile.ZipFile(plain, "w") as written:
            for name in archive.namelist():
                data = archive.read(name)
                if name == "metadata.json":
                    data = json.dumps({**json.loads(data), "date_saved": "1980-01-01@00:00:00"}).encode()
                elif name == "config.json":
                    data = _SHARED.sub(lambda found: found[1] + shared.setdefault(found[2], b"%d" % len(shared)), data)
                written.writestr(zipfile.ZipInfo(name), data)
        beside.write_bytes(plain.getbuffer())
