"""Pickles that would run code, take much memory, or are damaged."""

import tracemalloc

import numpy as np
import pytest
from pickle_files import npy, objects, pickled

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.safe_npy import read_array


class Call:
    def __init__(self, function, *arguments, state=None):
        self.made = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.made


class Type:
    """A type with a state of one's own, instead of NumPy's."""

    def __init__(self, code, *state):
        self.code, self.state = code, state

    def __reduce__(self):
        return np.dtype, (self.code, False, True), self.state


STATE = (3, "<", None, None, None, -1, -1, 0)
RECONSTRUCT = np.zeros(1).__reduce__()[0]
SCALAR = np.float64(1).__reduce__()[0]
ZEROS = bytes(1_000_000)


def crafted(dtype, data=bytes(8), shape=(1,), version=1):
    """Returns an array whose pickle has a state of one's own."""
    return Call(RECONSTRUCT, np.ndarray, (0,), b"b", state=(version, shape, dtype, False, data))


def nested(levels, times):
    found = [1.0] * times
    for _ in range(levels):
        found = [found] * times
    return found


def holding_itself():
    found = []
    found.append([found])
    return found


def array_holding_itself():
    found = np.empty(1, object)
    found[0] = [found]
    return found


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (Call(eval, "1"), "names (builtins|__builtin__).eval"),
        (Call(np.save, "file", 1), "names numpy.save"),
        (Call(np.memmap, "file"), "names numpy.memmap"),
        (crafted(Type("O8", 3, "|", None, None, None, -1, -1, 0)), "contains a dtype that NumPy does not write"),
        (crafted(Type("O8", 3, "|", None, None, None, -1, -1, 63)), "contains an array that NumPy does not write"),
        (crafted(Type("f8", 3, "<", None, None, None, -1, -1, 63)), "contains a dtype that NumPy does not write"),
        (crafted(Type("f8", 3, "<", None, None, None, 2**30, -1, 0)), "contains a dtype that NumPy does not write"),
        (crafted(Type("f8", 3, "<", None, ("a",), {}, 8, 1, 0)), "instruction"),
        (crafted(Type("f8", 3, "<", (np.dtype("f8"), (2,)), None, None, 16, 8, 0)), "sets the state of something"),
        (crafted(Type("V8", 3, "|", None, None, None, 8, 1, 0)), "has the dtype 'V8'"),
        (crafted(Type("M8", *STATE)), "has the dtype 'M8'"),
        (crafted(Type("f8,O", *STATE)), "has the dtype 'f8,O'"),
        (crafted(Type("S0", *STATE)), "has the dtype 'S0'"),
        (crafted(Type("S4000000000", *STATE)), "has the dtype 'S4000000000'"),
        (np.array([(1, 2.0)], "i4,f4"), "has the dtype 'V8'|instruction"),
        (np.datetime64("2026-01-01"), "has the dtype 'M8'"),
        (crafted(np.dtype("f8"), shape=(2,)), "truncated"),
        (crafted(np.dtype("f8"), shape=(-1, -1)), "is invalid"),
        (crafted(np.dtype("f8"), shape=(2**61, 2**61, 2**6)), "truncated"),
        (crafted(np.dtype("f8"), shape=(1,) * 40), "is invalid"),
        (crafted(np.dtype("f8"), shape=(1.0,)), "is invalid"),
        (crafted(np.dtype("f8"), version=2), "sets the state of something that is not an array"),
        (crafted(np.dtype("O"), data=[1, 2]), "contains 2 objects but has the shape"),
        (crafted(np.dtype("<U2"), b"a\0\0\0\xff\xff\xff\xff"), "an invalid character"),
        (crafted(np.dtype(">U2"), b"\0\0\0a\0\x11\0\0"), "an invalid character"),
        (Call(SCALAR, np.dtype("<U1"), b"\0\0\x11\0"), "an invalid character"),
        (Call(SCALAR, np.dtype("O"), b"12345678"), "array that NumPy does not write"),
        (Call(SCALAR, np.dtype("f8"), bytes(9)), "truncated"),
        (np.dtype("f8"), "neither a number nor a text"),
        (np.ndarray, "neither a number nor a text"),
        ({"a": 1}, "instruction"),
        ({1, 2}, "instruction|names"),
        (3 + 4j, "names (builtins|__builtin__).complex"),
        (holding_itself(), "a list in it (contains itself|is extended)"),
        (array_holding_itself(), "an array in it contains itself"),
        (nested(40, 1), "more than 32 levels deep"),
        (nested(9, 10), "refers to the same items repeatedly"),
        ([[] for _ in range(20_000)], "many times the memory"),
        (["0" * 1_000_000] * 100, "refers to the same items repeatedly"),
        ([Call(SCALAR, np.dtype("S1000000"), ZEROS) for _ in range(100)], "many times the memory"),
    ],
)
def test_a_pickle_creates_no_other_objects(item, message):
    with pytest.raises(DataError, match=rf"^a cannot be read: .*({message}).*numpy\.savez"):
        read_array(pickled(objects(item), 4), "a")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"N.",
        b"(.",
        b"\x80\x09N.",
        b"]]a.",
        b"t.",
        b"e.",
        b"h\x00.",
        b"NR.",
        b"Nb.",
        b"]" * 2_000_000,
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x8a\xff\x01.",
        b"Nr\xff\xff\xff\xff" * 3,
        b"c" + b"a" * 1000,
        b"cos\nsystem\n(X\x02\x00\x00\x00lstR.",
        b"P1\n.",
        b"\x82\x01.",
    ],
)
def test_pickles_that_are_not_arrays_are_refused(content):
    with pytest.raises(DataError, match=r"^a cannot be read: it "):
        read_array(npy(content), "a")


def test_a_pickle_takes_a_small_multiple_of_its_length():
    """Of a list of empty lists, each byte becomes a list; an index of a memo may be any number."""
    for content in (b"]" * 500_000, b"]r\xff\xff\xff\x7f" * 100_000, b"(" * 500_000, b"N" * 500_000 + b"."):
        tracemalloc.start()
        with pytest.raises(DataError):
            read_array(npy(content), "a")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 60 * len(content)


@pytest.mark.parametrize("place", range(40, 300, 7))
def test_a_changed_byte_gives_an_array_or_a_paragraph(place):
    content = bytearray(pickled(objects(np.zeros((2, 2), "f4"), [1, "a"]), 4))
    for value in (0, 0x2E, 0x52, 0x62, 0xFF):
        content[min(place + 80, len(content) - 1)] = value
        try:
            assert read_array(bytes(content), "a").dtype == object
        except DataError as error:
            assert "a cannot be read: " in str(error)
