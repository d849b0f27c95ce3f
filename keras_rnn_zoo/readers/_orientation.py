"""Rotates images according to their EXIF orientation, with stock TensorFlow ops.

Phones store pixels in the orientation of the sensor, and record how to rotate them.
"""

from collections.abc import Callable
from typing import Any

from keras_rnn_zoo.lazy import tf

_ORIENTATION, _SHORT = 0x0112, 3
"""The EXIF tag of the orientation and the type of its value."""
_MAX_CHUNKS = 2**16
"""EXIF data is searched in at most this many chunks of a file, because a file may have one for each byte of padding."""


def has_exif(encoded: Any) -> Any:
    """Returns whether the name of EXIF data occurs in a file; this is much faster than parsing the file's chunks."""
    return tf.strings.regex_full_match(encoded, r"\C*(Exif\x00\x00|eXIf|EXIF)\C*")


def rotate_by_exif(pixels: Any, encoded: Any) -> Any:
    """Returns pixels `(height, width, channels)` rotated and mirrored as the EXIF data of their file says.

    Args:
        pixels: the decoded pixels.
        encoded: the content of the JPEG, PNG or WebP file, a string scalar.
    """
    orientation = _orientation(_exif(encoded))
    return tf.cond(tf.equal(orientation, 1), lambda: pixels, lambda: _rotate(pixels, orientation))


def _rotate(pixels: Any, orientation: Any) -> Any:
    channels = pixels.shape[-1]
    transposed = orientation >= 5
    pixels = tf.transpose(pixels, tf.where(transposed, [1, 0, 2], [0, 1, 2]))

    def is_one_of(*orientations: int) -> Any:
        return tf.reduce_any(tf.equal(orientation, tf.constant(orientations, tf.int64)))

    axes = tf.boolean_mask([0, 1], [is_one_of(3, 4, 7, 8), is_one_of(2, 3, 6, 7)])
    return tf.ensure_shape(tf.reverse(pixels, axes), [None, None, channels])


def _orientation(exif: Any) -> Any:
    """Returns the orientation in EXIF data, uint8 `(bytes,)`: 1 to 8, or 1 if there is none."""
    little = tf.equal(_integer(exif, 0, 2, True), 0x4949)  # "II" means little-endian (Intel).

    def integer(start: Any, width: int) -> Any:
        return tf.cond(little, lambda: _integer(exif, start, width, True), lambda: _integer(exif, start, width, False))

    directory = integer(4, 4)  # Offset of the first directory.
    entries = exif[directory + 2 : directory + 2 + 12 * integer(directory, 2)]
    entries = tf.cast(tf.reshape(entries[: tf.size(entries) // 12 * 12], [-1, 12]), tf.int64)  # (entries, 12 bytes)

    def column(start: int) -> Any:
        low, high = tf.cond(
            little,
            lambda: (entries[:, start], entries[:, start + 1]),
            lambda: (entries[:, start + 1], entries[:, start]),
        )
        return high * 256 + low

    is_orientation = tf.logical_and(tf.equal(column(0), _ORIENTATION), tf.equal(column(2), _SHORT))
    value = tf.concat([tf.boolean_mask(column(8), is_orientation), tf.constant([1], tf.int64)], 0)[0]
    return tf.where(tf.logical_and(value >= 1, value <= 8), value, 1)


def _exif(encoded: Any) -> Any:
    """Returns the EXIF data of a file, uint8 `(bytes,)`; empty if it has none."""
    content = tf.io.decode_raw(encoded, tf.uint8)
    first_byte = _integer(content, 0, 1, False)  # It identifies the format.
    formats = ((0xFF, 2, _jpeg_segment), (0x89, 8, _png_chunk), (0x52, 12, _webp_chunk))
    searches = [lambda start=start, parse=parse: _search(content, start, parse) for _, start, parse in formats]
    index = tf.argmax([*(tf.equal(first_byte, byte) for byte, _, _ in formats), True])
    exif = tf.switch_case(tf.cast(index, tf.int32), [*searches, lambda: content[:0]])
    # In JPEG files and some WebP files, a name precedes the data.
    named = tf.equal(_integer(exif, 0, 4, False), int.from_bytes(b"Exif"))
    return tf.cond(named, lambda: exif[6:], lambda: exif)


def _search(content: Any, start: int, parse_chunk: Callable[[Any, Any], tuple[Any, ...]]) -> Any:
    """Searches the chunks of a file for the one with EXIF data, and returns its data.

    Args:
        content: the file, uint8 `(bytes,)`.
        start: offset of the first chunk.
        parse_chunk: a function of the content and the offset of a chunk that returns whether the chunk is the one with
            EXIF data, where its data begins and ends, and the offset of the next chunk, past the end of the content if
            there is none.
    """
    zero = tf.constant(0, tf.int64)

    def step(offset: Any, first: Any, last: Any) -> tuple[Any, ...]:
        is_exif, data_start, data_end, next_offset = parse_chunk(content, offset)
        length = tf.size(content, tf.int64)
        # In a damaged file, the next chunk may begin anywhere.
        next_offset = tf.where(tf.logical_or(is_exif, next_offset <= offset), length, next_offset)
        return next_offset, tf.where(is_exif, data_start, first), tf.where(is_exif, data_end, last)

    _, first, last = tf.while_loop(
        lambda offset, first, last: offset < tf.size(content, tf.int64),
        step,
        (tf.constant(start, tf.int64), zero, zero),
        maximum_iterations=_MAX_CHUNKS,
    )
    return content[first:last]


def _jpeg_segment(content: Any, offset: Any) -> tuple[Any, ...]:
    marker, size = _integer(content, offset, 2, False), _integer(content, offset + 2, 2, False)
    is_exif = tf.logical_and(
        tf.equal(marker, 0xFFE1), tf.equal(_integer(content, offset + 4, 4, False), int.from_bytes(b"Exif"))
    )
    is_padding = tf.equal(marker, 0xFFFF)
    # The pixels begin at the start of a scan (DA), or where there is no marker.
    at_pixels = tf.logical_or(marker < 0xFF00, tf.equal(marker, 0xFFDA))
    next_offset = tf.where(is_padding, offset + 1, offset + 2 + size)
    return is_exif, offset + 4, offset + 2 + size, tf.where(at_pixels, tf.size(content, tf.int64), next_offset)


def _png_chunk(content: Any, offset: Any) -> tuple[Any, ...]:
    size = _integer(content, offset, 4, False)
    is_exif = tf.equal(_integer(content, offset + 4, 4, False), int.from_bytes(b"eXIf"))
    return is_exif, offset + 8, offset + 8 + size, offset + 12 + size


def _webp_chunk(content: Any, offset: Any) -> tuple[Any, ...]:
    size = _integer(content, offset + 4, 4, True)
    is_exif = tf.equal(_integer(content, offset, 4, False), int.from_bytes(b"EXIF"))
    return is_exif, offset + 8, offset + 8 + size, offset + 8 + size + size % 2


def _integer(content: Any, start: Any, width: int, little: bool) -> Any:
    """Returns the unsigned integer in `width` bytes at `start`, int64; bytes past the end of the file count as 0."""
    octets = tf.cast(content[start : start + width], tf.int64)
    octets = tf.pad(octets, [[0, width - tf.size(octets)]])
    return tf.reduce_sum((octets[::-1] if little else octets) * [256**power for power in reversed(range(width))])
