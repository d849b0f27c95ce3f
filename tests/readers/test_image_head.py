import io
import struct
import zlib

import pytest
import tensorflow as tf
from PIL import Image

from keras_rnn_zoo.batching.preparation import _translate_example_errors
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers._image_header import MAX_PIXELS, _sizes, size_fault
from keras_rnn_zoo.readers._pixels import _has_no_color_palette
from keras_rnn_zoo.readers.image import ImageReader
from keras_rnn_zoo.user_data.formats.images import ImageFolder


def image(kind, size=(30, 20), mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind, **options)
    return file.getvalue()


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width, height):
    """Returns a PNG file of any size, the beginning of whose pixels is there."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def with_size(content, place, form, width=40_000, height=30_000):
    return content[:place] + struct.pack(form, width, height) + content[place + struct.calcsize(form) :]


def gif(frames, width, height):
    """Returns a GIF file of frames without pixels, on a screen of one."""
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, width, height) + b"\0\x02\x01\x44\0"
    return (
        b"GIF89a"
        + struct.pack("<HH", 1, 1)
        + b"\x80\0\0"
        + bytes(6)
        + b"\x21\xf9\x04\0\0\0\0\0"
        + frame * frames
        + b";"
    )


KINDS = [("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("GIF", {}), ("BMP", {}), ("WEBP", {})]
KINDS += [
    ("WEBP", {"lossless": True}),
    ("JPEG", {"comment": b"\xff\xc0" * 40}),
    ("JPEG", {"exif": b"Exif\0\0" + bytes(90)}),
]


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_the_size_is_read_from_the_head(kind, options):
    content = image(kind, **options)
    assert {(30, 20)} == set(_sizes(content))
    assert size_fault(content) == ""
    for end in range(len(content)):  # However it is cut short, that is told when it is decoded.
        assert size_fault(content[:end]) == ""


LARGE = {
    "PNG": png(2**31 - 1, 2**31 - 1),
    "PNG of few bytes": png(9000, 9000),
    "JPEG": with_size(image("JPEG"), image("JPEG").index(b"\xff\xc0") + 5, ">HH"),
    "JPEG with padding": b"\xff\xd8\xff" + with_size(image("JPEG"), image("JPEG").index(b"\xff\xc0") + 5, ">HH")[2:],
    "JPEG with two frames": image("JPEG")[:2] + b"\xff\xc2\0\x0b\x08\xff\xff\xff\xff\x01\x11\0\0" + image("JPEG")[2:],
    "GIF": with_size(image("GIF"), 6, "<HH"),
    "GIF of a large frame": gif(1, 40_000, 30_000),
    "GIF of many frames": gif(300, 1000, 1000),
    "BMP": with_size(image("BMP"), 18, "<ii"),
    "BMP from top to bottom": with_size(image("BMP"), 18, "<ii", 40_000, -30_000),
    "WebP": with_size(image("WEBP"), 26, "<HH", 16_000, 16_000),
}


@pytest.mark.parametrize("name", LARGE)
def test_an_image_that_claims_too_many_pixels_is_refused_before_it_is_decoded(name):
    assert "pixels, but at most" in size_fault(LARGE[name])


def test_many_small_frames_are_no_fault():
    assert size_fault(gif(300, 100, 100)) == ""
    assert size_fault(png(8192, 8192)) == ""
    assert MAX_PIXELS == 8192**2


@pytest.mark.parametrize(
    "content", [b"", b"BM", b"\xff\xd8", b"\xff\xd8" + b"\xff" * 1000, b"GIF89a", b"RIFF1234WEBPVP8X"]
)
def test_truncated_images_are_left_to_the_decoder(content):
    assert size_fault(content) == ""


def test_predictions_training_and_datasets_refuse_it(tmp_path):
    import tensorflow as tf

    large = LARGE["PNG of few bytes"]
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.png").write_bytes(large)
    with pytest.raises(DataError, match=r"image of \d+ bytes cannot be read: it has 81,000,000 pixels"):
        ImageReader().to_batch([large])
    with pytest.raises(DataError, match=r"1\.png' cannot be read: it has 81,000,000 pixels"):
        ImageReader().to_batch([tmp_path / "a" / "1.png"])
    files = ImageFolder(str(tmp_path), ("classification",), {}, "")
    assert "it has 81,000,000 pixels" in files.check(next(iter(files.rows())))
    data = tf.data.Dataset.from_tensors(large).map(lambda raw: ImageReader().add_batch_axis(raw))
    message = r"cannot be used: the input `image` cannot be read: .*has 81,000,000 pixels"
    with pytest.raises(DataError, match=message), _translate_example_errors():
        list(data)
    small = image("PNG")
    ((batch,),) = tf.data.Dataset.from_tensors(small).map(lambda raw: ImageReader().add_batch_axis(raw))
    assert batch.numpy().tolist() == [small]


def test_a_size_counts_although_the_file_is_damaged_behind_it():
    assert size_fault(gif(1, 40_000, 30_000)[:-3]).startswith("it has 1,200,000,000 pixels")
    assert size_fault(b"\xff\xd8\xff\xc0\0\x0b\x08\x75\x30\x75\x30\x01\xff\xc1").startswith("it has 900,000,000 pixels")


def test_the_number_of_scans_of_a_jpeg_file_is_limited():
    """Decoding goes over all pixels once for each, and one takes a few bytes of the file."""
    content = image("JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    assert size_fault(content) == ""
    assert size_fault(content[:last] + content[last:-2] * 80 + b"\xff\xd9") == ""
    many = content[:last] + content[last:-2] * 200 + b"\xff\xd9"
    assert size_fault(many).startswith("it has 20")
    assert "scans, but at most 100 are supported" in size_fault(many)
    assert size_fault(image("JPEG", comment=b"\xff\xda" * 500) + b"\xff\xda\0\2" * 500) == ""


def test_an_image_of_a_dataset_is_measured_inside_and_outside_a_graph():
    reader = ImageReader(image_height=8, image_width=8)
    content = tf.constant(png(40_000, 30_000))
    for read in (reader.add_batch_axis, tf.function(reader.add_batch_axis)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="it has 1,200,000,000 pixels"):
            read(content)


@pytest.mark.parametrize(("reserved", "first"), [(0, 0), (1, 0), (0, 99)])
def test_a_gray_palette_is_one_whatever_its_reserved_bytes(reserved, first):
    """Pillow before 10.1 repeats the gray value in them."""
    content = image("BMP", mode="L")
    palette = bytes(value for gray in range(256) for value in (gray or first, gray, gray, gray * reserved))
    assert bool(_has_no_color_palette(content[:54] + palette + content[54 + len(palette) :])) == (first == 0)
