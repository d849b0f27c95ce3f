"""The stack machine that runs pickles of NumPy object arrays, with limited memory and a fixed set of calls."""

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
"""The only names that a pickle may contain. They are never imported."""

_CODE = re.compile(r"b1|[iu][1248]|f2|f4|f8|f16|c8|c16|[SU][1-9]\d{0,8}|O[48]")
_MAX_DEPTH = 32
"""Maximum nesting of lists, as NumPy arrays have at most this many axes."""
_MEMORY_PER_BYTE, _MIN_ROOM = 40, 2**20
"""Maximum memory per byte of a pickle, and the memory that any pickle may use, in bytes."""
_SHARED_PER_BYTE, _MIN_SHARED = 16, 2**26
"""A list may refer to the same items repeatedly. Maximum size of its expanded content per byte of the pickle, and the
size that any list may have, in bytes."""
_MAX_EMPTY_AXIS = 2**24
"""Maximum length of an axis of an array without items: it takes no bytes in the file, but processing it takes memory.
"""


class _Dtype:
    """A dtype that is being read: `code` is NumPy's without the byte order, which is `order`."""

    def __init__(self, code: str) -> None:
        self.code, self.order = code, ""


class Array:
    """An array that is being read, with the nesting and the size of its items."""

    value: Any = None
    depth, weight = 0, 0


class Items(list[Any]):
    """A list or tuple that is being read; it is closed once it is an item of another one."""

    depth, weight, closed, fixed = 1, 0, False, False
    converted: Any = None


class Name(str):
    """One of `NAMES`."""


MARK = object()


class Machine:
    """Runs the pickle of an array.

    Args:
        content: the bytes of the pickle.
        room: maximum number of bytes of memory to use.
    """

    def __init__(self, content: memoryview, room: int) -> None:
        self.content, self.offset = content, 0
        self.room = min(room, max(_MEMORY_PER_BYTE * len(content), _MIN_ROOM))
        self.max_shared, self.max_total = max(_SHARED_PER_BYTE * len(content), _MIN_SHARED), room
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def byte(self) -> int:
        offset = self.offset
        self.offset = offset + 1
        return self.content[offset]

    def take(self, size: int) -> memoryview:
        start, end = self.offset, self.offset + size
        if size < 0 or end > len(self.content):
            raise ValueError("it is truncated")
        self.offset = end
        return self.content[start:end]

    def number(self, form: struct.Struct) -> Any:
        (value,) = form.unpack_from(self.content, self.offset)
        self.offset += form.size
        return value

    def line(self) -> str:
        for end in range(self.offset, min(self.offset + 100, len(self.content))):
            if self.content[end] == 0x0A:
                text = bytes(self.take(end - self.offset)).decode("ascii")
                self.offset += 1
                return text
        raise ValueError("it contains a name that is longer than any of NumPy's")

    def spend(self, cost: int) -> None:
        self.room -= cost
        if self.room < 0:
            raise ValueError("it would need many times the memory of its arrays")

    def push(self, item: Any, cost: int = 40) -> None:
        self.spend(cost)
        self.stack.append(item)

    def pop(self) -> Any:
        item = self.stack.pop()
        if item is MARK:
            raise ValueError("it is not a pickle of an array")
        return item

    def popped(self, number: int | None = None) -> list[Any]:
        """Pops and returns the topmost `number` items; those above the last mark if it is `None`."""
        start = len(self.stack) - number if number is not None else len(self.stack) - 1
        while number is None and self.stack[start] is not MARK:
            start -= 1
        if start < 0 or (number is not None and MARK in self.stack[start:]):
            raise ValueError("it is not a pickle of an array")
        items = self.stack[start + (number is None) :]
        del self.stack[start:]
        return items

    def add(self, target: Items, items: list[Any]) -> None:
        """Appends items to a list or tuple, and updates its nesting and size."""
        if target.closed:
            raise ValueError("a list in it is extended after it became an item of another list")
        self.spend(8 * len(items))
        for item in items:
            if isinstance(item, Items):
                if item is target:
                    raise ValueError("a list in it contains itself")
                item.closed = True
                target.depth, target.weight = max(target.depth, item.depth + 1), target.weight + 8 + item.weight
            elif isinstance(item, Array):
                target.depth, target.weight = max(target.depth, item.depth + 1), target.weight + 8 + item.weight
            elif isinstance(item, str | bytes | memoryview):  # Each reference is parsed if it becomes a number.
                target.weight += 8 + len(item)
            else:
                target.weight += 8
            target.append(item)
        if target.depth > _MAX_DEPTH:
            raise ValueError(f"its lists are nested more than {_MAX_DEPTH} levels deep")
        if target.weight > self.max_total:
            raise ValueError("it refers to the same items repeatedly, and their copies would not fit into memory")

    def plain(self, item: Any) -> Any:
        """Converts an item of a list to a plain Python or NumPy value."""
        if isinstance(item, Items):
            if item.weight > self.max_shared:  # Conversion to numbers would copy shared items.
                raise ValueError("a list in it refers to the same items repeatedly; write it with copies")
            if item.converted is None:  # Further references share the converted list.
                self.spend(8 * len(item))
                inner = [self.plain(child) for child in item]
                item.converted = tuple(inner) if item.fixed else inner
            return item.converted
        if isinstance(item, Array):
            if item.value is None:
                raise ValueError("an array in it contains itself")
            return item.value
        if isinstance(item, memoryview):
            self.spend(len(item))
            return bytes(item)
        if isinstance(item, Name | _Dtype) or item is MARK:
            raise ValueError("it contains something that is neither a number nor a text")
        return item

    def call(self) -> None:
        arguments, name = self.pop(), self.pop()
        if not isinstance(name, Name) or not isinstance(arguments, Items):
            raise ValueError("it calls something that is not a NumPy function")
        arguments = list(arguments)
        match str(name), arguments:
            case "_reconstruct", [Name("ndarray"), [0], _]:
                self.push(Array(), 200)
            case "dtype", [str(code), _, _] if _CODE.fullmatch(code):
                self.push(_Dtype(code), 200)
            case "dtype", [code, *_]:
                raise ValueError(f"it has the dtype {str(code)[:20]!r}; only numbers and texts are supported")
            case "encode", [str(text), "latin1"]:
                self.spend(len(text))
                self.push(memoryview(text.encode("latin-1")))
            case "bytes", []:  # How protocol 2 writes empty bytes.
                self.push(memoryview(b""))
            case "scalar", [_Dtype() as dtype, memoryview() as data]:
                self.spend(len(data))  # NumPy copies it for each reference.
                self.push(_numbers(dtype, (), data)[()])
            case "_frombuffer", [memoryview() as data, _Dtype() as dtype, [*shape], "C" | "F" as order]:
                self.push(_filled(Array(), _numbers(dtype, tuple(shape), data, order)), 200)
            case _:
                raise ValueError(f"it calls {name} with arguments that NumPy does not write")

    def build(self) -> None:
        state, target = self.pop(), self.stack[-1]
        state = list(state) if isinstance(state, Items) and state.fixed else None
        match target, state:
            case _Dtype(order=""), [3, "<" | ">" | "|" | "=" as order, None, None, None, int(size), int(), int(flags)]:
                # The flags state whether items are objects, and NumPy trusts them.
                expected = 63 if target.code[0] == "O" else 8 if target.code[0] == "U" else 0
                if flags != expected or size not in (-1, _size(target.code)):
                    raise ValueError("it contains a dtype that NumPy does not write")
                target.order = order
            case Array(value=None), [1, [*shape], _Dtype() as dtype, bool(fortran), data]:
                if isinstance(data, memoryview):
                    _filled(target, _numbers(dtype, tuple(shape), data, "F" if fortran else "C"))
                elif isinstance(data, Items) and dtype.code[0] == "O" and dtype.order:
                    self.fill(target, tuple(shape), data)
                else:
                    raise ValueError("it contains an array that NumPy does not write")
            case _:
                raise ValueError("it sets the state of something that is not an array")

    def fill(self, target: Array, shape: tuple[Any, ...], data: Items) -> None:
        """Creates the value of an object array."""
        if count_of(shape) != len(data):
            raise ValueError(f"it contains {len(data):,} objects but has the shape {shape}")
        if any(item is target for item in data):
            raise ValueError("an array in it contains itself")
        self.spend(8 * len(data))
        items = np.empty(len(data), object)
        for index, item in enumerate(data):
            items[index] = self.plain(item)
        # NumPy lists objects in row-major order, whatever the order of the array.
        target.value, target.depth, target.weight = items.reshape(shape), data.depth, data.weight


def _size(code: str) -> int:
    return int(code[1:]) * (4 if code[0] == "U" else 1)


def count_of(shape: Any) -> int:
    """Returns the number of items of an array; raises `ValueError` if the shape is invalid."""
    if len(shape) > _MAX_DEPTH or any(type(size) is not int or not 0 <= size < 2**62 for size in shape):
        raise ValueError(f"its shape {str(shape)[:60]} is invalid")
    if 0 in shape and max(shape) > _MAX_EMPTY_AXIS:
        raise ValueError(f"its shape {str(shape)[:60]} is too large for an array without items")
    return math.prod(shape)


def _numbers(dtype: _Dtype, shape: tuple[Any, ...], data: memoryview, order: Any = "C") -> Any:
    """Returns an array of numbers or texts that shares the memory of `data`."""
    if not dtype.order or dtype.code[0] == "O":
        raise ValueError("it contains an array that NumPy does not write")
    np_dtype = np.dtype((dtype.order if dtype.order in "<>" else "") + dtype.code)
    if count_of(shape) * np_dtype.itemsize != len(data):
        raise ValueError(f"it is truncated: numbers of the shape {shape} do not fit into {len(data):,} bytes")
    return shaped(data, np_dtype, shape, order)


def shaped(data: memoryview, dtype: Any, shape: tuple[int, ...], order: Any) -> Any:
    """Returns an array without objects that shares the memory of `data`."""
    if not len(data):
        return np.zeros(shape, dtype)
    items = np.frombuffer(data, dtype)
    # Python strings cannot contain such characters, and NumPy does not check.
    if dtype.kind == "U" and items.view(f"{dtype.byteorder}u4").max() > sys.maxunicode:
        raise ValueError("a text in it contains an invalid character")
    return items.reshape(shape, order=order)


def _filled(target: Array, value: Any) -> Array:
    target.value, target.weight = value, value.nbytes
    return target
