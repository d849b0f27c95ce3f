"""Images."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.readers._image_header import size_fault
from keras_rnn_zoo.readers._pixels import FORMATS, decoded, fault_of_image, image_size, valid_mask
from keras_rnn_zoo.readers.reader import Reader, read_file

ENCODED = {
    "image": "the images, encoded as PNG, JPEG, GIF, BMP or WebP, turned as their EXIF data says: string (batch,)"
}


_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c636000000002000148afa4710000000049454e44ae426082"
)
"""A PNG file of one black pixel, read in the place of what is no image."""


def _one_image(encoded: Any) -> tuple[Any, ...]:
    """Returns the batch of an image of a data set, where what is no image is a fault and not a pixel."""
    no_image = f"the input `image` has what is no {FORMATS} file"
    # Not in exports, which hold TensorFlow's own ops alone: there, TensorFlow's limit holds.
    fault = tf.numpy_function(_size_fault, [encoded], tf.string, stateful=False)
    checks = [
        tf.debugging.Assert(valid_mask(encoded[None])[0], [no_image]),
        tf.debugging.Assert(tf.equal(fault, b""), ["the input `image` cannot be read: ", fault]),
    ]
    with tf.control_dependencies([check for check in checks if check is not None]):
        return (tf.identity(encoded)[None],)


def _size_fault(content: Any) -> bytes:
    # In a graph TensorFlow gives bytes, outside of one an array of no axes.
    return size_fault(content if isinstance(content, bytes) else content.item()).encode()


def _or_pixel(encoded: Any) -> Any:
    return tf.where(valid_mask(encoded), encoded, _PIXEL)


def _dummy_input(number: int) -> bytes:
    """Returns a PNG file of noise, another one for each number."""
    random = np.random.default_rng(number)
    size = random.integers(8, 64, 2)
    return bytes(tf.io.encode_png(random.integers(0, 256, (*size, 3)).astype("uint8")).numpy())


def _to_batch(inputs: Sequence[Any]) -> tuple[Any, ...]:
    encoded = [image if isinstance(image, bytes) else read_file(image) for image in inputs]
    for image, content in zip(inputs, encoded, strict=True):
        if fault := fault_of_image(content):
            name = f"of {len(content):,} bytes" if isinstance(image, bytes) else repr(str(image))
            raise DataError(f"The image {name} cannot be read: {fault}.")
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

    def model_options(self) -> dict[str, Any]:
        return {"input": self.input, **dict(zip(("image_height", "image_width", "channels"), self.shape, strict=True))}

    def signature(self) -> list[Any]:
        return [tf.TensorSpec([None], tf.string, name="image")]

    def __call__(self, *raw: Any) -> Any:
        height, width, channels = self.shape

        def read(encoded: Any) -> Any:
            pixels = tf.image.resize(decoded(encoded, channels), (height, width), antialias=True)
            return tf.ensure_shape(tf.saturate_cast(tf.round(pixels), tf.uint8), self.shape)

        return tf.map_fn(read, _or_pixel(*raw), fn_output_signature=tf.TensorSpec(self.shape, tf.uint8))

    def valid_mask(self, *raw: Any) -> Any:
        return valid_mask(*raw)

    def dummy_input(self, number: int) -> Any:
        return _dummy_input(number)

    def add_batch_axis(self, raw: Any) -> tuple[Any, ...]:
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

    def model_options(self) -> dict[str, Any]:
        return {"input": self.input, "image_height": self.image_height, "channels": self.channels}

    def signature(self) -> list[Any]:
        return [tf.TensorSpec([None], tf.string, name="image")]

    def __call__(self, *raw: Any) -> Any:
        def read(encoded: Any) -> Any:
            pixels = decoded(encoded, self.channels)
            height, width = tf.unstack(tf.cast(tf.shape(pixels)[:2], tf.float32))
            width = tf.maximum(tf.cast(tf.round(width * self.image_height / height), tf.int32), 1)
            pixels = tf.image.resize(pixels, [self.image_height, width], antialias=True)
            columns = tf.transpose(pixels, [1, 0, 2])[: self.max_width]
            return tf.RaggedTensor.from_tensor(columns[None], ragged_rank=1)

        spec = tf.RaggedTensorSpec([1, None, self.image_height, self.channels], tf.float32, ragged_rank=1)
        ragged = tf.map_fn(read, _or_pixel(*raw), fn_output_signature=spec)
        return ragged.merge_dims(0, 1).to_tensor(np.nan, shape=[None, None, self.image_height, self.channels])

    def valid_mask(self, *raw: Any) -> Any:
        return valid_mask(*raw)

    def dummy_input(self, number: int) -> Any:
        return _dummy_input(number)

    def longer_than(self, inputs: Sequence[Any]) -> Any:
        sizes = [image_size(content) for content in _to_batch(inputs)[0].numpy()]
        widest = max(-(-self.image_height * width // height) for height, width in sizes)
        return tf.io.encode_png(np.full((self.image_height, 2 * widest + 8, 1), 200, "uint8")).numpy()

    def add_batch_axis(self, raw: Any) -> tuple[Any, ...]:
        return _one_image(raw)

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        return _to_batch(inputs)
