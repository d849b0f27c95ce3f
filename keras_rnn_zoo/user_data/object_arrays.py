"""Pickles of NumPy's arrays of objects, read without any unpickler.

NumPy writes an array of objects as a pickle: a program for a small stack machine that names functions, calls them and
hands them state. NumPy's own functions trust that state: a made-up type lets them take numbers of the file for
addresses. So the program is run by a machine of ours, which knows the few instructions that arrays, lists, numbers and
texts are written with, and makes arrays by `np.frombuffer` alone, of types from a list.
"""

import struct
from collections.abc import Callable
from typing import Any

from keras_rnn_zoo.user_data.pickle_machine import MARK, NAMES, Array, Items, Machine, Name

_BYTE, _SHORT, _UNSIGNED, _SIGNED, _LONG, _DOUBLE = map(struct.Struct, ("<B", "<H", "<I", "<i", "<Q", ">d"))


def read_pickle(content: memoryview, room: int) -> Any:
    """Returns the array that a pickle is of; raises some error where it is none.

    Args:
        content: the bytes of the pickle, which arrays of numbers in it share.
        room: bytes of memory that it may take.
    """
    machine = Machine(content, room)
    while (instruction := machine.byte()) != _STOP:
        if instruction not in _STEPS:
            raise ValueError(f"it holds the pickle instruction {instruction:#04x}, which no array of numbers needs")
        _STEPS[instruction](machine)
    found = machine.pop()
    if machine.stack or not isinstance(found, Array) or found.value is None:
        raise ValueError("it is no pickle of an array")
    return found.value


def _named(machine: Machine, module: Any, name: Any) -> None:
    if not isinstance(module, str) or not isinstance(name, str) or (module, name) not in NAMES:
        named = f"{module}.{name}"[:120]
        shown = named if named.isprintable() else repr(named)
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
    """Integers of any length: their bytes, the lowest first, after how many there are."""
    return lambda machine: machine.push(int.from_bytes(machine.take(machine.number(form)), "little", signed=True))


def _number(form: struct.Struct) -> Callable[[Machine], None]:
    return lambda machine: machine.push(machine.number(form))


def _constant(value: Any) -> Callable[[Machine], None]:
    return lambda machine: machine.push(value, 8)


def _tuple(number: int | None) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        made, items = Items(), machine.popped(number)
        made.fixed = True
        machine.add(made, items)
        machine.push(made, 120)

    return step


def _append(number: int | None) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        items = machine.popped(number)
        to = machine.stack[-1]
        if not isinstance(to, Items) or to.fixed:
            raise ValueError("it appends to what is no list")
        machine.add(to, items)

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
        raise ValueError("it is a pickle of a later Python")


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
"""The instructions that arrays are written with, under the protocols 2 to 5."""
