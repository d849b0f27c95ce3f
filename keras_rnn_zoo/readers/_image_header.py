"""How large an image is, by its head alone: before TensorFlow makes room for its pixels."""

import contextlib
import re
import struct
from collections.abc import Iterator

MOST_PIXELS = 2**26
"""The most pixels of an image that is read, 8,192 by 8,192: decoding takes up to some 20 bytes of memory for each."""
_MOST_FRAMES = 4 * MOST_PIXELS
"""The most pixels of all frames of a GIF file: TensorFlow unpacks each to a byte a pixel, and reads the first."""

_MOST_SCANS = 100
"""The most scans of a JPEG file: each goes over all pixels, in as few bytes as one likes. Usual files have up to 12."""
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")
"""A marker of a JPEG file that begins a segment, or ends the file."""


def size_fault(content: bytes) -> str:
    """Returns what is wrong with the size that the content of an image file claims, or "".

    Args:
        content: that of a PNG, JPEG, GIF, BMP or WebP file. Of anything else, and where the head is damaged, nothing is
            said: decoding tells it.
    """
    sizes = []
    with contextlib.suppress(struct.error, IndexError):  # What stands before the damage counts: it may be decoded.
        for size in _sizes(content):
            sizes.append(size)
    most, pixels = MOST_PIXELS, max((width * height for width, height in sizes), default=0)
    if content[:4] == b"GIF8" and pixels <= MOST_PIXELS:
        most, pixels = _MOST_FRAMES, sum(width * height for width, height in sizes)
    if pixels > most:
        return f"it has {pixels:,} pixels, and up to {most:,} are read; make it smaller"
    if content[:2] == b"\xff\xd8" and (scans := sum(kind == 0xDA for kind, _ in _segments(content))) > _MOST_SCANS:
        return f"it has {scans:,} scans, and up to {_MOST_SCANS} are read; save it as a plain JPEG file"
    return ""


def _sizes(content: bytes) -> Iterator[tuple[int, int]]:
    """Gives the width and height of each picture that a file says it holds."""
    if content[:4] == b"\x89PNG":
        yield struct.unpack_from(">II", content, 16)
    elif content[:2] == b"\xff\xd8":
        yield from _of_jpeg(content)
    elif content[:4] == b"GIF8":
        yield from _of_gif(content)
    elif content[:2] == b"BM":
        old = struct.unpack_from("<I", content, 14) == (12,)
        width, height = struct.unpack_from("<HH" if old else "<ii", content, 18)
        yield abs(width), abs(height)
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        yield from _of_webp(content)


def _of_jpeg(content: bytes) -> Iterator[tuple[int, int]]:
    for kind, place in _segments(content):
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, place + 5)
            yield width, height


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Gives the kind of each segment of a JPEG file up to its end, and the place of its marker."""
    # Decoders pass over padding, stray bytes between segments, pixels, and markers without a length.
    found = _MARKER.search(content, 2)
    while found and (kind := content[found.start() + 1]) != 0xD9:
        yield kind, found.start()
        size = int.from_bytes(content[found.end() : found.end() + 2], "big")
        found = _MARKER.search(content, found.end() + max(size, 2))


def _of_gif(content: bytes) -> Iterator[tuple[int, int]]:
    yield struct.unpack_from("<HH", content, 6)
    place = 13 + _palette(content[10])
    while place < len(content):
        kind = content[place]
        if kind == 0x2C:
            yield struct.unpack_from("<HH", content, place + 5)
            place += 11 + _palette(content[place + 9])
        elif kind == 0x21:
            place += 2
        else:
            return
        while size := content[place]:
            place += size + 1
        place += 1


def _palette(flags: int) -> int:
    """Returns the bytes of a table of colors."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _of_webp(content: bytes) -> Iterator[tuple[int, int]]:
    kind = content[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(content[place : place + 3], "little") + 1 for place in (24, 27))
        yield width, height
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        yield (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        yield width & 0x3FFF, height & 0x3FFF
