"""Writes a run's `.keras` file, and loads only the weights from it.

A `.keras` file is an archive with the weights of a model and its config. A config can refer to code, so it is never
read: the registry builds the model from the run's `config.json`, and the weights are copied into it. The archive and
the HDF5 file in it must be laid out as Keras writes them, uncompressed and without external links, so that reading
never allocates more than the size of the file on disk, or twice that size for weights stored as float16.
"""

import io
import json
import math
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import h5py
import keras
import numpy as np

from keras_rnn_zoo.artifacts.digests import damaged
from keras_rnn_zoo.artifacts.snapshot import OpenFile
from keras_rnn_zoo.atomic_files import atomic_write
from keras_rnn_zoo.errors import RunError, ZooError
from keras_rnn_zoo.frameworks.keras_internals import forget_uninitialized_variables

WEIGHTS = "model.weights.h5"
MEMBERS = ("metadata.json", "config.json", WEIGHTS)
"""The members of a `.keras` archive."""
_MAX_DEPTH = 64
"""Maximum nesting of groups in the HDF5 file."""
_MAX_OBJECTS = 100_000
"""Maximum number of groups and arrays in the HDF5 file."""
_ITEM_SIZES = {"bool": 1, "int8": 1, "uint8": 1, "float16": 2, "int64": 8, "float64": 8, "uint64": 8}
"""Bytes per item by dtype; 4 for all others."""
Storage = Literal["float32", "float16"]
"""The dtype in which a file stores weights that are float32 in the model."""
_SHARED = re.compile(rb'("shared_object_id": )(\d+)')


class _UnlikeKerasError(Exception):
    """The file is not laid out as Keras writes it, or has weights that training never produces."""


def write_model(model: Any, path: Path, storage: Storage = "float32") -> None:
    """Writes a functional model as a `.keras` file without its optimizer; equal models give identical bytes.

    The archive that Keras writes contains the time and the memory addresses of shared objects. Both are replaced.

    Args:
        model: the model.
        path: the file.
        storage: the dtype of the stored weights. `"float16"` halves the file; `load_weights_safely` and
            `keras.saving.load_model` convert them back to float32.

    Raises:
        RunError: a weight is too large for float16.
    """
    assert storage in get_args(Storage)
    # A copy that shares layers and weights with the model but is not compiled, because Keras would save the optimizer.
    uncompiled = keras.Model(model.input, model.output, name=model.name)
    content, plain = io.BytesIO(), io.BytesIO()
    shared: dict[bytes, bytes] = {}
    with atomic_write(path) as temporary:
        uncompiled.save(temporary)
        content.write(temporary.read_bytes())
        with zipfile.ZipFile(content) as archive, zipfile.ZipFile(plain, "w") as written:
            for name in archive.namelist():
                data = archive.read(name)
                if name == "metadata.json":
                    data = json.dumps({**json.loads(data), "date_saved": "1980-01-01@00:00:00"}).encode()
                elif name == "config.json":
                    data = _SHARED.sub(lambda match: match[1] + shared.setdefault(match[2], b"%d" % len(shared)), data)
                elif name == WEIGHTS and storage == "float16":
                    data = _as_float16(data, path)
                written.writestr(zipfile.ZipInfo(name), data)
        temporary.write_bytes(plain.getbuffer())


def _as_float16(weights: bytes, path: Path) -> bytes:
    """Returns an HDF5 file with its float32 arrays as float16."""
    content = io.BytesIO()
    with h5py.File(io.BytesIO(weights), "r") as source, h5py.File(content, "w") as target:

        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Group):
                copied = target.require_group(name)
            else:
                values = item[()]
                if values.dtype == np.float32:
                    with np.errstate(over="ignore"):
                        values = values.astype(np.float16)
                    if not np.isfinite(values).all():
                        raise RunError(
                            f"The weights {name} cannot be stored as float16 in {path}: one is beyond ±65,504, the "
                            "largest float16. Store them as float32."
                        )
                copied = target.create_dataset(name, data=values)
            copied.attrs.update(item.attrs)

        target.attrs.update(source.attrs)
        source.visititems(copy)
    return content.getvalue()


def load_weights_safely(make: Callable[[], Any], file: OpenFile) -> Any:
    """Builds a model and loads its weights from a `.keras` file.

    No memory is allocated for the model until the file is known to contain weights for all of it.

    Args:
        make: builds the model.
        file: the opened file.

    Returns:
        The model that `make` builds, with the weights.

    Raises:
        RunError: the file is damaged, is not laid out as Keras writes it, has the weights of another model, or has
            weights that are not finite.
    """
    path = file.path
    try:
        stored = stored_bytes(file)
        model = _built(make, stored)
        file.seek(0)
        model.load_weights(file)  # Keras infers the format from `str(file)`, which is the path.
        _check_finite(model)
    except ZooError:
        raise
    except _UnlikeKerasError as error:
        raise damaged(path, str(error)) from None
    except Exception as error:  # zipfile, h5py and Keras raise many kinds of exceptions for damaged files.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        fault = f"its weights are not those of the model that config.json describes ({lines[0]})"
        raise damaged(path, fault) from error
    return model


def _check_finite(model: Any) -> None:
    for variable in model.weights:
        values = keras.ops.convert_to_numpy(variable.value)
        if keras.backend.is_float_dtype(variable.dtype) and not np.isfinite(values).all():
            raise _UnlikeKerasError(f"its weights are not finite: {variable.path} contains NaN or infinity")


def stored_bytes(file: OpenFile) -> int:
    """Returns the size that the weights in a `.keras` file have in memory, in bytes, after checking the file's layout.

    In memory, float16 becomes float32.
    """
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if sorted(names) != sorted(MEMBERS):
            raise _UnlikeKerasError(f"as an archive it contains {_listed(names)} instead of {_listed(MEMBERS)}")
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
                raise _UnlikeKerasError(f"{member.filename!r} in it is compressed, unlike in files that Keras writes")
        with archive.open(WEIGHTS) as content, h5py.File(content, "r") as weights:
            arrays = [(_size(name, array), array.dtype) for name, array in _datasets(weights)]
        if sum(size for size, _ in arrays) > archive.getinfo(WEIGHTS).file_size:
            raise _UnlikeKerasError("arrays of weights in it overlap")
    return sum(size * (2 if dtype == np.float16 else 1) for size, dtype in arrays)


def _listed(names: Any) -> str:
    listed = ", ".join(repr(name) for name in sorted(names)[:6])
    return f"{listed} and more" if len(names) > 6 else listed


def _datasets(file: Any) -> Iterator[tuple[str, Any]]:
    """Yields the arrays of an HDF5 file by name; raises an error for links other than hard links, and for cycles."""
    count, pending = 0, [(file, "", 0)]
    while pending:
        group, prefix, depth = pending.pop()
        for name in group:
            count += 1
            if count > _MAX_OBJECTS or depth > _MAX_DEPTH:
                raise _UnlikeKerasError("its groups are nested too deeply or in a cycle")
            if group.get(name, getclass=True, getlink=True) is not h5py.HardLink:
                raise _UnlikeKerasError(f"{prefix}{name} is a soft or external link")
            item = group[name]
            if isinstance(item, h5py.Group):
                pending.append((item, f"{prefix}{name}/", depth + 1))
            else:
                yield prefix + name, item


def _size(name: str, dataset: Any) -> int:
    """Returns the size of an array in bytes; raises an error unless it is stored contiguously and uncompressed."""
    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual or dataset.chunks:
        raise _UnlikeKerasError(f"{name} is not stored contiguously")
    size = int(math.prod(dataset.shape) * dataset.dtype.itemsize)
    if dataset.dtype.kind not in "fiub" or dataset.id.get_storage_size() != size:
        raise _UnlikeKerasError(f"{name} declares {size:,} bytes of numbers but stores something else")
    return size


def _built(make: Callable[[], Any], stored: int) -> Any:
    """Builds a model if the stored weights have enough bytes for all of its weights.

    The seeds of dropout, eight bytes per layer, do not count: Keras does not write all of them to the file.
    """
    # In this scope, variables have shapes but no values yet.
    with keras.StatelessScope(initialize_variables=False):
        model = make()
        needed = sum(
            math.prod(v.shape) * _ITEM_SIZES.get(keras.backend.standardize_dtype(v.dtype), 4) for v in model.weights
        )
    if needed > stored:
        forget_uninitialized_variables()
        raise _UnlikeKerasError(
            f"it contains {stored:,} bytes of weights, but the model that config.json describes has {needed:,}"
        )
    with keras.StatelessScope():
        pass  # The variables get their values when such a scope ends.
    return model
