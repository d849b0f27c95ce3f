"""The TFDS builder of small_parallel_enja."""

from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow_datasets as tfds
from etils import epath

_COMMIT = "312408a11c5fbcbc09443bebb18121f7efdcd61e"
_URL = f"https://raw.githubusercontent.com/odashi/small_parallel_enja/{_COMMIT}"
_LANGUAGES = ("en", "ja")
_STEMS = {"train": "train", "validation": "dev", "test": "test"}


class Builder(tfds.core.GeneratorBasedBuilder):
    """Short Japanese sentences and their English translations, tokenized with single spaces."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": f"The files of commit {_COMMIT}."}

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.Translation(languages=_LANGUAGES),
            supervised_keys=("ja", "en"),
            homepage="https://github.com/odashi/small_parallel_enja",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        names = [f"{stem}.{language}" for stem in _STEMS.values() for language in _LANGUAGES]
        files = dl_manager.download({name: f"{_URL}/{name}" for name in names})
        return {
            split: self._generate_examples({language: files[f"{stem}.{language}"] for language in _LANGUAGES})
            for split, stem in _STEMS.items()
        }

    def _generate_examples(self, files: dict[str, epath.Path]) -> Iterator[tuple[int, dict[str, str]]]:
        # Split at "\n" only: `splitlines` would also split at other Unicode separators.
        texts = [files[language].read_text(encoding="utf-8").rstrip("\n").split("\n") for language in _LANGUAGES]
        for index, sentences in enumerate(zip(*texts, strict=True)):
            yield index, dict(zip(_LANGUAGES, sentences, strict=True))
