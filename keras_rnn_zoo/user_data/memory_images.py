"""Images in a table in memory."""

import hashlib
from collections.abc import Sequence
from typing import Any

from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.readers._pixels import image_fault
from keras_rnn_zoo.user_data.folders import FEW_FILES
from keras_rnn_zoo.user_data.memory_table import MemoryTable
from keras_rnn_zoo.user_data.rows import BadRow, Row, first
from keras_rnn_zoo.user_data.textfile import check_text
from keras_rnn_zoo.user_data.typed_values import is_missing, text_of

MODES = ("L", "LA", "RGB", "RGBA")
"""The modes of Pillow's images whose pixels are read as they are; others are converted to RGB."""
MAX_KEPT_SIZE = 128
"""Maximum height and width in pixels up to which images of one size are read at that size by default."""


class MemoryImages(MemoryTable):
    """Images: pixels, uint8 `(height, width[, channels])`, the content of image files, or Pillow's images.

    Pixels become PNG files, which keep them unchanged, so that all images are read in one way.
    """

    input = "image"
    chunk = 16

    def row_of(self, where: str, record: Sequence[Any]) -> Row | BadRow:
        image, target = (*record, "")[:2]
        column = self._read[0]
        if is_missing(image):
            return BadRow(where, column, "", "the image is missing")
        if not isinstance(image, bytes):
            pixels = _pixels(image)
            if pixels is None:
                kind = type(image).__name__
                return BadRow(where, column, "", f"pixels or an image file are expected; received the type {kind}")
            if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (1,), (3,), (4,)):
                shown = f"{pixels.dtype} {pixels.shape}"
                return BadRow(where, column, "", f"uint8 (height, width[, 1, 3 or 4]) is expected; received {shown}")
            if not pixels.size:
                return BadRow(where, column, "", "the image has no pixels")
        several = self.task_files.references and isinstance(target, list | tuple | np.ndarray)
        texts = [text_of(text, self.encoding) for text in (target if several else [target])]
        for text in texts:
            if text is None:
                return BadRow(where, self._read[1], target, "a text or a number is expected")
            if bad := check_text(text, where, self._read[1], self.encoding):
                return bad
            if self.task_files.references and not text.strip():
                return BadRow(where, self._read[1], "", f"the {self.task_files.target} is empty")
        return Row(where, image, texts if self.task_files.references else texts[0])

    def load(self, row: Row) -> bytes:
        if isinstance(row.raw, bytes):
            return row.raw
        pixels = _pixels(row.raw)
        return bytes(tf.io.encode_png(pixels if pixels.ndim == 3 else pixels[..., None]).numpy())

    def check(self, row: Row) -> str:
        if not isinstance(row.raw, bytes):
            return ""
        fault = image_fault(row.raw)
        return f"the image of {len(row.raw):,} bytes cannot be opened: {fault}" if fault else ""

    def key(self, row: Row) -> bytes:
        if isinstance(row.raw, bytes):
            return row.raw
        pixels = _pixels(row.raw)
        return f"{pixels.shape}".encode() + np.ascontiguousarray(pixels).tobytes()

    def _parts(self, row: Row) -> tuple[Any, Any]:
        return hashlib.sha256(self.key(row)).hexdigest(), row.target

    def defaults(self) -> dict[str, Any]:
        defaults = dict(self.task_files.few_files.get(self.input, {})) if self.count() < FEW_FILES else {}
        rows = first((row for row in self.rows() if isinstance(row, Row)), 20)
        shapes = {_pixels(row.raw).shape for row in rows if not isinstance(row.raw, bytes)}
        if self.task != "classification" or len(shapes) != 1:
            return defaults
        height, width, *channels = shapes.pop()
        sized = {"image_height": height, "image_width": width, "channels": 1 if channels in ([], [1]) else 3}
        return {**defaults, **sized} if max(height, width) <= MAX_KEPT_SIZE else defaults


def _pixels(image: Any) -> Any:
    """Returns the pixels of an image as an array, or `None` if it is not an image."""
    if type(image).__module__.partition(".")[0] == "PIL":
        return np.asarray(image if image.mode in MODES else image.convert("RGB"))
    if isinstance(image, list | tuple):
        try:
            return np.asarray(image, "uint8")
        except (TypeError, ValueError, OverflowError):
            return None
    return image if isinstance(image, np.ndarray) else None
