"""The readers of images."""

from collections.abc import Sequence
from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.readers._image_header import size_fault
from keras_rnn_zoo.readers._options import Channels, ImageHeight, ImageWidth
from keras_rnn_zoo.readers._pixels import FORMATS, decode_image, image_extension, image_fault, image_size, valid_mask
from keras_rnn_zoo.readers.reader import Picture, Reader, read_file

ENCODED = {
    "image": "the images, encoded as PNG, JPEG, GIF, BMP or WebP, rotated as their EXIF data says: string (batch,)"
}


_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c636000000002000148afa4710000000049454e44ae426082"
)
"""A PNG file of one black pixel, decoded in place of invalid images in a batch."""


def _batch_of_one(encoded: Any) -> tuple[Any, ...]:
    """Returns the batch of one image of a dataset; the graph raises an error if the image is invalid."""
    not_an_image = f"the input `image` has a value that is not a {FORMATS} file"
    # Exports have stock TensorFlow ops only and do not check sizes; there, TensorFlow's own limit applies.
    fault = tf.numpy_function(_size_fault, [encoded], tf.string, stateful=False)
    checks = [
        tf.debugging.Assert(valid_mask(encoded[None])[0], [not_an_image]),
        tf.debugging.Assert(tf.equal(fault, b""), ["the input `image` cannot be read: ", fault]),
    ]
    with tf.control_dependencies([check for check in checks if check is not None]):
        return (tf.identity(encoded)[None],)


def _size_fault(content: Any) -> bytes:
    # TensorFlow passes bytes in a graph, and a scalar array in eager mode.
    return size_fault(content if isinstance(content, bytes) else content.item()).encode()


def _or_pixel(encoded: Any) -> Any:
    return tf.where(valid_mask(encoded), encoded, _PIXEL)


def _dummy_input(number: int) -> bytes:
    """Returns a PNG file of noise, which depends on `number`."""
    random = np.random.default_rng(number)
    size = random.integers(8, 64, 2)
    return bytes(tf.io.encode_png(random.integers(0, 256, (*size, 3)).astype("uint8")).numpy())


def _to_batch(inputs: Sequence[Any]) -> tuple[Any, ...]:
    encoded = [image if isinstance(image, bytes) else read_file(image) for image in inputs]
    for image, content in zip(inputs, encoded, strict=True):
        if fault := image_fault(content):
            name = f"of {len(content):,} bytes" if isinstance(image, bytes) else repr(str(image))
            raise DataError(f"The image {name} cannot be read: {fault}.")
    return (tf.constant(encoded, tf.string),)


@registry.reader(
    inputs=ENCODED,
    columns="image image_name filename file file_name path name img",
    by_path=True,
    example="IMAGE",
)
class ImageReader(Reader):
    """Pixels of images of one size, uint8 `(batch, image_height, image_width, channels)`.

    Args:
        image_height: height in pixels that images are scaled to.
        image_width: width in pixels that images are scaled to.
    """

    input = "image"
    variable = False

    def __init__(
        self,
        *,
        image_height: ImageHeight = 64,
        image_width: ImageWidth = 64,
        channels: Channels = 3,
    ) -> None:
        self.shape = (image_height, image_width, channels)

    def model_options(self) -> dict[str, Any]:
        return {"input": self.input, **dict(zip(("image_height", "image_width", "channels"), self.shape, strict=True))}

    def signature(self) -> list[Any]:
        return [tf.TensorSpec([None], tf.string, name="image")]

    def __call__(self, *raw: Any) -> Any:
        height, width, channels = self.shape

        def read(encoded: Any) -> Any:
            pixels = tf.image.resize(decode_image(encoded, channels), (height, width), antialias=True)
            return tf.ensure_shape(tf.saturate_cast(tf.round(pixels), tf.uint8), self.shape)

        return tf.map_fn(read, _or_pixel(*raw), fn_output_signature=tf.TensorSpec(self.shape, tf.uint8))

    def valid_mask(self, *raw: Any) -> Any:
        return valid_mask(*raw)

    step_unit, baseline = "row", "a black image"

    def picture(self, *raw: Any) -> Picture:
        return Picture("image", np.asarray(self(*raw))[0])

    def dummy_input(self, number: int) -> Any:
        return _dummy_input(number)

    def add_batch_axis(self, raw: Any) -> tuple[Any, ...]:
        return _batch_of_one(raw)

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        return _to_batch(inputs)

    def as_file(self, raw: Any) -> tuple[str, bytes]:
        return image_extension(raw), raw


@registry.reader(inputs=ENCODED, by_path=True, example="IMAGE")
class LineReader(Reader):
    """Images that are read as sequences of columns, such as lines of text.

    Pixels are float32 `(batch, width, image_height, channels)` from 0 to 255, columns first, padded with NaN.

    Args:
        image_height: height in pixels that images are scaled to, keeping the aspect ratio.
        max_width: maximum width in pixels; wider images are cropped at the right.
    """

    input = "image"
    variable = True

    def __init__(
        self,
        *,
        image_height: ImageHeight = 32,
        max_width: Annotated[int, Range(1, 100_000)] = 4000,
        channels: Channels = 1,
    ) -> None:
        self.image_height, self.max_width, self.channels = image_height, max_width, channels

    def model_options(self) -> dict[str, Any]:
        return {"input": self.input, "image_height": self.image_height, "channels": self.channels}

    def signature(self) -> list[Any]:
        return [tf.TensorSpec([None], tf.string, name="image")]

    def __call__(self, *raw: Any) -> Any:
        def read(encoded: Any) -> Any:
            pixels = decode_image(encoded, self.channels)
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

    step_unit, baseline = "column", "a black image"

    def picture(self, *raw: Any) -> Picture:
        pixels = np.rint(np.asarray(self(*raw))[0]).clip(0, 255).astype("uint8")
        return Picture("image", pixels.transpose(1, 0, 2), len(pixels))

    def dummy_input(self, number: int) -> Any:
        return _dummy_input(number)

    def longer_than(self, inputs: Sequence[Any]) -> Any:
        sizes = [image_size(content) for content in _to_batch(inputs)[0].numpy()]
        widest = max(-(-self.image_height * width // height) for height, width in sizes)
        return tf.io.encode_png(np.full((self.image_height, 2 * widest + 8, 1), 200, "uint8")).numpy()

    def add_batch_axis(self, raw: Any) -> tuple[Any, ...]:
        return _batch_of_one(raw)

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        return _to_batch(inputs)

    def as_file(self, raw: Any) -> tuple[str, bytes]:
        return image_extension(raw), raw
