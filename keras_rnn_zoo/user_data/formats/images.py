"""The format `images`: a folder of images."""

import functools
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.readers._pixels import image_fault
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.folders import Folder, folder_inputs
from keras_rnn_zoo.user_data.rows import Row

ENDINGS = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".webp")


class ImageFolder(Folder):
    """Images: in a folder per class, with `captions.csv` or a Flickr8k token file, or with their text as file name."""

    input = "image"
    endings = ENDINGS
    chunk = 16
    token_files = "*.token.txt"

    def load(self, row: Row) -> bytes:
        return bytes((self.folder / row.raw).read_bytes())

    def check(self, row: Row) -> str:
        try:
            content = self.load(row)
        except OSError as error:
            return f"the file cannot be read: {error.strerror}"
        fault = image_fault(content)
        return f"the image {row.raw!r} of {len(content):,} bytes cannot be opened: {fault}" if fault else ""


@registry.file_format(
    "images",
    order=6,
    tasks=("classification", "captioning", "transcription"),
    address="images:DIR",
    folder=True,
    inputs=("image",),
    predict=functools.partial(folder_inputs, ImageFolder),
)
def images(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A folder of images: a folder per class, with captions.csv or labels.csv, or with their text as file name."""
    return dataset_from_files("images", ImageFolder, location, tasks, options, config)
