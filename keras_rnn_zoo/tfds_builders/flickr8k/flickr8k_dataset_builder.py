"""The TFDS builder of Flickr8k."""

from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow_datasets as tfds
from etils import epath

_IMAGE_FOLDERS = ("Flicker8k_Dataset", "Flickr8k_Dataset")  # The first one is the archive's spelling.
_CAPTIONS = "Flickr8k.token.txt"
_LISTS = {
    "train": "Flickr_8k.trainImages.txt",
    "validation": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}


class Builder(tfds.core.GeneratorBasedBuilder):
    """Photographs with five captions each, in the official splits."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "The images that the three lists name."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Get Flickr8k from http://hockenmaier.cs.illinois.edu/Framing_Image_Description/KCCA.html and unpack "
        "Flickr8k_Dataset.zip and Flickr8k_text.zip into one folder. It then holds the folder Flicker8k_Dataset and "
        f"the files {_CAPTIONS}, {', '.join(_LISTS.values())}."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(encoding_format="jpeg"),
                    "captions": tfds.features.Sequence(tfds.features.Text()),
                    "filename": tfds.features.Text(),
                }
            ),
            homepage="http://hockenmaier.cs.illinois.edu/Framing_Image_Description/KCCA.html",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        folder = dl_manager.manual_dir
        images = next((folder / name for name in _IMAGE_FOLDERS if (folder / name).exists()), None)
        if images is None:
            raise FileNotFoundError(f"{folder} has no folder {_IMAGE_FOLDERS[0]} with the images.")
        captions = _read_captions(_existing(folder / _CAPTIONS))
        splits = {}
        # Check everything before anything is written, so that a fault in the last list is reported early.
        for split, list_name in _LISTS.items():
            names = _existing(folder / list_name).read_text(encoding="utf-8").split()
            for name in names:
                _existing(images / name)
                if name not in captions:
                    raise ValueError(f"{folder / _CAPTIONS} has no caption for {name}, which is listed in {list_name}.")
            splits[split] = self._generate_examples(images, {name: captions[name] for name in names})
        return splits

    def _generate_examples(self, images: epath.Path, captions: dict[str, list[str]]) -> Iterator[tuple[str, Any]]:
        for name, texts in captions.items():
            yield name, {"image": images / name, "captions": texts, "filename": name}


def _existing(path: epath.Path) -> epath.Path:
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing.")
    return path


def _read_captions(path: epath.Path) -> dict[str, list[str]]:
    """Returns the captions of each image, in order, from lines such as `name.jpg#0<tab>A dog runs .`."""
    numbered: dict[str, dict[int, str]] = {}
    for line_number, line in enumerate(path.read_text(encoding="utf-8").rstrip("\n").split("\n"), 1):
        key, tab, caption = line.partition("\t")
        name, _, index = key.rpartition("#")
        if not (name and index.isdigit() and tab):
            raise ValueError(
                f"{path}, line {line_number}: expected name.jpg#0, a tab and a caption; received {line[:80]!r}."
            )
        numbered.setdefault(name, {})[int(index)] = caption.strip()
    return {name: [texts[index] for index in sorted(texts)] for name, texts in numbered.items()}
