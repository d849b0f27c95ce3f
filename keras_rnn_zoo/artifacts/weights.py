"""Loads only the weights from a run's `.keras` file.

A `.keras` file is an archive with the weights of a model and its config. A config can refer to code, so it is never
read: the registry builds the model from the run's `config.json`, and the weights are copied into it. The archive and
the HDF5 file in it must be laid out as Keras writes them, uncompressed and without external links, so that reading
never allocates more than the size of the file on disk.
"""

import math
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import h5py
import keras
import numpy as np

from keras_rnn_zoo.artifacts.digests import damaged
from keras_rnn_zoo.artifacts.snapshot import OpenFile
from keras_rnn_zoo.errors import ZooError
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


class _UnlikeKerasError(Exception):
    """The file is not laid out as Keras writes it, or has weights that training never produces."""


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
    """Returns the total size of the weights in a `.keras` file in bytes, after checking the layout of the file."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if sorted(names) != sorted(MEMBERS):
            raise _UnlikeKerasError(f"as an archive it contains {_listed(names)} instead of {_listed(MEMBERS)}")
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
                raise _UnlikeKerasError(f"{member.filename!r} in it is compressed, unlike in files that Keras writes")
        with archive.open(WEIGHTS) as content, h5py.File(content, "r") as weights:
            sizes = [_size(name, dataset) for name, dataset in _datasets(weights)]
        if sum(sizes) > archive.getinfo(WEIGHTS).file_size:
            raise _UnlikeKerasError("arrays of weights in it overlap")
    return sum(sizes)


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
