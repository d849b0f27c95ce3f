import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from keras_rnn_zoo.artifacts.graph_check import may_run
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers import _orientation as orientation
from keras_rnn_zoo.readers._pixels import image_fault, image_size
from keras_rnn_zoo.readers.image import ImageReader, LineReader

RANDOM = np.random.default_rng(0)
MODES = [
    *(("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")),
    *(("JPEG", mode) for mode in ("L", "RGB", "CMYK")),
    *(("GIF", mode) for mode in ("L", "P")),
    *(("BMP", mode) for mode in ("L", "RGB", "RGBA")),
    *(("WEBP", mode) for mode in ("RGB", "RGBA")),
]


def encoded(pixels, kind="PNG"):
    """Returns pixels `(height, width)` or `(height, width, channels)` as the content of an image file."""
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels, "uint8")).save(file, kind)
    return file.getvalue()


def converted(kind, mode, height, width):
    """Returns an image file with colors that pass into one another, and its pixels as Pillow reads them."""
    rows, columns = np.mgrid[:height, :width]
    colors = np.stack([40 + 8 * rows, 200 - 6 * columns, 90 + 2 * (rows + columns)], axis=-1).astype("uint8")
    file = io.BytesIO()
    # Pillow makes CMYK of colors alone.
    Image.fromarray(colors).convert("RGB" if mode == "CMYK" else mode).convert(mode).save(
        file, kind, **({"lossless": True} if kind == "WEBP" else {})
    )
    image = Image.open(file)
    return file.getvalue(), {
        3: np.asarray(image.convert("RGB"), "float32"),
        1: np.asarray(image.convert("RGB").convert("L"), "float32")[..., None],
    }


@pytest.mark.parametrize(("kind", "mode"), MODES)
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_any_mode_are_read(kind, mode, channels, read):
    content, pixels = converted(kind, mode, 8, 12)
    image = read(ImageReader(image_height=8, image_width=12, channels=channels), [content])
    assert image.dtype == np.uint8
    assert image.shape == (1, 8, 12, channels)
    np.testing.assert_allclose(image[0], pixels[channels], atol=6 if kind == "JPEG" else 1)
    line = read(LineReader(image_height=8, channels=channels), [content])
    assert line.dtype == np.float32
    np.testing.assert_allclose(line[0].transpose(1, 0, 2), pixels[channels], atol=6 if kind == "JPEG" else 1)


def test_every_shade_of_gray_is_preserved(read):
    shades = np.arange(256).reshape(16, 16)
    image = read(ImageReader(image_height=16, image_width=16, channels=1), [encoded(shades)])
    np.testing.assert_array_equal(image[0, :, :, 0], shades)


def test_images_are_scaled_to_one_size(read):
    halves = np.zeros((40, 60), "uint8")
    halves[:, 30:] = 200
    images = read(ImageReader(image_height=4, image_width=6, channels=1), [encoded(halves), encoded(halves[:1, 29:31])])
    assert images.shape == (2, 4, 6, 1)
    np.testing.assert_allclose(images[0, :, :, 0], np.repeat([[0, 0, 0, 200, 200, 200]], 4, axis=0), atol=30)
    assert images[1, 0, 0, 0] < 50 < 150 < images[1, 0, -1, 0]


def test_a_small_image_of_fine_lines_is_gray_not_black_or_white(read):
    lines = np.tile([0, 200], (64, 32))
    image = read(ImageReader(image_height=8, image_width=8, channels=1), [encoded(lines)])
    np.testing.assert_allclose(image[0, 2:-2, 2:-2], 100, atol=12)


def test_an_image_is_read_in_a_batch_as_alone(assert_read_alike):
    images = [encoded(RANDOM.integers(0, 256, (height, 20, 3))) for height in (20, 7, 33)]
    assert_read_alike(ImageReader(image_height=9, image_width=8), images, list(map(tf.constant, images)))


def test_a_line_is_as_wide_as_its_height_asks(read):
    shapes = (16, 30), (8, 5), (32, 64), (40, 1), (16, 1), (3, 2)
    lines = [encoded(RANDOM.integers(0, 256, shape)) for shape in shapes]
    columns = read(LineReader(image_height=16), lines)
    widths = (~np.isnan(columns[:, :, 0, 0])).sum(axis=1)
    assert columns.shape == (6, 32, 16, 1)
    assert widths.tolist() == [30, 10, 32, 1, 1, 11]


def test_a_line_is_read_in_a_batch_as_alone(assert_read_alike):
    lines = [encoded(RANDOM.integers(0, 256, (height, width))) for height, width in ((16, 40), (20, 7), (9, 80))]
    assert_read_alike(LineReader(image_height=16, max_width=90), lines, list(map(tf.constant, lines)))


def test_columns_come_first_from_left_to_right(read):
    pixels = RANDOM.integers(0, 256, (8, 5))
    columns = read(LineReader(image_height=8), [encoded(pixels)])
    np.testing.assert_array_equal(columns[0, :, :, 0], pixels.T)


def test_what_is_beyond_the_greatest_width_is_cut_off(read):
    pixels = RANDOM.integers(0, 256, (8, 50))
    columns = read(LineReader(image_height=8, max_width=12), [encoded(pixels), encoded(pixels[:, :5])])
    assert columns.shape == (2, 12, 8, 1)
    np.testing.assert_array_equal(columns[0, :, :, 0], pixels[:, :12].T)


@pytest.fixture(params=[ImageReader(image_height=4, image_width=6), LineReader(image_height=4)], ids=["image", "line"])
def reader(request):
    return request.param


def test_a_file_and_its_bytes_are_read_the_same(reader, read, tmp_path):
    content = encoded(RANDOM.integers(0, 256, (4, 6)))
    path = tmp_path / "image.png"
    path.write_bytes(content)
    for given in (str(path), path):
        np.testing.assert_array_equal(read(reader, [given]), read(reader, [content]))


def test_a_file_that_is_missing_is_refused(reader, tmp_path):
    for path in (tmp_path / "none.png", "~no such user/none.png", "nul\0.png"):
        with pytest.raises(DataError, match=r"cannot be read: .*\. Name a file that exists\."):
            reader.to_batch([path])
    with pytest.raises(DataError, match=r'but a file is expected\. .*: zoo\.predict_file\("RUN", input="DIR"\)\.'):
        reader.to_batch([tmp_path])


WHOLE = encoded(RANDOM.integers(0, 256, (20, 20, 3)))


@pytest.mark.parametrize("content", [b"", b"no image", WHOLE[:60], b"\x89PNG\r\n\x1a\n"], ids=len)
def test_a_file_that_is_not_an_image_is_refused(reader, content, tmp_path):
    with pytest.raises(
        DataError, match=f"of {len(content)} bytes cannot be read: it .* supported formats are .* BMP and WebP"
    ):
        reader.to_batch([WHOLE, content])
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.png' cannot be read: it "):
        reader.to_batch([path])


@pytest.mark.parametrize("mode", ["P", "1"])
def test_a_bmp_file_with_a_palette_of_colors_is_refused(reader, mode):
    content, _ = converted("BMP", mode, 8, 8)
    with pytest.raises(DataError, match="a BMP file with a palette of colors"):
        reader.to_batch([WHOLE, content])
    with pytest.raises(tf.errors.InvalidArgumentError, match="a BMP file with a palette of colors"):
        reader(tf.constant([content]))


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("PNG", "LA"), ("PNG", "P"), ("WEBP", "RGBA")])
def test_white_shows_through_a_transparent_image(reader, read, kind, mode):
    colors = RANDOM.integers(0, 256, (4, 6, 4)).astype("uint8")
    colors[0, :, 3], colors[1, :, 3] = 0, 255
    image = Image.fromarray(colors).convert(mode)
    file = io.BytesIO()
    further = {"transparency": image.getpixel((2, 2))} if mode == "P" else {}
    image.save(file, kind, **(further if kind == "PNG" else {"lossless": True, "exact": True}))
    image = Image.open(io.BytesIO(file.getvalue())).convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    assert np.asarray(white)[np.asarray(image)[..., 3] == 0].min() == 255
    np.testing.assert_allclose(read(reader, [file.getvalue()]), read(reader, [encoded(white)]), atol=1)


@pytest.mark.parametrize("item", [None, 3, np.zeros((4, 4))], ids=["None", "number", "array"])
def test_anything_but_a_file_or_its_content_is_refused(reader, item):
    with pytest.raises(DataError):
        reader.to_batch([item])


def test_readers_say_what_they_give():
    sizes = {"input": "image", "image_height": 4, "image_width": 6, "channels": 3}
    assert ImageReader(image_height=4, image_width=6).model_options() == sizes
    assert LineReader(image_height=4).model_options() == {"input": "image", "image_height": 4, "channels": 1}


def test_a_batch_is_read_in_the_graph(reader, read):
    images = [encoded(RANDOM.integers(0, 256, (5, width))) for width in (6, 9)]
    graph = tf.function(reader.__call__, input_signature=reader.signature())
    np.testing.assert_array_equal(graph(*reader.to_batch(images)), read(reader, images))


def with_orientation(pixels, kind, orientation):
    """Returns an image file whose EXIF data has an orientation."""
    image = Image.fromarray(np.asarray(pixels, "uint8"))
    exif = image.getexif()
    exif[0x010F], exif[0x0112] = "maker", orientation
    file = io.BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    image.save(file, kind, exif=exif.tobytes(), **options)
    return file.getvalue()


# Areas large enough that JPEG keeps their colors.
AREAS = np.kron(RANDOM.integers(0, 256, (3, 5, 3)), np.ones((16, 16, 1), "int64"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(10))
def test_an_image_is_turned_as_viewers_turn_it(kind, orientation, read):
    content = with_orientation(AREAS, kind, orientation)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"), "float32")
    line = read(LineReader(image_height=shown.shape[0], channels=3), [content])[0]
    np.testing.assert_allclose(line.transpose(1, 0, 2), shown, atol=8)
    assert image_size(content) == shown.shape[:2]
    height, width = shown.shape[:2]
    image = read(ImageReader(image_height=height, image_width=width), [content])[0]
    np.testing.assert_allclose(image, shown, atol=8)


def test_orientation_is_read_in_either_order_of_bytes_and_behind_other_segments(read):
    directory = b"\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + directory + b"\0\0\0\0"
    other = b"\xff\xe1\x00\x0chttp nothing"[:14]  # XMP data has the same mark.
    plain = encoded(AREAS, "JPEG")
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    turned = plain[:2] + other + b"\xff" + segment + plain[2:]
    assert image_size(plain) == (48, 80)
    assert image_size(turned) == (80, 48)
    assert image_size(plain + segment) == (48, 80)  # Behind the pixels it counts for nothing.


@pytest.mark.parametrize("cut", [*range(8, 40, 3)])
def test_damaged_exif_data_turns_nothing_and_breaks_nothing(cut):
    exif = (b"Exif\0\0MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" + b"\xff" * 20)[:cut]
    plain = encoded(AREAS, "JPEG")
    content = plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:]
    assert image_size(content) in ((48, 80), (80, 48))


def test_the_search_for_orientation_is_limited(monkeypatch):
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    plain = encoded(AREAS, "JPEG")
    padded = plain[:2] + b"\xff" * 40 + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:]
    assert orientation._orientation(orientation._exif(padded)) == 6
    monkeypatch.setattr(orientation, "_MAX_CHUNKS", 30)
    assert orientation._orientation(orientation._exif(padded)) == 1


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("frames", [1, 30])
@pytest.mark.parametrize("kind", ["WEBP", "GIF"])
def test_the_first_frame_of_an_animation_is_read(kind, frames, alpha, read):
    """TensorFlow wrote beyond the end of its memory for opaque WebP animations, which ended the process."""
    several = RANDOM.integers(0, 256, (frames, 20, 30, 4)).astype("uint8")
    several[..., 3] = 255
    if alpha:
        several[:, :5, :, 3] = 0
    images = [Image.fromarray(one if kind == "WEBP" and alpha else one[..., :3]) for one in several]
    file = io.BytesIO()
    lossless = {"lossless": True} if kind == "WEBP" else {}
    images[0].save(file, kind, save_all=True, append_images=images[1:], **lossless)
    first = Image.open(io.BytesIO(file.getvalue())).convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", first.size, "white"), first).convert("RGB")
    image = read(ImageReader(image_height=20, image_width=30), [file.getvalue()])
    np.testing.assert_allclose(image[0], np.asarray(white, "float32"), atol=1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><html>not found</html>", "it is an HTML or XML file"),
        (b"II*\0" + bytes(40), "it is a TIFF file"),
        (bytes(4) + b"ftypavif" + bytes(30), "it is an AVIF file"),
        (b"RIFF\x50\0\0\0WEBPVP8 " + bytes(40), "it is truncated or damaged"),
        (b"RIFF\x50\0\0\0WEBPVP8X\x0a\0\0\0\x02" + bytes(40), "it is truncated or damaged"),
        (encoded(AREAS, "JPEG")[:200], "it is truncated or damaged"),
        (b"some other text", "it does not begin like an image"),
    ],
)
def test_a_file_that_cannot_be_opened_is_described(content, told):
    assert image_fault(content).startswith(told)


def test_images_of_16_bits_are_read(read):
    shades = np.arange(0, 65536, 256, "uint16").reshape(16, 16)
    file = io.BytesIO()
    Image.fromarray(shades).save(file, "PNG")
    image = read(ImageReader(image_height=16, image_width=16, channels=1), [file.getvalue()])
    np.testing.assert_array_equal(image[0, :, :, 0], np.arange(256).reshape(16, 16))


def test_exports_may_have_every_op_that_reads_an_image(reader):
    graph = (
        tf.function(reader.__call__, input_signature=reader.signature()).get_concrete_function().graph.as_graph_def()
    )
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    names = {function.signature.name for function in graph.library.function}
    assert {node.op for node in nodes if not may_run(node.op) and node.op not in names} == set()
