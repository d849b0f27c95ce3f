"""The format `hf`: a folder that `datasets.save_to_disk` wrote. It consists of Arrow files and JSON."""

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.arrow_rows import columns_of
from keras_rnn_zoo.user_data.columnar import COLUMNAR_TASKS
from keras_rnn_zoo.user_data.columnar_inputs import columnar_inputs
from keras_rnn_zoo.user_data.formats.arrow import ArrowFile, ArrowTable
from keras_rnn_zoo.user_data.hub_features import converter
from keras_rnn_zoo.user_data.rows import existing_file, existing_folder
from keras_rnn_zoo.user_data.split_folders import name_of_split
from keras_rnn_zoo.user_data.step_inputs import text_steps
from keras_rnn_zoo.user_data.tables import table_dataset

SPLITS, STATE, INFO = "dataset_dict.json", "state.json", "dataset_info.json"
"""The files with the names of the splits, with the names of a split's Arrow files, and with its features."""
MAX_JSON = 2**24
"""Maximum size of these files in bytes."""


class HubDataset(ArrowTable):
    """A `datasets.Dataset` on disk. Names of classes replace their indices."""

    @classmethod
    def divided(cls, location: str) -> dict[str, str]:
        folder = existing_folder(location)
        if not (folder / SPLITS).is_file():
            return {}
        names = _document(folder / SPLITS).get("splits")
        if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
            raise DataError(f"{folder / SPLITS} names no splits. Save the dataset again with save_to_disk.")
        found: dict[str, str] = {}
        for name in names:
            if Path(name).name != name:
                raise DataError(f"{folder / SPLITS}: the split {name!r} is not the name of a folder.")
            found.setdefault(name_of_split(name), str(folder / name))
        found.pop("", None)
        if "train" not in found:
            places = ", ".join(f"hf:{folder / name}" for name in names)
            raise DataError(f"{folder} has no split 'train'. Name the split to train on: {places}.")
        return found

    def open(self, location: str) -> Mapping[str, tuple[str, ...]]:
        self.folder = existing_folder(location)
        if (self.folder / SPLITS).is_file():  # To predict, a split is named by its folder.
            names = _document(self.folder / SPLITS).get("splits") or []
            places = ", ".join(f"hf:{self.folder / str(name)}" for name in names)
            raise DataError(f"{self.folder} has several splits. Name one: {places}.")
        if not (self.folder / STATE).is_file():
            raise DataError(
                f"{self.folder} is not a folder that save_to_disk wrote: it has no {STATE}. Name the folder that was "
                "passed to save_to_disk."
            )
        self.files = [ArrowFile(existing_file(str(path))) for path in self._data_files()]
        self.schema = self.files[0].schema
        for file in self.files:
            if file.schema.names != self.schema.names:
                raise DataError(
                    f"{file.path} has the columns {', '.join(file.schema.names)}, but {self.files[0].path} has "
                    f"{', '.join(self.schema.names)}. Save the dataset again with save_to_disk."
                )
        self._changes = self._converters()
        return columns_of(self.schema, self.folder)

    def _data_files(self) -> list[Path]:
        listed = _document(self.folder / STATE).get("_data_files")
        files = listed if isinstance(listed, list) else []
        names: list[Any] = [file.get("filename") for file in files if isinstance(file, dict)]
        if not names:
            raise DataError(f"{self.folder / STATE} names no Arrow files. Save the dataset again with save_to_disk.")
        for name in names:
            if not isinstance(name, str) or Path(name).name != name:
                raise DataError(f"{self.folder / STATE}: {str(name)[:60]!r} is not the name of a file in the folder.")
        return [self.folder / name for name in names]

    def _converters(self) -> dict[str, Callable[[Any], Any]]:
        """Returns the functions that convert the values of columns, such as those with the indices of classes."""
        path = self.folder / INFO
        features = _document(path).get("features") if path.is_file() else None
        found = {}
        for column, feature in features.items() if isinstance(features, dict) else ():
            try:
                change = converter(feature)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path}, column {column!r}: {str(error).partition(':')[0]}.") from None
            if change:
                found[column] = change
        return found

    def named(self) -> list[Path]:
        return [self.folder]

    def read_group(self, group: int, columns: Sequence[str], skip: int) -> Iterator[Sequence[Sequence[Any]]]:
        for batch in super().read_group(group, columns, skip):
            yield [
                list(map(self._changes[name], values)) if name in self._changes else values
                for name, values in zip(columns, batch, strict=True)
            ]


def _document(path: Path) -> dict[str, Any]:
    """Returns the object in a JSON file; raises `DataError` if it is not valid."""
    existing_file(str(path))
    try:
        if path.stat().st_size > MAX_JSON:
            raise ValueError(f"it has more than {MAX_JSON // 2**20} MiB")
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        reason = str(error).partition(":")[0]
        raise DataError(f"{path} is damaged: {reason}. Save the dataset again with save_to_disk.") from None
    if not isinstance(document, dict):
        raise DataError(f"{path} is damaged: it contains no object. Save the dataset again with save_to_disk.")
    return document


@registry.file_format(
    "hf",
    order=3.3,
    tasks=COLUMNAR_TASKS,
    address="hf:DIR",
    folder=True,
    inputs=("text", "window"),
    column_names="table",
    predict=functools.partial(columnar_inputs, HubDataset),
    predict_steps=functools.partial(text_steps, HubDataset),
)
def hf(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A folder that `save_to_disk` of Hugging Face `datasets` wrote, with its splits; needs the extra `parquet`."""
    return table_dataset("hf", HubDataset, location, tasks, options, config)
