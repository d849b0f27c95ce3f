"""Images."""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.readers.image_head import size_fault
from keras_rnn_zoo.readers.reader import Reader, read_file

ENCODED = {"image": "the images, encoded as PNG (on white where transparent), JPEG, GIF or BMP: string (batch,)"}


_GRAYS = bytes(value for gray in range(256) for value in (gray, gray, gray, 0))
"""The palette of a BMP file in gray."""


_BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")
"""What files of these formats begin with."""

_NAME = "the_input_named_image"
"""Of the ops that decode: TensorFlow's message about a damaged file tells it."""

_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c636000000002000148afa4710000000049454e44ae426082"
)
"""A PNG file of one black pixel, read in the place of what is no image."""


def _decoded(encoded: Any, channels: int) -> Any:
    """Returns the pixels of an encoded image; where a PNG file is transparent, white shows through."""
    pixels = tf.cond(_has_alpha(encoded), lambda: _on_white(encoded), lambda: _without_alpha(encoded))
    return tf.image.rgb_to_grayscale(pixels) if channels == 1 else pixels


def _has_alpha(encoded: Any) -> Any:
    """Whether it is a PNG file with transparency: by its type of colour, or a chunk that makes colours transparent."""
    # Of gray files with such a chunk TensorFlow makes no use, and gives a wrong alpha to those of less than eight bits.
    return tf.strings.regex_full_match(encoded, r"\CPNG\C{21}([\x04\x06]\C*|[\x02\x03]\C*tRNS\C*)")


def _on_white(encoded: Any) -> Any:
    pixels = tf.cast(tf.io.decode_png(encoded, channels=4, name=_NAME), tf.int32)
    colours, alpha = pixels[..., :3], pixels[..., 3:]
    return tf.cast((colours * alpha + 255 * (255 - alpha) + 127) // 255, tf.uint8)


def _without_alpha(encoded: Any) -> Any:
    bmp = tf.equal(tf.strings.substr(encoded, 0, 2), b"BM")
    fault = "the input `image` has a BMP file with a palette of colours, which is not read; save it as PNG"
    checked = tf.debugging.Assert(tf.cond(bmp, lambda: _is_without_colours(encoded), lambda: True), [fault])
    with tf.control_dependencies([checked] if checked is not None else []):
        # TensorFlow reads any format in colours, but not any in gray.
        return tf.io.decode_image(encoded, channels=3, expand_animations=False, name=_NAME)


def _is_without_colours(bmp: Any) -> Any:
    """Whether a BMP file has no palette, or one of grays: TensorFlow takes its entries' numbers for the pixels."""
    offset, header = (tf.io.decode_raw(tf.strings.substr(bmp, start, 4), tf.int32)[0] for start in (10, 14))
    bits = tf.io.decode_raw(tf.strings.substr(bmp, 28, 2), tf.uint16)[0]
    # The file may say that its palette lies beyond its end.
    length = tf.strings.length(bmp)
    start = tf.clip_by_value(header, 0, length - 14) + 14
    palette = tf.strings.substr(bmp, start, tf.maximum(tf.minimum(offset, length) - start, 0))
    gray = tf.equal(palette, tf.strings.substr(_GRAYS, 0, tf.strings.length(palette)))
    return tf.logical_or(bits > 8, tf.logical_and(tf.equal(bits, 8), gray))


def _usable(encoded: Any) -> Any:
    """Returns which strings `(batch,)` begin as an image does, and are as long as the head of a BMP file."""
    begins = tf.reduce_any([tf.equal(tf.strings.substr(encoded, 0, len(b)), b) for b in _BEGINNINGS], axis=0)
    return tf.logical_and(begins, tf.strings.length(encoded) >= 30)


def _one_image(encoded: Any) -> tuple[Any, ...]:
    """Returns the batch of an image of a data set, where what is no image is a fault and not a pixel."""
    no_image = "the input `image` has what is no PNG, JPEG, GIF or BMP file"
    # Not in exports, which hold TensorFlow's own ops alone: there, TensorFlow's limit holds.
    fault = tf.numpy_function(lambda content: size_fault(content).encode(), [encoded], tf.string, stateful=False)
    checks = [
        tf.debugging.Assert(_usable(encoded[None])[0], [no_image]),
        tf.debugging.Assert(tf.equal(fault, b""), ["the input `image` cannot be read: ", fault]),
    ]
    with tf.control_dependencies([check for check in checks if check is not None]):
        return (tf.identity(encoded)[None],)


def _or_pixel(encoded: Any) -> Any:
    return tf.where(_usable(encoded), encoded, _PIXEL)


def _made_up(number: int) -> bytes:
    """Returns a PNG file of noise, another one for each number."""
    random = np.random.default_rng(number)
    size = random.integers(8, 64, 2)
    return bytes(tf.io.encode_png(random.integers(0, 256, (*size, 3)).astype("uint8")).numpy())


def _to_batch(inputs: Sequence[Any]) -> tuple[Any, ...]:
    encoded = [image if isinstance(image, bytes) else read_file(image) for image in inputs]
    for image, content in zip(inputs, encoded, strict=True):
        if fault := size_fault(content):
            name = f"of {len(content)} bytes" if isinstance(image, bytes) else repr(str(image))
            raise DataError(f"The image {name} cannot be read: {fault}.")
        try:
            _decoded(content, 3)
        except tf.errors.InvalidArgumentError:
            name = f"of {len(content)} bytes" if isinstance(image, bytes) else repr(str(image))
            raise DataError(
                f"The image {name} is not one. PNG, JPEG, GIF and BMP files are read, of BMP those without a palette "
                "of colours."
            ) from None
    return (tf.constant(encoded, tf.string),)


@registry.reader(inputs=ENCODED)
class ImageReader(Reader):
    """Pixels of images of one size, uint8 `(batch, image_height, image_width, channels)`.

    Args:
        image_height: pixels that images are scaled to, from top to bottom.
        image_width: pixels that images are scaled to, from left to right.
        channels: 1 for gray, 3 for red, green and blue.
    """

    input = "image"
    variable = False

    def __init__(
        self,
        *,
        image_height: Annotated[int, Range(1, 4096)] = 64,
        image_width: Annotated[int, Range(1, 4096)] = 64,
        channels: Literal[1, 3] = 3,
    ) -> None:
        self.shape = (image_height, image_width, channels)

    def sizes(self) -> dict[str, Any]:
        return {"input": self.input, **dict(zip(("image_height", "image_width", "channels"), self.shape, strict=True))}

    def signature(self) -> list[Any]:
        return [tf.TensorSpec([None], tf.string, name="image")]

    def __call__(self, *raw: Any) -> Any:
        height, width, channels = self.shape

        def read(encoded: Any) -> Any:
            pixels = tf.image.resize(_decoded(encoded, channels), (height, width), antialias=True)
            return tf.ensure_shape(tf.saturate_cast(tf.round(pixels), tf.uint8), self.shape)

        return tf.map_fn(read, _or_pixel(*raw), fn_output_signature=tf.TensorSpec(self.shape, tf.uint8))

    def usable(self, *raw: Any) -> Any:
        return _usable(*raw)

    def made_up(self, number: int) -> Any:
        return _made_up(number)

    def batch_of_one(self, raw: Any) -> tuple[Any, ...]:
        return _one_image(raw)

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        return _to_batch(inputs)


@registry.reader(inputs=ENCODED)
class LineReader(Reader):
    """Images that are read as sequences of columns, such as lines of writing.

    Gives float32 pixels `(batch, width, image_height, channels)`, from 0 to 255, columns first: padding is NaN.

    Args:
        image_height: pixels that images are scaled to, from top to bottom; the width follows.
        max_width: most pixels read from left to right; what is beyond is cut off.
        channels: 1 for gray, 3 for red, green and blue.
    """

    input = "image"
    variable = True

    def __init__(
        self,
        *,
        image_height: Annotated[int, Range(1, 4096)] = 32,
        max_width: Annotated[int, Range(1, 100_000)] = 4000,
        channels: Literal[1, 3] = 1,
    ) -> None:
        self.image_height, self.max_width, self.channels = image_height, max_width, channels

    def sizes(self) -> dict[str, Any]:
        return {"input": self.input, "image_height": self.image_height, "channels": self.channels}

    def signature(self) -> list[Any]:
        return [tf.TensorSpec([None], tf.string, name="image")]

    def __call__(self, *raw: Any) -> Any:
        def read(encoded: Any) -> Any:
            pixels = _decoded(encoded, self.channels)
            height, width = tf.unstack(tf.cast(tf.shape(pixels)[:2], tf.float32))
            width = tf.maximum(tf.cast(tf.round(width * self.image_height / height), tf.int32), 1)
            pixels = tf.image.resize(pixels, [self.image_height, width], antialias=True)
            columns = tf.transpose(pixels, [1, 0, 2])[: self.max_width]
            return tf.RaggedTensor.from_tensor(columns[None], ragged_rank=1)

        spec = tf.RaggedTensorSpec([1, None, self.image_height, self.channels], tf.float32, ragged_rank=1)
        ragged = tf.map_fn(read, _or_pixel(*raw), fn_output_signature=spec)
        return ragged.merge_dims(0, 1).to_tensor(np.nan, shape=[None, None, self.image_height, self.channels])

    def usable(self, *raw: Any) -> Any:
        return _usable(*raw)

    def made_up(self, number: int) -> Any:
        return _made_up(number)

    def longer(self, inputs: Sequence[Any]) -> Any:
        shapes = [tf.shape(_decoded(content, 1)).numpy() for content in _to_batch(inputs)[0]]
        widest = max(math.ceil(self.image_height * width / height) for height, width, _ in shapes)
        return tf.io.encode_png(np.full((self.image_height, 2 * widest + 8, 1), 200, "uint8")).numpy()

    def batch_of_one(self, raw: Any) -> tuple[Any, ...]:
        return _one_image(raw)

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        return _to_batch(inputs)
