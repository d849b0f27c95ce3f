"""How large an image is, by its head alone: before TensorFlow makes room for its pixels."""

import struct
from collections.abc import Iterator

MOST_PIXELS = 2**26
"""The most pixels of an image that is read, 8,192 by 8,192: decoding takes up to some 20 bytes of memory for each."""
_MOST_FRAMES = 4 * MOST_PIXELS
"""The most pixels of all frames of a GIF file: TensorFlow unpacks each to a byte a pixel, and reads the first."""


def size_fault(content: bytes) -> str:
    """Returns what is wrong with the size that the content of an image file claims, or "".

    Args:
        content: that of a PNG, JPEG, GIF, BMP or WebP file. Of anything else, and where the head is damaged, nothing is
            said: decoding tells it.
    """
    try:
        most, sizes = MOST_PIXELS, list(_sizes(content))
        pixels = max((width * height for width, height in sizes), default=0)
        if content[:4] == b"GIF8" and pixels <= MOST_PIXELS:
            most, pixels = _MOST_FRAMES, sum(width * height for width, height in sizes)
    except (struct.error, IndexError):
        return ""
    return f"it has {pixels:,} pixels, and up to {most:,} are read; make it smaller" if pixels > most else ""


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
    place = 2
    while place + 4 <= len(content):
        if content[place] != 0xFF:  # Stray bytes between segments are passed over by decoders.
            place = content.find(b"\xff", place)
            if place < 0:
                return
            continue
        kind = content[place + 1]
        if kind == 0xFF or kind <= 1 or 0xD0 <= kind <= 0xD8:  # Padding, and segments without a length.
            place += 1 if kind == 0xFF else 2
            continue
        if kind in (0xD9, 0xDA):  # The end, and the pixels.
            return
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, place + 5)
            yield width, height
        place += 2 + max(struct.unpack_from(">H", content, place + 2)[0], 2)


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
    """Returns the bytes of a table of colours."""
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
