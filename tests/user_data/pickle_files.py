"""Pickled arrays that several tests write."""

import io
import pickle

import numpy as np


def objects(*items):
    found = np.empty(len(items), object)
    for place, item in enumerate(items):
        found[place] = item
    return found


def npy(content, shape=(1,), descr="|O"):
    """Returns a `.npy` file of a header and anything behind it."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + content


def pickled(items, protocol, old=False):
    content = pickle.dumps(items, protocol=protocol)
    if old:  # As NumPy 1.26 calls its modules; the length of a name may stand before it.
        content = content.replace(b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray")
        content = content.replace(b"\x8c\x13numpy._core.numeric", b"\x8c\x12numpy.core.numeric")
        content = content.replace(b"cnumpy._core.", b"cnumpy.core.")
    return npy(content, items.shape)
