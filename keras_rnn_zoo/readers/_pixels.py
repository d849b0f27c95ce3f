"""Decodes images to pixels with stock TensorFlow ops; shared by training, prediction and exports."""

import functools
from typing import Any

from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.readers._image_header import size_fault
from keras_rnn_zoo.readers._orientation import has_exif, rotate_by_exif

FORMATS = "PNG, JPEG, GIF, BMP and WebP"
_EXTENSIONS = {b"\xff\xd8": "jpg", b"GIF8": "gif", b"BM": "bmp", b"RIFF": "webp"}
"""Extensions of files by their first bytes; others are PNG."""

_GRAYS = [bytes(value for gray in range(256) for value in (gray, gray, gray, gray * last)) for last in (0, 1)]
"""The palettes of grayscale BMP files: the fourth byte is reserved, and Pillow before 10.1 repeats the gray in it."""

_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")
"""The first bytes of files of these formats. WebP files begin with RIFF, a size and WEBP."""

_OTHER_SIGNATURES = (
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"<svg", "an SVG"),
    (b"<", "an HTML or XML"),
    (b"%PDF", "a PDF"),
    (b"PK\3\4", "a ZIP"),
)
"""The first bytes of other files that are often mistaken for supported images."""
_BRANDS = {b"avif": "an AVIF", b"avis": "an AVIF", b"heic": "a HEIC", b"heix": "a HEIC", b"mif1": "a HEIF"}

_ANIMATION, _ALPHA = 0x02, 0x10
"""Flags of a WebP file."""

_OP_NAME = "the_input_named_image"
"""Name of the decoding ops, which occurs in TensorFlow's message about a damaged file."""


def decode_image(encoded: Any, channels: int) -> Any:
    """Returns the pixels of an encoded image as viewers show it, uint8 `(height, width, channels)`.

    Transparent PNG and WebP images are shown on white. Of an animation, the first frame is decoded. Images with an
    orientation in their EXIF data are rotated accordingly.

    Args:
        encoded: the content of the file, a string scalar.
        channels: 1 for grayscale, 3 for RGB.
    """
    # Most files are neither WebP nor have EXIF data, and each further check in a graph takes time.
    plain = tf.logical_not(tf.logical_or(is_webp(encoded), has_exif(encoded)))
    pixels = tf.cond(plain, lambda: _decode_plain(encoded), lambda: rotate_by_exif(_decode_any(encoded), encoded))
    return tf.image.rgb_to_grayscale(pixels) if channels == 1 else pixels


def _decode_any(encoded: Any) -> Any:
    pixels = tf.cond(is_webp(encoded), lambda: _on_white(_decode_webp(encoded)), lambda: _decode_plain(encoded))
    return tf.ensure_shape(pixels, [None, None, 3])


def _decode_plain(encoded: Any) -> Any:
    """Returns the pixels of a file in any format but WebP, uint8 `(height, width, 3)`."""
    return tf.cond(
        _is_transparent_png(encoded),
        lambda: _on_white(tf.io.decode_png(encoded, channels=4, name=_OP_NAME)),
        lambda: _decode_opaque(encoded),
    )


def is_webp(encoded: Any) -> Any:
    """Returns whether each of the strings `(...)` begins like a WebP file."""
    return tf.strings.regex_full_match(tf.strings.substr(encoded, 0, 12), r"RIFF\C{4}WEBP")


def valid_mask(encoded: Any) -> Any:
    """Returns a boolean mask `(batch,)` of the strings that begin like an image and are not shorter than a header."""
    matches = [tf.equal(tf.strings.substr(encoded, 0, len(start)), start) for start in _SIGNATURES]
    matches = tf.reduce_any([*matches, is_webp(encoded)], axis=0)
    return tf.logical_and(matches, tf.strings.length(encoded) >= 30)  # The header of a BMP file.


def image_fault(content: bytes) -> str:
    """Returns why the content of a file cannot be read as an image, or ""."""
    if fault := size_fault(content):
        return fault
    try:
        size = image_size(content)
    except tf.errors.InvalidArgumentError as error:
        if "palette of colors" in str(error):
            return "it is a BMP file with a palette of colors, which is not supported; save it as PNG"
        return f"it {_describe_content(content)}; supported formats are {FORMATS}"
    return "" if 0 not in size else "it has no pixels"


def image_extension(content: bytes) -> str:
    """Returns the usual extension of an image file in one of `FORMATS`, by its content."""
    return next((name for start, name in _EXTENSIONS.items() if content.startswith(start)), "png")


def image_size(content: bytes) -> tuple[int, int]:
    """Returns the height and width of an image after `decode_image`; raises TensorFlow's error if it is invalid."""
    height, width = _size_function()(tf.constant(content)).numpy().tolist()
    return height, width


@functools.cache
def _size_function() -> Any:
    """Returns a traced function from an encoded image to its height and width; it decodes all, to detect damage."""

    def size(encoded: Any) -> Any:
        is_image = tf.debugging.Assert(valid_mask(encoded[None])[0], [f"one of {FORMATS} is expected"])
        with tf.control_dependencies([is_image]):
            return tf.shape(decode_image(encoded, 3))[:2]

    return tf.function(size, input_signature=[tf.TensorSpec([], tf.string)])


def _describe_content(content: bytes) -> str:
    """Returns what is known about a file that cannot be decoded, as a predicate to "it"."""
    if not content:
        return "is empty"
    if content[4:8] == b"ftyp" and content[8:12] in _BRANDS:
        return f"is {_BRANDS[content[8:12]]} file"
    if (content[:4] == b"RIFF" and content[8:12] == b"WEBP") or content.startswith(_SIGNATURES):
        return "is truncated or damaged"
    start = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    kind = next((kind for signature, kind in _OTHER_SIGNATURES if start.startswith(signature)), "")
    return f"is {kind} file" if kind else "does not begin like an image"


def _is_transparent_png(encoded: Any) -> Any:
    """Returns whether it is a PNG file with transparency, by its color type or by a tRNS chunk."""
    # TensorFlow ignores tRNS chunks of grayscale files, and computes an invalid alpha if they have less than 8 bits.
    return tf.strings.regex_full_match(encoded, r"\CPNG\C{21}([\x04\x06]\C*|[\x02\x03]\C*tRNS\C*)")


def _decode_webp(encoded: Any) -> Any:
    """Returns the pixels of a WebP file, with alpha if it has any; of an animation, those of its first frame.

    TensorFlow writes the frames of every animation with alpha. If the file's header declares no alpha, it writes past
    the end of the buffer, so the alpha flag is set before an animation is decoded.
    """
    extended = tf.equal(tf.strings.substr(encoded, 12, 4), b"VP8X")
    flags = tf.io.decode_raw(tf.strings.substr(encoded, 20, 1), tf.uint8)[0]
    animated = tf.logical_and(extended, tf.equal(tf.bitwise.bitwise_and(flags, _ANIMATION), _ANIMATION))

    def first_frame() -> Any:
        head, rest = tf.strings.substr(encoded, 0, 20), tf.strings.substr(encoded, 21, tf.strings.length(encoded))
        flagged = tf.strings.join([head, bytes([_ANIMATION | _ALPHA]), rest])
        return tf.io.decode_image(flagged, channels=4, expand_animations=False, name=_OP_NAME)

    return tf.cond(
        animated,
        first_frame,
        lambda: tf.io.decode_image(encoded, channels=0, expand_animations=False, name=_OP_NAME),
    )


def _on_white(pixels: Any) -> Any:
    """Returns pixels `(height, width, 3 or 4)` blended over white, uint8 `(height, width, 3)`."""
    pixels = tf.cast(pixels, tf.int32)
    colors, alpha = pixels[..., :3], pixels[..., 3:]
    alpha = tf.cond(tf.shape(alpha)[-1] > 0, lambda: alpha, lambda: tf.fill(tf.shape(colors[..., :1]), 255))
    return tf.cast((colors * alpha + 255 * (255 - alpha) + 127) // 255, tf.uint8)


def _decode_opaque(encoded: Any) -> Any:
    bmp = tf.equal(tf.strings.substr(encoded, 0, 2), b"BM")
    fault = "the input `image` has a BMP file with a palette of colors, which is not supported; save it as PNG"
    checked = tf.debugging.Assert(tf.cond(bmp, lambda: _has_no_color_palette(encoded), lambda: True), [fault])
    with tf.control_dependencies([checked] if checked is not None else []):
        # TensorFlow can decode every format to RGB, but not every one to grayscale.
        return tf.io.decode_image(encoded, channels=3, expand_animations=False, name=_OP_NAME)


def _has_no_color_palette(bmp: Any) -> Any:
    """Returns whether a BMP file has no palette or a gray one: TensorFlow takes palette indices for gray values."""
    offset, header = (tf.io.decode_raw(tf.strings.substr(bmp, start, 4), tf.int32)[0] for start in (10, 14))
    bits = tf.io.decode_raw(tf.strings.substr(bmp, 28, 2), tf.uint16)[0]
    # The header may declare a palette past the end of the file.
    length = tf.strings.length(bmp)
    start = tf.clip_by_value(header, 0, length - 14) + 14
    palette = tf.strings.substr(bmp, start, tf.maximum(tf.minimum(offset, length) - start, 0))
    gray = tf.reduce_any(tf.equal(palette, tf.strings.substr(_GRAYS, 0, tf.strings.length(palette))))
    return tf.logical_or(bits > 8, tf.logical_and(tf.equal(bits, 8), gray))
