"""Reads pickles of NumPy object arrays safely, without Python's unpickler.

NumPy writes an object array as a pickle: a program for a small stack machine that names functions, calls them and
passes them state. NumPy's own functions trust that state: with a forged dtype, they would treat numbers in the file as
memory addresses. So a restricted machine runs the program. It supports only the instructions that arrays, lists,
numbers and texts need, and creates arrays only with `np.frombuffer` and with dtypes from an allowlist.
"""

import struct
from collections.abc import Callable
from typing import Any

from keras_rnn_zoo.user_data.pickle_machine import MARK, NAMES, Array, Items, Machine, Name

_BYTE, _SHORT, _UNSIGNED, _SIGNED, _LONG, _DOUBLE = map(struct.Struct, ("<B", "<H", "<I", "<i", "<Q", ">d"))


def read_pickle(content: memoryview, room: int) -> Any:
    """Returns the array in a pickle; raises an exception of any kind if the pickle is invalid.

    Args:
        content: the bytes of the pickle; arrays of numbers share this memory.
        room: maximum number of bytes of memory to use.
    """
    machine = Machine(content, room)
    while (instruction := machine.byte()) != _STOP:
        if instruction not in _STEPS:
            raise ValueError(f"it contains the pickle instruction {instruction:#04x}, which no array of numbers needs")
        _STEPS[instruction](machine)
    result = machine.pop()
    if machine.stack or not isinstance(result, Array) or result.value is None:
        raise ValueError("it is not a pickle of an array")
    return result.value


def _named(machine: Machine, module: Any, name: Any) -> None:
    if not isinstance(module, str) or not isinstance(name, str) or (module, name) not in NAMES:
        full_name = f"{module}.{name}"[:120]
        shown = full_name if full_name.isprintable() else repr(full_name)
        raise ValueError(f"it names {shown}, which no array of numbers needs")
    machine.push(Name(NAMES[module, name]))


def _global(machine: Machine) -> None:
    _named(machine, machine.line(), machine.line())


def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    _named(machine, module, name)


def _text(form: struct.Struct) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        content = machine.take(machine.number(form))
        machine.push(bytes(content).decode("utf-8", "surrogatepass"), 60 + 4 * len(content))

    return step


def _bytes(form: struct.Struct) -> Callable[[Machine], None]:
    return lambda machine: machine.push(machine.take(machine.number(form)), 200)


def _integer(form: struct.Struct) -> Callable[[Machine], None]:
    """Reads an integer of any length: the number of bytes, followed by the bytes in little-endian order."""
    return lambda machine: machine.push(int.from_bytes(machine.take(machine.number(form)), "little", signed=True))


def _number(form: struct.Struct) -> Callable[[Machine], None]:
    return lambda machine: machine.push(machine.number(form))


def _constant(value: Any) -> Callable[[Machine], None]:
    return lambda machine: machine.push(value, 8)


def _tuple(number: int | None) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        result, items = Items(), machine.popped(number)
        result.fixed = True
        machine.add(result, items)
        machine.push(result, 120)

    return step


def _append(number: int | None) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        items = machine.popped(number)
        target = machine.stack[-1]
        if not isinstance(target, Items) or target.fixed:
            raise ValueError("it appends to something that is not a list")
        machine.add(target, items)

    return step


def _put(form: struct.Struct) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        machine.spend(80)
        machine.memo[machine.number(form)] = machine.stack[-1]

    return step


def _memoize(machine: Machine) -> None:
    machine.spend(80)
    machine.memo[len(machine.memo)] = machine.stack[-1]


def _get(form: struct.Struct) -> Callable[[Machine], None]:
    return lambda machine: machine.push(machine.memo.get(machine.number(form), MARK), 8)


def _protocol(machine: Machine) -> None:
    if machine.number(_BYTE) > 5:
        raise ValueError("it has a pickle protocol newer than 5")


_STOP = ord(".")
_STEPS: dict[int, Callable[[Machine], None]] = {
    ord(code): step
    for code, step in {
        "\x80": _protocol, "\x95": lambda machine: machine.number(_LONG),
        "(": _constant(MARK), "N": _constant(None), "\x88": _constant(True), "\x89": _constant(False),
        "J": _number(_SIGNED), "K": _number(_BYTE), "M": _number(_SHORT), "G": _number(_DOUBLE),
        "\x8a": _integer(_BYTE),
        "X": _text(_UNSIGNED), "\x8c": _text(_BYTE), "\x8d": _text(_LONG),
        "C": _bytes(_BYTE), "B": _bytes(_UNSIGNED), "\x8e": _bytes(_LONG), "\x96": _bytes(_LONG),
        ")": _tuple(0), "\x85": _tuple(1), "\x86": _tuple(2), "\x87": _tuple(3), "t": _tuple(None),
        "]": lambda machine: machine.push(Items(), 120), "a": _append(1), "e": _append(None),
        "q": _put(_BYTE), "r": _put(_UNSIGNED), "\x94": _memoize, "h": _get(_BYTE), "j": _get(_UNSIGNED),
        "c": _global, "\x93": _stack_global, "R": Machine.call, "b": Machine.build,
    }.items()
}  # fmt: skip
"""The instructions that arrays need, in protocols 2 to 5."""
