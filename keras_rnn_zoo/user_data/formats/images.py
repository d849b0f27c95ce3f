"""A folder of images."""

from collections.abc import Mapping
from typing import Any, ClassVar

from keras_rnn_zoo import registry
from keras_rnn_zoo.readers._pixels import fault_of_image
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.folders import Folder
from keras_rnn_zoo.user_data.rows import Row

ENDINGS = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".webp")


class ImageFolder(Folder):
    """Images: a folder a class; with `captions.csv` or a Flickr token file; or with their text in the file name."""

    input = "image"
    endings = ENDINGS
    tables: ClassVar = {"captioning": "captions.csv", "transcription": "labels.csv", "classification": "labels.csv"}
    token_files = "*.token.txt"

    def load(self, row: Row) -> bytes:
        return (self.folder / row.raw).read_bytes()

    def check(self, row: Row) -> str:
        try:
            content = self.load(row)
        except OSError as error:
            return f"the file cannot be read: {error.strerror}"
        fault = fault_of_image(content)
        return f"the image {row.raw!r} of {len(content):,} bytes will not open: {fault}" if fault else ""

    def defaults(self) -> dict[str, Any]:
        rows = self.count_at_most(100_000)
        defaults: dict[str, Any] = {}
        if self.task == "transcription" and rows < 5000:
            # Few lines are read many times before a network can tell their letters.
            defaults = {"epochs": 150, "patience": 30, "batch_size": 16, "distortion": 0.1}
        return defaults


@registry.file_format(
    "images", tasks=("classification", "captioning", "transcription"), address="images:DIR", endings=()
)
def images(place: str, tasks: tuple[str, ...], options: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """A folder of images: a folder a class, with captions.csv or labels.csv, or with their text as file name."""
    return dataset_from_files("images", ImageFolder, place, tasks, options, known)
