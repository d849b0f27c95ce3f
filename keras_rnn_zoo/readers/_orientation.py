"""Images turned as their EXIF data says, in TensorFlow's own ops: phones store the pixels as the sensor lies."""

from collections.abc import Callable
from typing import Any

from keras_rnn_zoo.lazy import tf

_ORIENTATION, _SHORT = 0x0112, 3
"""The tag of the orientation and the type of its value."""
_MOST_CHUNKS = 2**16
"""The most chunks of a file that EXIF data is looked for in: a file may have one for each byte of padding."""


def has_exif(encoded: Any) -> Any:
    """Whether the name of EXIF data stands in a file, which is much faster to tell than what its chunks are."""
    return tf.strings.regex_full_match(encoded, r"\C*(Exif\x00\x00|eXIf|EXIF)\C*")


def turned(pixels: Any, encoded: Any) -> Any:
    """Returns pixels `(height, width, channels)` as the EXIF data of their JPEG, PNG or WebP file turns them."""
    orientation = _orientation(_exif(encoded))
    return tf.cond(tf.equal(orientation, 1), lambda: pixels, lambda: _turned(pixels, orientation))


def _turned(pixels: Any, orientation: Any) -> Any:
    channels = pixels.shape[-1]
    on_side = orientation >= 5
    pixels = tf.transpose(pixels, tf.where(on_side, [1, 0, 2], [0, 1, 2]))

    def is_one_of(*numbers: int) -> Any:
        return tf.reduce_any(tf.equal(orientation, tf.constant(numbers, tf.int64)))

    axes = tf.boolean_mask([0, 1], [is_one_of(3, 4, 7, 8), is_one_of(2, 3, 6, 7)])
    return tf.ensure_shape(tf.reverse(pixels, axes), [None, None, channels])


def _orientation(exif: Any) -> Any:
    """Returns the orientation that EXIF data, uint8 `(bytes,)`, has, from 1 to 8; 1 where it has none."""
    little = tf.equal(_number(exif, 0, 2, True), 0x4949)  # "II", as in Intel.

    def number(start: Any, width: int) -> Any:
        return tf.cond(little, lambda: _number(exif, start, width, True), lambda: _number(exif, start, width, False))

    first = number(4, 4)  # Where the directory begins.
    entries = exif[first + 2 : first + 2 + 12 * number(first, 2)]
    entries = tf.cast(tf.reshape(entries[: tf.size(entries) // 12 * 12], [-1, 12]), tf.int64)

    def column(start: int) -> Any:
        low, high = tf.cond(
            little,
            lambda: (entries[:, start], entries[:, start + 1]),
            lambda: (entries[:, start + 1], entries[:, start]),
        )
        return high * 256 + low

    fitting = tf.logical_and(tf.equal(column(0), _ORIENTATION), tf.equal(column(2), _SHORT))
    found = tf.concat([tf.boolean_mask(column(8), fitting), tf.constant([1], tf.int64)], 0)[0]
    return tf.where(tf.logical_and(found >= 1, found <= 8), found, 1)


def _exif(encoded: Any) -> Any:
    """Returns the EXIF data of a file, uint8 `(bytes,)`, empty where it has none."""
    content = tf.io.decode_raw(encoded, tf.uint8)
    first = _number(content, 0, 1, False)
    # Its first byte tells the format.
    formats = ((0xFF, 2, _next_of_jpeg), (0x89, 8, _next_of_png), (0x52, 12, _next_of_webp))
    walks = [lambda start=start, step=step: _walk(content, start, step) for _, start, step in formats]
    number = tf.argmax([*(tf.equal(first, byte) for byte, _, _ in formats), True])
    found = tf.switch_case(tf.cast(number, tf.int32), [*walks, lambda: content[:0]])
    # In a JPEG file, and in some WebP files, a name stands before it.
    named = tf.equal(_number(found, 0, 4, False), int.from_bytes(b"Exif"))
    return tf.cond(named, lambda: found[6:], lambda: found)


def _walk(content: Any, start: int, next_chunk: Callable[[Any, Any], tuple[Any, ...]]) -> Any:
    """Goes through the chunks of a file to the one with EXIF data.

    Args:
        content: the file, uint8 `(bytes,)`.
        start: where its first chunk begins.
        next_chunk: given the content and where a chunk begins, returns whether it is the one, where its data begins
            and ends, and where the next chunk begins, beyond the end of the content if there is none.
    """
    none = tf.constant(0, tf.int64)

    def step(place: Any, first: Any, last: Any) -> tuple[Any, ...]:
        fits, data, end, following = next_chunk(content, place)
        length = tf.size(content, tf.int64)
        # The next chunk of a damaged file may begin anywhere.
        following = tf.where(tf.logical_or(fits, following <= place), length, following)
        return following, tf.where(fits, data, first), tf.where(fits, end, last)

    _, first, last = tf.while_loop(
        lambda place, first, last: place < tf.size(content, tf.int64),
        step,
        (tf.constant(start, tf.int64), none, none),
        maximum_iterations=_MOST_CHUNKS,
    )
    return content[first:last]


def _next_of_jpeg(content: Any, place: Any) -> tuple[Any, ...]:
    mark, size = _number(content, place, 2, False), _number(content, place + 2, 2, False)
    fits = tf.logical_and(
        tf.equal(mark, 0xFFE1), tf.equal(_number(content, place + 4, 4, False), int.from_bytes(b"Exif"))
    )
    filling = tf.equal(mark, 0xFFFF)
    # At the start of the scan (DA), and where no mark is, the pixels begin.
    ends = tf.logical_or(mark < 0xFF00, tf.equal(mark, 0xFFDA))
    following = tf.where(filling, place + 1, place + 2 + size)
    return fits, place + 4, place + 2 + size, tf.where(ends, tf.size(content, tf.int64), following)


def _next_of_png(content: Any, place: Any) -> tuple[Any, ...]:
    size = _number(content, place, 4, False)
    fits = tf.equal(_number(content, place + 4, 4, False), int.from_bytes(b"eXIf"))
    return fits, place + 8, place + 8 + size, place + 12 + size


def _next_of_webp(content: Any, place: Any) -> tuple[Any, ...]:
    size = _number(content, place + 4, 4, True)
    fits = tf.equal(_number(content, place, 4, False), int.from_bytes(b"EXIF"))
    return fits, place + 8, place + 8 + size, place + 8 + size + size % 2


def _number(content: Any, start: Any, width: int, little: bool) -> Any:
    """Returns the whole number that some bytes of a file are, int64; bytes beyond its end count as 0."""
    part = tf.cast(content[start : start + width], tf.int64)
    part = tf.pad(part, [[0, width - tf.size(part)]])
    return tf.reduce_sum((part[::-1] if little else part) * [256**place for place in reversed(range(width))])
