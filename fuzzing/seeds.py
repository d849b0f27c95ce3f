"""Seeds for fuzzing: small valid inputs of each kind."""

import io
import json
import pickle
import struct
import wave

import numpy as np

ROWS = "".join(f"line {number} of it,{'good' if number % 2 else 'bad'}\n" for number in range(1, 13))
TABLE = f"text,label\n{ROWS}"
LINES = "".join(json.dumps({"text": f"line {number}", "label": str(number % 2)}) + "\n" for number in range(12))
SENTENCES = "".join(f"EU B-ORG\nword{number} O\n\n" for number in range(12))
TREE = (
    "1\tThe\tthe\tDET\tDT\t_\t2\tdet\t_\t_\n2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "2\tcat\tcat\tNOUN\tNN\t_\t0\troot\t_\t_\n\n"
)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100"
    "c9fe92ef0000000049454e44ae426082"
)
GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
BMP = bytes.fromhex(
    "424d3a000000000000003600000028000000010000000100000001001800000000000400000000000000000000000000000000000000"
    "ff00ff00"
)
JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010101004800480000ffdb004300" + "03" * 64 + "ffc0000b080001000101011100ffc40014000100000000"
    "000000000000000000000003ffc40014100100000000000000000000000000000000ffda0008010100003f0037ffd9"
)


def wav(rate: int = 8000, width: int = 2, channels: int = 1, samples: int = 400) -> bytes:
    """Returns a WAV file of a tone."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        tone = np.sin(np.arange(samples * channels) / 5) * 2 ** (8 * width - 2)
        writer.writeframes(tone.astype({1: "u1", 2: "<i2", 4: "<i4"}[width]).tobytes())
    return file.getvalue()


def floats() -> bytes:
    """Returns a WAV file of 32-bit floats in the extensible format."""
    data = np.zeros(100, "<f4").tobytes()
    form = struct.pack("<HHIIHHHHIH14s", 0xFFFE, 1, 8000, 32000, 4, 32, 22, 32, 4, 3, b"\0" * 14)
    body = b"WAVE" + struct.pack("<4sI", b"fmt ", len(form)) + form + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def array(values: object) -> bytes:
    """Returns a `.npy` file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(values), allow_pickle=True)
    return file.getvalue()


def object_header(shape: tuple[int, ...]) -> bytes:
    """Returns the header of a `.npy` file of objects, which is followed by a pickle."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": shape})
    return file.getvalue()


def pickled(items: list[object]) -> bytes:
    """Returns an array of objects as NumPy pickles it."""
    values = np.empty(len(items), object)
    values[:] = items
    return pickle.dumps(values, protocol=3)


OBJECTS: list[list[object]] = [
    [np.zeros((1 + number % 3, 2), "float32") for number in range(12)],
    ["a", b"b", 1, 2.5, None, True],
    [[1, [2.5, "c"]], [], [np.float32(3)], (1, 2)],
    [np.array(["a", "bc"]), np.array([b"a"]), np.array([1, 2], "<i8"), np.array(4.0)],
]
"""Typical contents of arrays of objects."""


def ragged() -> np.ndarray:
    """Returns an object array of twelve series of different lengths."""
    items = np.empty(12, object)
    items[:] = [np.zeros((1 + number % 3, 2), "float32") for number in range(12)]
    return items


def archive(**arrays: object) -> bytes:
    """Returns a compressed NumPy archive."""
    file = io.BytesIO()
    np.savez_compressed(file, **{name: np.asanyarray(values) for name, values in arrays.items()})
    return file.getvalue()
