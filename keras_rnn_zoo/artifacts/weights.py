"""Weights out of a run's model, and nothing else of it.

A `.keras` file is an archive with a description of the model and its weights. Descriptions can name code, so that of a
run is never read: the registry builds the model from the run's `config.json`, and the weights are copied into it. Both
the archive and the HDF5 file in it must be laid out as Keras writes them, nothing packed and nothing elsewhere, so that
what is read is no larger than the file on disk.
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
"""What is in a `.keras` file."""
_DEEPEST = 64
_WIDTHS = {"bool": 1, "int8": 1, "uint8": 1, "float16": 2, "int64": 8, "float64": 8, "uint64": 8}
_MOST_OBJECTS = 100_000


class _UnlikeKerasError(Exception):
    """A file that is not laid out as Keras writes it, or has weights that no training leaves."""


def load_weights_safely(make: Callable[[], Any], file: OpenFile) -> Any:
    """Returns the model that `make` builds, with the weights of a `.keras` file.

    Nothing is allocated for a model before it is known that the file has weights for all of it.

    Args:
        make: builds the model.
        file: the file, opened.

    Raises:
        RunError: the file is damaged, not laid out as Keras writes it, or has the weights of another model, or weights
            that are not finite.
    """
    path = file.path
    try:
        stored = stored_bytes(file)
        model = _built(make, stored)
        file.seek(0)
        model.load_weights(file)  # The text of the file is its path, by whose ending Keras knows the format.
        _check_finite(model)
    except ZooError:
        raise
    except _UnlikeKerasError as error:
        raise damaged(path, str(error)) from None
    except Exception as error:  # Zip files, HDF5 and Keras report damage by many kinds.
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise damaged(path, f"its weights are not those of the model that config.json describes ({told[0]})") from error
    return model


def _check_finite(model: Any) -> None:
    for variable in model.weights:
        values = keras.ops.convert_to_numpy(variable.value)
        if keras.backend.is_float_dtype(variable.dtype) and not np.isfinite(values).all():
            raise _UnlikeKerasError(f"its weights are not finite: {variable.path} holds NaN or infinite numbers")


def stored_bytes(file: OpenFile) -> int:
    """Returns the bytes of all weights in a `.keras` file, none of which is larger than it is on disk."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if sorted(names) != sorted(MEMBERS):
            raise _UnlikeKerasError(f"as an archive it holds {_listed(names)} instead of {_listed(MEMBERS)}")
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
                raise _UnlikeKerasError(f"{member.filename!r} in it is packed, which Keras does not do")
        with archive.open(WEIGHTS) as content, h5py.File(content, "r") as weights:
            sizes = [_size(name, dataset) for name, dataset in _datasets(weights)]
        if sum(sizes) > archive.getinfo(WEIGHTS).file_size:
            raise _UnlikeKerasError("weights in it share their place")
    return sum(sizes)


def _listed(names: Any) -> str:
    told = ", ".join(repr(name) for name in sorted(names)[:6])
    return f"{told} and more" if len(names) > 6 else told


def _datasets(file: Any) -> Iterator[tuple[str, Any]]:
    """Gives the arrays of an HDF5 file by name; raises where it links to elsewhere, in circles, or too deep."""
    found, left = 0, [(file, "", 0)]
    while left:
        group, prefix, depth = left.pop()
        for name in group:
            found += 1
            if found > _MOST_OBJECTS or depth > _DEEPEST:
                raise _UnlikeKerasError("it has groups without end")
            if group.get(name, getclass=True, getlink=True) is not h5py.HardLink:
                raise _UnlikeKerasError(f"{prefix}{name} links to what lies elsewhere")
            item = group[name]
            if isinstance(item, h5py.Group):
                left.append((item, f"{prefix}{name}/", depth + 1))
            else:
                yield prefix + name, item


def _size(name: str, dataset: Any) -> int:
    """Returns the bytes of an array, which must be stored in one piece as they are."""
    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual or dataset.chunks:
        raise _UnlikeKerasError(f"{name} is not stored in one piece")
    size = int(math.prod(dataset.shape) * dataset.dtype.itemsize)
    if dataset.dtype.kind not in "fiub" or dataset.id.get_storage_size() != size:
        raise _UnlikeKerasError(f"{name} declares {size:,} bytes of numbers, and stores something else")
    return size


def _built(make: Callable[[], Any], stored: int) -> Any:
    """Returns what `make` builds, if its weights need no more bytes than are stored.

    The seeds of dropout, eight bytes a layer, do not count: Keras leaves some of them out of the file.
    """
    # In such a scope variables have shapes and no values yet.
    with keras.StatelessScope(initialize_variables=False):
        model = make()
        needed = sum(
            math.prod(v.shape) * _WIDTHS.get(keras.backend.standardize_dtype(v.dtype), 4) for v in model.weights
        )
    if needed > stored:
        forget_uninitialized_variables()
        raise _UnlikeKerasError(
            f"it holds {stored:,} bytes of weights where the model that config.json describes has {needed:,}"
        )
    with keras.StatelessScope():
        pass  # They get their values when such a scope ends.
    return model
