"""Checks the size of an image by its header only, before TensorFlow allocates memory for its pixels."""

import contextlib
import re
import struct
from collections.abc import Iterator

MAX_PIXELS = 2**26
"""Maximum number of pixels of an image, 8,192 by 8,192. Decoding takes up to about 20 bytes of memory per pixel."""
_MAX_GIF_PIXELS = 4 * MAX_PIXELS
"""Maximum number of pixels in all frames of a GIF file. TensorFlow decodes all of them, to a byte per pixel, and uses
the first frame."""

_MAX_SCANS = 100
"""Maximum number of scans of a JPEG file. Usual files have up to 12; each scan visits all pixels, but may take very few
bytes in the file."""
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")
"""A marker of a JPEG file that begins a segment or ends the file."""


def size_fault(content: bytes) -> str:
    """Returns what is wrong with the size that the header of an image file declares, or "".

    Args:
        content: the content of a PNG, JPEG, GIF, BMP or WebP file. For any other content, and if the header is damaged,
            the result is "": decoding reports the fault.
    """
    sizes = []
    with contextlib.suppress(struct.error, IndexError):  # Keep the sizes before the damage: they may be decoded.
        for size in _sizes(content):
            sizes.append(size)
    maximum, pixels = MAX_PIXELS, max((width * height for width, height in sizes), default=0)
    if content[:4] == b"GIF8" and pixels <= MAX_PIXELS:
        maximum, pixels = _MAX_GIF_PIXELS, sum(width * height for width, height in sizes)
    if pixels > maximum:
        return f"it has {pixels:,} pixels, but at most {maximum:,} are supported; make it smaller"
    if content[:2] == b"\xff\xd8" and (scans := sum(kind == 0xDA for kind, _ in _segments(content))) > _MAX_SCANS:
        return f"it has {scans:,} scans, but at most {_MAX_SCANS} are supported; save it as a baseline JPEG file"
    return ""


def _sizes(content: bytes) -> Iterator[tuple[int, int]]:
    """Yields the width and height of each image that a file declares."""
    if content[:4] == b"\x89PNG":
        yield struct.unpack_from(">II", content, 16)
    elif content[:2] == b"\xff\xd8":
        yield from _jpeg_sizes(content)
    elif content[:4] == b"GIF8":
        yield from _gif_sizes(content)
    elif content[:2] == b"BM":
        os2_header = struct.unpack_from("<I", content, 14) == (12,)
        width, height = struct.unpack_from("<HH" if os2_header else "<ii", content, 18)
        yield abs(width), abs(height)
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        yield from _webp_sizes(content)


def _jpeg_sizes(content: bytes) -> Iterator[tuple[int, int]]:
    for kind, offset in _segments(content):
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, offset + 5)
            yield width, height


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yields the kind of each segment of a JPEG file and the offset of its marker."""
    # Like decoders, skip padding, stray bytes between segments, pixels, and markers without a length.
    marker = _MARKER.search(content, 2)
    while marker and (kind := content[marker.start() + 1]) != 0xD9:
        yield kind, marker.start()
        size = int.from_bytes(content[marker.end() : marker.end() + 2], "big")
        marker = _MARKER.search(content, marker.end() + max(size, 2))


def _gif_sizes(content: bytes) -> Iterator[tuple[int, int]]:
    yield struct.unpack_from("<HH", content, 6)
    offset = 13 + _palette_size(content[10])
    while offset < len(content):
        kind = content[offset]
        if kind == 0x2C:
            yield struct.unpack_from("<HH", content, offset + 5)
            offset += 11 + _palette_size(content[offset + 9])
        elif kind == 0x21:
            offset += 2
        else:
            return
        while size := content[offset]:
            offset += size + 1
        offset += 1


def _palette_size(flags: int) -> int:
    """Returns the number of bytes of a color table."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _webp_sizes(content: bytes) -> Iterator[tuple[int, int]]:
    kind = content[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(content[offset : offset + 3], "little") + 1 for offset in (24, 27))
        yield width, height
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        yield (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        yield width & 0x3FFF, height & 0x3FFF
