"""Arrays of objects: what NumPy writes is read, and nothing else is made of a pickle."""

import io
import struct
import tracemalloc

import numpy as np
import pytest
from pickle_files import objects, pickled

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.safe_npy import read_array

ITEMS = [
    np.arange(6, dtype="float32").reshape(3, 2),
    np.asfortranarray(np.arange(6, dtype="float64").reshape(2, 3)),
    np.arange(4, dtype=">i2"),
    np.arange(20, dtype="f8")[::2],
    np.array(["ab", "ç"]),
    np.array([b"ab", b"c"]),
    np.zeros((0, 2), "float32"),
    np.array([True, False]),
    np.array([1 + 2j]),
    np.array([[1, "x"], [None, np.zeros(2, "u1")]], object),
    np.float32(1.5),
    np.float64(2.5),
    np.int64(-3),
    np.str_("text"),
    np.bool_(True),
    [0.5, 1, [2, -70_000, 2**70]],
    (1, "a", None, True, b"bytes"),
    "half of a pair: \ud83d",
    -(2**40),
]


def same(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        for one, other in zip(found.ravel(), expected.ravel(), strict=True):
            same(one, other)
    else:
        assert found == expected


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_numpy_writes_is_read(protocol, old):
    items = objects(*ITEMS)
    for place, item in enumerate(read_array(pickled(items, protocol, old), "a")):
        same(item, items[place])


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_objects_of_several_axes_and_none(order):
    items = np.array(objects(*ITEMS[:6]).reshape(2, 3), order=order)
    file = io.BytesIO()
    np.save(file, items, allow_pickle=True)
    found = read_array(file.getvalue(), "a")
    assert found.shape == (2, 3)
    same(found[1, 0], items[1, 0])
    assert read_array(pickled(np.array(None, object), 4), "a").shape == ()


@pytest.mark.parametrize("dtype", ["<M8[D]", "<m8[s]", "V8", "<f4,<i8", "S0", "<f16", ">c8"])
def test_unused_arrays_do_no_harm(dtype):
    file = io.BytesIO()
    np.save(file, np.zeros(3, dtype))
    same(read_array(file.getvalue(), "a"), np.zeros(3, dtype))


def test_items_that_are_named_again_are_shared():
    one = np.zeros((1000, 2), "float32")
    found = read_array(pickled(objects(*[one] * 100), 4), "a")
    assert found[0] is found[99]


def test_items_that_are_named_again_fit_into_memory_in_full(monkeypatch):
    items = pickled(objects(*[np.zeros(100_000)] * 100), 4)
    monkeypatch.setattr("keras_rnn_zoo.user_data.safe_npy.available", lambda: 50_000_000)
    with pytest.raises(DataError, match="their copies would not fit into memory"):
        read_array(items, "a")


def test_arrays_of_numbers_share_the_bytes_that_they_are_read_from():
    array = np.arange(100_000, dtype=">f4").reshape(100, 1000)
    for order in "CF":
        file = io.BytesIO()
        np.save(file, np.asarray(array, order=order))
        content = bytearray(file.getvalue())
        tracemalloc.start()
        found = read_array(content, "a")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 200_000
        same(found, array)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,)}", "which contains objects"),
        ("{'descr': ('|O', (2,)), 'fortran_order': False, 'shape': (1,)}", "which contains objects"),
        ("{'descr': 'O,O', 'fortran_order': False, 'shape': (1,)}", "which contains objects"),
        ("{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000000,)}", "its items have no size"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -2)}", "is invalid"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}", "is invalid"),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 0)}",
            "too large for an array without items",
        ),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", "is invalid"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1073741824, 4294967296)}", "truncated"),
        ("{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", "an invalid character"),
        ("__import__('os').getcwd()", ""),
        ("[" * 60_000, ""),
    ],
)
def test_headers(text, message):
    line = text.encode() + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(line)) + line + b"\xff" * 16
    with pytest.raises(DataError, match=rf"^a cannot be read: .*{message}"):
        read_array(content, "a")


def test_a_long_header_is_refused_in_one_line():
    with pytest.raises(DataError, match="Header info length") as error:
        read_array(b"\x93NUMPY\x01\x00" + struct.pack("<H", 60_000) + b" " * 60_000, "a")
    assert "\n" not in str(error.value) and "allow_pickle" not in str(error.value)
