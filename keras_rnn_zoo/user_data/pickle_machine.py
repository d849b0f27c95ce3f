"""The machine that pickles of NumPy's arrays of objects are run by: its memory, and the calls that it knows."""

import math
import re
import struct
import sys
from typing import Any

from keras_rnn_zoo.lazy import np

NAMES = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",
    ("builtins", "bytes"): "bytes",
    ("__builtin__", "bytes"): "bytes",
    **{
        (f"numpy.{core}.{module}", name): name
        for core in ("core", "_core")
        for module, name in (("multiarray", "_reconstruct"), ("multiarray", "scalar"), ("numeric", "_frombuffer"))
    },
}
"""All that a pickle may name, by module and name; none of it is looked up."""

_CODE = re.compile(r"b1|[iu][1248]|f2|f4|f8|f16|c8|c16|[SU][1-9]\d{0,8}|O[48]")
_DEEPEST = 32
"""The deepest lists within lists that are read: NumPy's arrays have no more axes."""
_COST, _LEAST_ROOM = 40, 2**20
"""Bytes of memory that a byte of a pickle may take, and what any pickle may."""
_SHARED, _LEAST_SHARED = 16, 2**26
"""Bytes of numbers that a list may hold for each byte of its pickle, by naming parts again, and what any list may."""
_LONGEST_EMPTY = 2**24
"""The longest axis of an array without items: its length takes no byte of the file, but what is made of it does."""


class _Dtype:
    """A type that is being read: `code` is NumPy's, without the order of bytes that `order` adds."""

    def __init__(self, code: str) -> None:
        self.code, self.order = code, ""


class Array:
    """An array that is being read, and how deep and large its items are."""

    value: Any = None
    depth, weight = 0, 0


class Items(list[Any]):
    """A list or tuple that is being read; it is closed once it is part of another."""

    depth, weight, closed, fixed = 1, 0, False, False
    made: Any = None


class Name(str):
    """One of `NAMES`."""


MARK = object()


class Machine:
    """Runs the pickle of an array.

    Args:
        content: the bytes of the pickle.
        room: bytes of memory that it may take.
    """

    def __init__(self, content: memoryview, room: int) -> None:
        self.content, self.place = content, 0
        self.room = min(room, max(_COST * len(content), _LEAST_ROOM))
        self.most_shared, self.most_whole = max(_SHARED * len(content), _LEAST_SHARED), room
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def byte(self) -> int:
        place = self.place
        self.place = place + 1
        return self.content[place]

    def take(self, size: int) -> memoryview:
        place, end = self.place, self.place + size
        if size < 0 or end > len(self.content):
            raise ValueError("it is cut short")
        self.place = end
        return self.content[place:end]

    def number(self, form: struct.Struct) -> Any:
        (found,) = form.unpack_from(self.content, self.place)
        self.place += form.size
        return found

    def line(self) -> str:
        for end in range(self.place, min(self.place + 100, len(self.content))):
            if self.content[end] == 0x0A:
                found = bytes(self.take(end - self.place)).decode("ascii")
                self.place += 1
                return found
        raise ValueError("it holds a name that is longer than any of NumPy's")

    def spend(self, cost: int) -> None:
        self.room -= cost
        if self.room < 0:
            raise ValueError("it would take many times the memory of the arrays in it")

    def push(self, item: Any, cost: int = 40) -> None:
        self.spend(cost)
        self.stack.append(item)

    def pop(self) -> Any:
        found = self.stack.pop()
        if found is MARK:
            raise ValueError("it is no pickle of an array")
        return found

    def popped(self, number: int | None = None) -> list[Any]:
        """Returns the topmost items: so many, or those above the last mark."""
        place = len(self.stack) - number if number is not None else len(self.stack) - 1
        while number is None and self.stack[place] is not MARK:
            place -= 1
        if place < 0 or (number is not None and MARK in self.stack[place:]):
            raise ValueError("it is no pickle of an array")
        found = self.stack[place + (number is None) :]
        del self.stack[place:]
        return found

    def add(self, to: Items, items: list[Any]) -> None:
        """Puts items into a list or tuple, and keeps account of what it holds."""
        if to.closed:
            raise ValueError("a list in it goes on after it is part of another")
        self.spend(8 * len(items))
        for item in items:
            if isinstance(item, Items):
                if item is to:
                    raise ValueError("a list in it holds itself")
                item.closed = True
                to.depth, to.weight = max(to.depth, item.depth + 1), to.weight + 8 + item.weight
            elif isinstance(item, Array):
                to.depth, to.weight = max(to.depth, item.depth + 1), to.weight + 8 + item.weight
            elif isinstance(item, str | bytes | memoryview):  # Made a number, it is read each time that it is named.
                to.weight += 8 + len(item)
            else:
                to.weight += 8
            to.append(item)
        if to.depth > _DEEPEST:
            raise ValueError(f"it holds lists within lists, more than {_DEEPEST} deep")
        if to.weight > self.most_whole:
            raise ValueError("it names the same parts again and again, and in full they would not fit into memory")

    def plain(self, item: Any) -> Any:
        """Returns what an item of a list is for those who read the array."""
        if isinstance(item, Items):
            if item.weight > self.most_shared:  # Made numbers, what is shared becomes copies.
                raise ValueError("a list in it names the same parts again and again; write it with copies")
            if item.made is None:  # What is named again is shared, as it was.
                self.spend(8 * len(item))
                inner = [self.plain(one) for one in item]
                item.made = tuple(inner) if item.fixed else inner
            return item.made
        if isinstance(item, Array):
            if item.value is None:
                raise ValueError("an array in it holds itself")
            return item.value
        if isinstance(item, memoryview):
            self.spend(len(item))
            return bytes(item)
        if isinstance(item, Name | _Dtype) or item is MARK:
            raise ValueError("it holds what is no number and no text")
        return item

    def call(self) -> None:
        arguments, name = self.pop(), self.pop()
        if not isinstance(name, Name) or not isinstance(arguments, Items):
            raise ValueError("it calls what is no function of NumPy's")
        arguments = list(arguments)
        match str(name), arguments:
            case "_reconstruct", [Name("ndarray"), [0], _]:
                self.push(Array(), 200)
            case "dtype", [str(code), _, _] if _CODE.fullmatch(code):
                self.push(_Dtype(code), 200)
            case "dtype", [code, *_]:
                raise ValueError(f"it names the type {str(code)[:20]!r}; numbers and texts are read")
            case "encode", [str(text), "latin1"]:
                self.spend(len(text))
                self.push(memoryview(text.encode("latin-1")))
            case "bytes", []:  # Under the protocol 2, no bytes.
                self.push(memoryview(b""))
            case "scalar", [_Dtype() as dtype, memoryview() as data]:
                self.spend(len(data))  # NumPy copies it, each time that it is named.
                self.push(_numbers(dtype, (), data)[()])
            case "_frombuffer", [memoryview() as data, _Dtype() as dtype, [*shape], "C" | "F" as order]:
                self.push(_filled(Array(), _numbers(dtype, tuple(shape), data, order)), 200)
            case _:
                raise ValueError(f"it calls {name} with what NumPy does not write")

    def build(self) -> None:
        state, made = self.pop(), self.stack[-1]
        state = list(state) if isinstance(state, Items) and state.fixed else None
        match made, state:
            case _Dtype(order=""), [3, "<" | ">" | "|" | "=" as order, None, None, None, int(size), int(), int(flags)]:
                # The flags say whether items are objects; NumPy believes them.
                expected = 63 if made.code[0] == "O" else 8 if made.code[0] == "U" else 0
                if flags != expected or size not in (-1, _size(made.code)):
                    raise ValueError("it holds a type that NumPy does not write")
                made.order = order
            case Array(value=None), [1, [*shape], _Dtype() as dtype, bool(fortran), data]:
                if isinstance(data, memoryview):
                    _filled(made, _numbers(dtype, tuple(shape), data, "F" if fortran else "C"))
                elif isinstance(data, Items) and dtype.code[0] == "O" and dtype.order:
                    self.fill(made, tuple(shape), data)
                else:
                    raise ValueError("it holds an array that NumPy does not write")
            case _:
                raise ValueError("it sets the state of what is no array")

    def fill(self, made: Array, shape: tuple[Any, ...], data: Items) -> None:
        """Makes an array of objects."""
        if count_of(shape) != len(data):
            raise ValueError(f"it holds {len(data):,} objects where its shape is {shape}")
        if any(item is made for item in data):
            raise ValueError("an array in it holds itself")
        self.spend(8 * len(data))
        items = np.empty(len(data), object)
        for place, item in enumerate(data):
            items[place] = self.plain(item)
        # Of whatever order an array is, NumPy lists its objects row by row.
        made.value, made.depth, made.weight = items.reshape(shape), data.depth, data.weight


def _size(code: str) -> int:
    return int(code[1:]) * (4 if code[0] == "U" else 1)


def count_of(shape: Any) -> int:
    """Returns the number of items of an array, or raises `ValueError` for what is no shape."""
    if len(shape) > _DEEPEST or any(type(size) is not int or not 0 <= size < 2**62 for size in shape):
        raise ValueError(f"its shape is {str(shape)[:60]}, which no array has")
    if 0 in shape and max(shape) > _LONGEST_EMPTY:
        raise ValueError(f"its shape is {str(shape)[:60]}, which holds nothing")
    return math.prod(shape)


def _numbers(dtype: _Dtype, shape: tuple[Any, ...], data: memoryview, order: Any = "C") -> Any:
    """Returns an array of numbers or texts whose items are `data`, which it shares."""
    if not dtype.order or dtype.code[0] == "O":
        raise ValueError("it holds an array that NumPy does not write")
    found = np.dtype((dtype.order if dtype.order in "<>" else "") + dtype.code)
    if count_of(shape) * found.itemsize != len(data):
        raise ValueError(f"it is cut short: numbers of the shape {shape} do not fit into {len(data):,} bytes")
    return shaped(data, found, shape, order)


def shaped(data: memoryview, dtype: Any, shape: tuple[int, ...], order: Any) -> Any:
    """Returns an array without objects whose items are `data`, which it shares."""
    if not len(data):
        return np.zeros(shape, dtype)
    found = np.frombuffer(data, dtype)
    # Python's texts hold no such characters, and NumPy does not look.
    if dtype.kind == "U" and found.view(f"{dtype.byteorder}u4").max() > sys.maxunicode:
        raise ValueError("a text in it holds what is no character")
    return found.reshape(shape, order=order)


def _filled(made: Array, value: Any) -> Array:
    made.value, made.weight = value, value.nbytes
    return made
