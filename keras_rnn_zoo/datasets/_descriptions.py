"""The files that describe a prepared data set, read without importing or opening anything that they name.

TFDS restores a data set from `dataset_info.json`, `features.json` and a file of names for each class label. Left to
itself, it imports the module of any class that `features.json` names and opens any path that a split or a label names.
So the files are parsed here, once, and checked against what the zoo can use; TFDS gets the checked description and does
not read the files again.
"""

import functools
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import tfds

_CONTENTS = {
    "features_dict.FeaturesDict": "features_dict",
    "text_feature.Text": "text",
    "class_label_feature.ClassLabel": "class_label",
    "tensor_feature.Tensor": "tensor",
    "feature.Tensor": "tensor",  # Its name in files of older versions.
    "scalar.Scalar": "tensor",
    "image_feature.Image": "image",
    "labeled_image.LabeledImage": "image",
    "audio_feature.Audio": "audio",
    "video_feature.Video": "video",
    "bounding_boxes.BBoxFeature": "bounding_box",
    "sequence_feature.Sequence": "sequence",
    "dataset_feature.Dataset": "sequence",
    "translation_feature.Translation": "translation",
    "translation_feature.TranslationVariableLanguages": "translation",
}
"""The classes of features that may be named, in `tensorflow_datasets.core.features`, and the field each is told in."""

_CLASSES = {f"tensorflow_datasets.core.features.{name}": field for name, field in _CONTENTS.items()}
_TOP_LEVEL = ("features_dict", "translation")
_DTYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 float32 float64 complex64 complex128 "
    "string str bytes object".split()
)
_TEMPLATE = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
_MOST_BYTES = 16 * 2**20
"""The largest file of a description that is read."""
_MOST_CLASSES = 1_000_000
_MOST_NUMBERS = 2**28
"""The most numbers that a feature's shape may ask for."""
_MOST_DEFAULTS = 2**20
"""The most numbers of a feature that may be missing: TFDS makes its default value in full."""


def half_written(path: Path, fault: str) -> DataError:
    """Returns the error for a file of a prepared data set that is not what TFDS writes."""
    return DataError(
        f"The prepared data set is damaged or half-written: {path}: {fault}. Delete the folder {path.parent} and run "
        "the command again to download it anew, or copy it again from where it came."
    )


def read_description(folder: Path) -> Any:
    """Returns the checked description of a prepared data set.

    Args:
        folder: the folder of its version.

    Returns:
        TFDS's message `DatasetInfo` with the name, version, config, splits and features, and nothing else of the files.

    Raises:
        DataError: a file is missing, damaged or too large, or names what is not TFDS's own.
    """
    info = _parsed(folder / "dataset_info.json", "DatasetInfo")
    if fault := _info_fault(info):
        raise half_written(folder / "dataset_info.json", fault)
    features = _parsed(folder / "features.json", "Feature")
    if fault := _top_fault(features) or _feature_fault(features, 1):
        raise half_written(folder / "features.json", fault)
    checked = type(info)(
        name=info.name,
        version=info.version,
        config_name=info.config_name,
        file_format="tfrecord",
        disable_shuffling=info.disable_shuffling,
        is_blocked=info.is_blocked,
        features=features,
    )
    for split in info.splits:
        checked.splits.add(name=split.name, shard_lengths=split.shard_lengths, num_bytes=split.num_bytes)
    return checked


def _parsed(path: Path, message: str) -> Any:
    """Returns a JSON file as one of TFDS's protobuf messages: every spelling of a field ends in the same place."""
    from google.protobuf import json_format
    from tensorflow_datasets.core.proto import dataset_info_pb2, feature_pb2

    made = dataset_info_pb2.DatasetInfo() if message == "DatasetInfo" else feature_pb2.Feature()
    try:
        # A newer TFDS may tell more of a data set; of features, everything matters.
        return json_format.Parse(_text(path), made, ignore_unknown_fields=message == "DatasetInfo")
    except (json_format.ParseError, ValueError, RecursionError, OverflowError, TypeError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        reason = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in reason)
        raise half_written(path, f"it cannot be read ({reason})") from None


def _text(path: Path) -> str:
    """Returns the text of a file of a description, which must be a regular file of the data set's own folder."""
    try:
        if path.is_symlink() and path.resolve().parent != path.parent.resolve():
            raise half_written(path, "it is a symbolic link out of its folder, where a file is expected")
        # Opening a pipe would wait for whoever writes to it.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise half_written(path, "it is not a regular file")
            content = file.read(_MOST_BYTES + 1)
    except (OSError, RuntimeError) as error:  # A RuntimeError tells of links that lead in a circle.
        raise half_written(path, f"it cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(content) > _MOST_BYTES:
        raise half_written(path, f"it is larger than {_MOST_BYTES:,} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise half_written(path, f"it cannot be read ({error})") from None


def _info_fault(info: Any) -> str:
    """Returns what in `dataset_info.json` does not fit, or ""; names become parts of the names of files."""
    if not re.fullmatch(r"\w+", info.name, re.ASCII):
        return f"it cannot be read: the name of a data set is expected, received {info.name[:60]!r}"
    if not re.fullmatch(r"\d{1,9}\.\d{1,9}\.\d{1,9}", info.version, re.ASCII):
        return f"a version such as 1.0.0 is expected, received {info.version[:60]!r}"
    if not re.fullmatch(r"[\w.+-]*", info.config_name):
        return f"it names the config {info.config_name[:60]!r}, which is no name of a folder"
    if info.file_format not in ("", "tfrecord"):
        return f"its files are of the format {info.file_format[:60]!r}; tfrecord is read"
    seen = set()
    for split in info.splits:
        if not re.fullmatch(r"\w[\w.+-]*", split.name) or split.name in seen:
            return f"the name of a split is expected, each once; received {split.name[:60]!r}"
        if split.filepath_template not in ("", _TEMPLATE):
            return f"the split {split.name!r} names its files {split.filepath_template[:60]!r}; {_TEMPLATE} is read"
        if split.num_bytes < 0 or any(length < 0 for length in split.shard_lengths):
            return f"the split {split.name!r} has a size below zero"
        seen.add(split.name)
    return ""


def _top_fault(feature: Any) -> str:
    if feature.python_class_name in _CLASSES and feature.WhichOneof("content") not in _TOP_LEVEL:
        return "a dictionary of features is expected"
    return ""


def _feature_fault(feature: Any, times: int) -> str:
    """Returns what of a feature, or of one in it, is not as the zoo reads it, or "".

    Args:
        feature: the message.
        times: how often it comes in the sequences of fixed length around it.
    """
    name, field = feature.python_class_name, feature.WhichOneof("content")
    if not name:
        return "a feature names no class"
    if name not in _CLASSES:
        return f"it names the class {name[:100]!r}, which is none of TFDS's features that the zoo reads"
    if field != _CLASSES[name]:
        return f"a feature of the class {name!r} is told as {field or 'nothing'}, where {_CLASSES[name]} is expected"
    content = getattr(feature, field)
    if field == "features_dict":
        return next(filter(None, (_feature_fault(inner, times) for inner in content.features.values())), "")
    if field == "sequence":
        if content.length < -1:
            return f"a sequence has the length {content.length}"
        return _feature_fault(content.feature, times * max(content.length, 1))
    if field == "class_label" and not 0 <= content.num_classes <= _MOST_CLASSES:
        return f"a label has {content.num_classes:,} classes; up to {_MOST_CLASSES:,} are read"
    if field == "audio" and content.lazy_decode:
        return "its recordings are stored in a compressed format (lazy_decode), which other programs would decode"
    if field == "video":
        del content.ffmpeg_extra_args[:]
    return _array_fault(content, times) if field in ("tensor", "image", "audio", "video") else ""


def _array_fault(content: Any, times: int) -> str:
    if content.dtype not in _DTYPES:
        return f"a feature has the type {content.dtype[:60]!r}; {', '.join(sorted(_DTYPES))} are read"
    # TensorFlow would unpack a record of it to any number of bytes.
    if getattr(content, "encoding", "").casefold() == "zlib":
        return "a feature's values are compressed by zlib, which are not read"
    numbers = times
    for size in content.shape.dimensions:
        if size < -1:
            return f"a feature has a dimension of {size}"
        numbers *= max(size, 1)
    most = _MOST_DEFAULTS if getattr(content, "optional", False) else _MOST_NUMBERS
    return f"a feature has {numbers:,} numbers an example; up to {most:,} are read" if numbers > most else ""


@functools.cache
def _builder_class() -> Any:
    from tensorflow_datasets.core import dataset_info, read_only_builder

    class CheckedInfo(dataset_info.DatasetInfo):
        """What `read_description` returned."""

        def read_from_directory(self, dataset_info_dir: Any) -> None:
            """Reads nothing: what was checked is all there is."""

        def initialize_from_bucket(self) -> None:
            """Asks no network for more."""

    class CheckedBuilder(read_only_builder.ReadOnlyBuilder, skip_registration=True):  # type: ignore[call-arg]
        """A builder of a prepared data set that knows it from a checked description alone."""

        def _info(self) -> Any:
            return CheckedInfo.from_proto(self, self._info_proto)

    return CheckedBuilder


def described_builder(folder: Path, description: Any) -> Any:
    """Returns the TFDS builder of a prepared data set.

    Args:
        folder: the folder of its version.
        description: what `read_description` returned of it.

    Raises:
        DataError: a file with the names of a label's classes is damaged.
    """
    builder = _builder_class()(builder_dir=os.fspath(folder), info_proto=description)
    total = 0
    for label, name in _labels(builder.info.features, None):
        path = folder / f"{name}.labels.txt"
        if not os.path.lexists(path):
            continue
        names = [line.strip() for line in _text(path).split("\n") if line.strip()]
        total += len(names)
        if total > _MOST_CLASSES:  # Many labels may have their names in the same file.
            raise half_written(path, f"with it, labels have more than {_MOST_CLASSES:,} classes")
        try:
            label.names = names
        except ValueError as error:
            raise half_written(path, str(error).strip().rstrip(".")) from None
    return builder


def _labels(feature: Any, name: str | None) -> Iterator[tuple[Any, str | None]]:
    """Gives the labels in a feature, each with what TFDS calls it in the name of its file."""
    from tensorflow_datasets.core.features.feature import convert_feature_name_to_filename

    if isinstance(feature, tfds.features.FeaturesDict):
        for child, inner in feature.items():
            yield from _labels(inner, convert_feature_name_to_filename(child, name))
    elif isinstance(feature, tfds.features.Sequence):
        yield from _labels(feature.feature, name)
    elif isinstance(feature, tfds.features.ClassLabel):
        yield feature, name
