"""From encoded images to pixels: the one decoder of training, prediction and exports, in TensorFlow's own ops."""

import functools
from typing import Any

from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.readers._image_header import size_fault
from keras_rnn_zoo.readers._orientation import has_exif, turned

FORMATS = "PNG, JPEG, GIF, BMP and WebP"

_GRAYS = bytes(value for gray in range(256) for value in (gray, gray, gray, 0))
"""The palette of a BMP file in gray."""

_BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")
"""What files of these formats begin with; WebP files begin with RIFF, a size and WEBP."""

_OTHERS = (
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"<svg", "an SVG"),
    (b"<", "an HTML or XML"),
    (b"%PDF", "a PDF"),
    (b"PK\3\4", "a ZIP"),
)
"""What other files begin with that are often taken for images."""
_BRANDS = {b"avif": "an AVIF", b"avis": "an AVIF", b"heic": "a HEIC", b"heix": "a HEIC", b"mif1": "a HEIF"}

_ANIMATION, _ALPHA = 0x02, 0x10
"""Flags of a WebP file."""

_NAME = "the_input_named_image"
"""Of the ops that decode: TensorFlow's message about a damaged file tells it."""


def decoded(encoded: Any, channels: int) -> Any:
    """Returns the pixels of an encoded image as viewers show it, uint8 `(height, width, channels)`.

    Where a PNG or WebP file is transparent, white shows through. Of an animation the first frame is read. An image
    whose EXIF data has an orientation is turned accordingly.

    Args:
        encoded: the content of the file, a string scalar.
        channels: 1 for gray, 3 for red, green and blue.
    """
    # Most files are neither, and each question in a graph takes time.
    plain = tf.logical_not(tf.logical_or(is_webp(encoded), has_exif(encoded)))
    pixels = tf.cond(plain, lambda: _pixels(encoded), lambda: turned(_pixels_of_any(encoded), encoded))
    return tf.image.rgb_to_grayscale(pixels) if channels == 1 else pixels


def _pixels_of_any(encoded: Any) -> Any:
    webp = tf.cond(is_webp(encoded), lambda: _on_white(_webp(encoded)), lambda: _pixels(encoded))
    return tf.ensure_shape(webp, [None, None, 3])


def _pixels(encoded: Any) -> Any:
    """Returns the pixels of a file that is no WebP file."""
    return tf.cond(
        _is_transparent_png(encoded),
        lambda: _on_white(tf.io.decode_png(encoded, channels=4, name=_NAME)),
        lambda: _without_alpha(encoded),
    )


def is_webp(encoded: Any) -> Any:
    """Whether strings `(...)` begin as WebP files do."""
    return tf.strings.regex_full_match(tf.strings.substr(encoded, 0, 12), r"RIFF\C{4}WEBP")


def valid_mask(encoded: Any) -> Any:
    """Returns which strings `(batch,)` begin as an image does, and are as long as the head of a BMP file."""
    begins = [tf.equal(tf.strings.substr(encoded, 0, len(b)), b) for b in _BEGINNINGS]
    begins = tf.reduce_any([*begins, is_webp(encoded)], axis=0)
    return tf.logical_and(begins, tf.strings.length(encoded) >= 30)


def fault_of_image(content: bytes) -> str:
    """Returns what keeps the content of a file from being read as an image, or ""."""
    if fault := size_fault(content):
        return fault
    try:
        size = image_size(content)
    except tf.errors.InvalidArgumentError as error:
        if "palette of colors" in str(error):
            return "it is a BMP file with a palette of colors, which is not read; save it as PNG"
        kind = _kind_of(content)
        return f"it {kind}; {FORMATS} files are read"
    return "" if 0 not in size else "it has no pixels"


def image_size(content: bytes) -> tuple[int, int]:
    """Returns the height and width of an image as `decoded` gives it; raises as TensorFlow does for what is none."""
    height, width = _size()(tf.constant(content)).numpy().tolist()
    return height, width


@functools.cache
def _size() -> Any:
    """Returns the function from an encoded image to its height and width; it decodes all, to find what is damaged."""

    def size(encoded: Any) -> Any:
        known = tf.debugging.Assert(valid_mask(encoded[None])[0], [f"one of {FORMATS} is expected"])
        with tf.control_dependencies([known]):
            return tf.shape(decoded(encoded, 3))[:2]

    return tf.function(size, input_signature=[tf.TensorSpec([], tf.string)])


def _kind_of(content: bytes) -> str:
    """Returns what is known of a file that will not open as an image, to follow "it"."""
    if not content:
        return "is empty"
    if content[4:8] == b"ftyp" and content[8:12] in _BRANDS:
        return f"is {_BRANDS[content[8:12]]} file"
    if (content[:4] == b"RIFF" and content[8:12] == b"WEBP") or content.startswith(_BEGINNINGS):
        return "is cut short or damaged"
    start = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    kind = next((kind for beginning, kind in _OTHERS if start.startswith(beginning)), "")
    return f"is {kind} file" if kind else "does not begin as an image does"


def _is_transparent_png(encoded: Any) -> Any:
    """Whether it is a PNG file with transparency: by its type of color, or a chunk that makes colors transparent."""
    # Of gray files with such a chunk TensorFlow makes no use, and gives a wrong alpha to those of less than eight bits.
    return tf.strings.regex_full_match(encoded, r"\CPNG\C{21}([\x04\x06]\C*|[\x02\x03]\C*tRNS\C*)")


def _webp(encoded: Any) -> Any:
    """Returns the pixels of a WebP file, with alpha if it has any; of an animation, those of its first frame.

    TensorFlow writes the frames of an animation with alpha, also where the file says that it has none, and then beyond
    the end of their memory. So the flag for it is set before such a file is decoded.
    """
    extended = tf.equal(tf.strings.substr(encoded, 12, 4), b"VP8X")
    flags = tf.io.decode_raw(tf.strings.substr(encoded, 20, 1), tf.uint8)[0]
    animated = tf.logical_and(extended, tf.equal(tf.bitwise.bitwise_and(flags, _ANIMATION), _ANIMATION))

    def first_frame() -> Any:
        head, rest = tf.strings.substr(encoded, 0, 20), tf.strings.substr(encoded, 21, tf.strings.length(encoded))
        flagged = tf.strings.join([head, bytes([_ANIMATION | _ALPHA]), rest])
        return tf.io.decode_image(flagged, channels=4, expand_animations=False, name=_NAME)

    return tf.cond(
        animated,
        first_frame,
        lambda: tf.io.decode_image(encoded, channels=0, expand_animations=False, name=_NAME),
    )


def _on_white(pixels: Any) -> Any:
    """Returns pixels `(height, width, 3 or 4)` in three channels: white shows through where they have alpha."""
    pixels = tf.cast(pixels, tf.int32)
    colors, alpha = pixels[..., :3], pixels[..., 3:]
    alpha = tf.cond(tf.shape(alpha)[-1] > 0, lambda: alpha, lambda: tf.fill(tf.shape(colors[..., :1]), 255))
    return tf.cast((colors * alpha + 255 * (255 - alpha) + 127) // 255, tf.uint8)


def _without_alpha(encoded: Any) -> Any:
    bmp = tf.equal(tf.strings.substr(encoded, 0, 2), b"BM")
    fault = "the input `image` has a BMP file with a palette of colors, which is not read; save it as PNG"
    checked = tf.debugging.Assert(tf.cond(bmp, lambda: _is_without_colors(encoded), lambda: True), [fault])
    with tf.control_dependencies([checked] if checked is not None else []):
        # TensorFlow reads any format in colors, but not any in gray.
        return tf.io.decode_image(encoded, channels=3, expand_animations=False, name=_NAME)


def _is_without_colors(bmp: Any) -> Any:
    """Whether a BMP file has no palette, or one of grays: TensorFlow takes its entries' numbers for the pixels."""
    offset, header = (tf.io.decode_raw(tf.strings.substr(bmp, start, 4), tf.int32)[0] for start in (10, 14))
    bits = tf.io.decode_raw(tf.strings.substr(bmp, 28, 2), tf.uint16)[0]
    # The file may say that its palette lies beyond its end.
    length = tf.strings.length(bmp)
    start = tf.clip_by_value(header, 0, length - 14) + 14
    palette = tf.strings.substr(bmp, start, tf.maximum(tf.minimum(offset, length) - start, 0))
    gray = tf.equal(palette, tf.strings.substr(_GRAYS, 0, tf.strings.length(palette)))
    return tf.logical_or(bits > 8, tf.logical_and(tf.equal(bits, 8), gray))
