"""Reads the files that describe a prepared dataset, without importing or opening anything they name.

TFDS restores a dataset from `dataset_info.json`, `features.json` and a file of class names per label. By itself, it
would import the module of any class named in `features.json` and open any path named by a split or a label. So the
files are parsed here, once, and checked; TFDS gets the checked description and does not read the files again.
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
from keras_rnn_zoo.platforms import flags

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
"""Allowed feature classes in `tensorflow_datasets.core.features`, and the field that describes each in the message."""

_CLASSES = {f"tensorflow_datasets.core.features.{name}": field for name, field in _CONTENTS.items()}
_TOP_LEVEL = ("features_dict", "translation")
_DTYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 float32 float64 complex64 complex128 "
    "string str bytes object".split()
)
_TEMPLATE = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
_MAX_BYTES = 16 * 2**20
"""Maximum size of a description file."""
_MAX_CLASSES = 1_000_000
_MAX_ELEMENTS = 2**28
"""Maximum number of elements of a feature."""
_MAX_OPTIONAL_ELEMENTS = 2**20
"""Maximum number of elements of an optional feature, because TFDS allocates its default value in full."""


def damaged_dataset(path: Path, fault: str) -> DataError:
    """Returns the error for an invalid file of a prepared dataset."""
    return DataError(
        f"The prepared dataset is damaged or incomplete: {path}: {fault}. Delete the folder {path.parent} and run the "
        "command again to download the dataset, or copy it again from its source."
    )


def read_description(folder: Path) -> Any:
    """Returns the checked description of a prepared dataset.

    Args:
        folder: the folder of the dataset's version.

    Returns:
        TFDS's message `DatasetInfo`, with name, version, config, splits and features only.

    Raises:
        DataError: a file is missing, damaged or too large, or names something that is not part of TFDS.
    """
    info = _parsed(folder / "dataset_info.json", "DatasetInfo")
    if fault := _info_fault(info):
        raise damaged_dataset(folder / "dataset_info.json", fault)
    features = _parsed(folder / "features.json", "Feature")
    if fault := _top_fault(features) or _feature_fault(features, 1):
        raise damaged_dataset(folder / "features.json", fault)
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
    """Returns a JSON file as one of TFDS's protobuf messages, which unifies all spellings of a field."""
    from google.protobuf import json_format
    from tensorflow_datasets.core.proto import dataset_info_pb2, feature_pb2

    target = dataset_info_pb2.DatasetInfo() if message == "DatasetInfo" else feature_pb2.Feature()
    try:
        # Ignore facts about a dataset that a newer TFDS may add; an unknown field of a feature is an error.
        return json_format.Parse(_text(path), target, ignore_unknown_fields=message == "DatasetInfo")
    except (json_format.ParseError, ValueError, RecursionError, OverflowError, TypeError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        reason = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in reason)
        raise damaged_dataset(path, f"it cannot be read ({reason})") from None


def _text(path: Path) -> str:
    """Returns the text of a description file, which must be a regular file in the dataset's folder."""
    try:
        if path.is_symlink() and path.resolve().parent != path.parent.resolve():
            raise damaged_dataset(path, "it is a symbolic link to another folder; a regular file is expected")
        # Without O_NONBLOCK, opening a pipe would wait for a writer.
        with open(os.open(path, flags("O_RDONLY", "O_NONBLOCK", "O_BINARY")), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise damaged_dataset(path, "it is not a regular file")
            content = file.read(_MAX_BYTES + 1)
    except (OSError, RuntimeError) as error:  # `resolve` raises RuntimeError for a loop of symbolic links.
        raise damaged_dataset(path, f"it cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(content) > _MAX_BYTES:
        raise damaged_dataset(path, f"it is larger than {_MAX_BYTES:,} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise damaged_dataset(path, f"it cannot be read ({error})") from None


def _info_fault(info: Any) -> str:
    """Returns what is invalid in `dataset_info.json`, or ""; names are checked because they become part of paths."""
    if not re.fullmatch(r"\w+", info.name, re.ASCII):
        return f"it cannot be read: the name of a dataset is expected, received {info.name[:60]!r}"
    if not re.fullmatch(r"\d{1,9}\.\d{1,9}\.\d{1,9}", info.version, re.ASCII):
        return f"a version such as 1.0.0 is expected, received {info.version[:60]!r}"
    if not re.fullmatch(r"[\w.+-]*", info.config_name):
        return f"it names the config {info.config_name[:60]!r}, which is not a valid folder name"
    if info.file_format not in ("", "tfrecord"):
        return f"its files have the format {info.file_format[:60]!r}; only tfrecord is supported"
    seen = set()
    for split in info.splits:
        if not re.fullmatch(r"\w[\w.+-]*", split.name) or split.name in seen:
            return f"split names must be valid and unique; received {split.name[:60]!r}"
        if split.filepath_template not in ("", _TEMPLATE):
            return (
                f"the split {split.name!r} names its files {split.filepath_template[:60]!r}; only {_TEMPLATE} is "
                "supported"
            )
        if split.num_bytes < 0 or any(length < 0 for length in split.shard_lengths):
            return f"the split {split.name!r} has a negative size"
        seen.add(split.name)
    return ""


def _top_fault(feature: Any) -> str:
    if feature.python_class_name in _CLASSES and feature.WhichOneof("content") not in _TOP_LEVEL:
        return "a dictionary of features is expected"
    return ""


def _feature_fault(feature: Any, repetitions: int) -> str:
    """Returns what is invalid in a feature or its nested features, or "".

    Args:
        feature: the message.
        repetitions: how often the feature occurs in an example, given enclosing sequences of fixed length.
    """
    name, field = feature.python_class_name, feature.WhichOneof("content")
    if not name:
        return "a feature names no class"
    if name not in _CLASSES:
        return f"it names the class {name[:100]!r}, which is not a supported feature of TFDS"
    if field != _CLASSES[name]:
        return f"a feature of the class {name!r} is described by {field or 'nothing'}; {_CLASSES[name]} is expected"
    content = getattr(feature, field)
    if field == "features_dict":
        return next(filter(None, (_feature_fault(inner, repetitions) for inner in content.features.values())), "")
    if field == "sequence":
        if content.length < -1:
            return f"a sequence has the length {content.length}"
        return _feature_fault(content.feature, repetitions * max(content.length, 1))
    if field == "class_label" and not 0 <= content.num_classes <= _MAX_CLASSES:
        return f"a label has {content.num_classes:,} classes, but at most {_MAX_CLASSES:,} are supported"
    if field == "audio" and content.lazy_decode:
        return "its recordings are stored in a compressed format (lazy_decode), which needs other programs to decode"
    if field == "video":
        del content.ffmpeg_extra_args[:]
    return _array_fault(content, repetitions) if field in ("tensor", "image", "audio", "video") else ""


def _array_fault(content: Any, repetitions: int) -> str:
    if content.dtype not in _DTYPES:
        return f"a feature has the type {content.dtype[:60]!r}; supported types are {', '.join(sorted(_DTYPES))}"
    # A compressed record could expand to any number of bytes.
    if getattr(content, "encoding", "").casefold() == "zlib":
        return "a feature's values are compressed by zlib, which is not supported"
    elements = repetitions
    for size in content.shape.dimensions:
        if size < -1:
            return f"a feature has a dimension of {size}"
        elements *= max(size, 1)
    maximum = _MAX_OPTIONAL_ELEMENTS if getattr(content, "optional", False) else _MAX_ELEMENTS
    if elements > maximum:
        return f"a feature has {elements:,} numbers per example, but at most {maximum:,} are supported"
    return ""


@functools.cache
def _builder_class() -> Any:
    from tensorflow_datasets.core import dataset_info, read_only_builder

    class CheckedInfo(dataset_info.DatasetInfo):
        """The description that `read_description` returned."""

        def read_from_directory(self, dataset_info_dir: Any) -> None:
            """Reads nothing, because the checked description is complete."""

        def initialize_from_bucket(self) -> None:
            """Reads nothing from the network."""

    class CheckedBuilder(read_only_builder.ReadOnlyBuilder, skip_registration=True):  # type: ignore[call-arg]
        """A builder of a prepared dataset that relies on a checked description only."""

        def _info(self) -> Any:
            return CheckedInfo.from_proto(self, self._info_proto)

    return CheckedBuilder


def described_builder(folder: Path, description: Any) -> Any:
    """Returns the TFDS builder of a prepared dataset.

    Args:
        folder: the folder of the dataset's version.
        description: the description that `read_description` returned.

    Raises:
        DataError: a file with the class names of a label is damaged.
    """
    builder = _builder_class()(builder_dir=os.fspath(folder), info_proto=description)
    total = 0
    for label, name in _labels(builder.info.features, None):
        path = folder / f"{name}.labels.txt"
        if not os.path.lexists(path):
            continue
        names = [line.strip() for line in _text(path).split("\n") if line.strip()]
        total += len(names)
        if total > _MAX_CLASSES:  # Several labels may share a file, so the total is limited, too.
            raise damaged_dataset(path, f"with this file, labels have more than {_MAX_CLASSES:,} classes")
        try:
            label.names = names
        except ValueError as error:
            raise damaged_dataset(path, str(error).strip().rstrip(".")) from None
    return builder


def _labels(feature: Any, name: str | None) -> Iterator[tuple[Any, str | None]]:
    """Yields the labels nested in a feature, each with TFDS's name for it in the name of its file."""
    from tensorflow_datasets.core.features.feature import convert_feature_name_to_filename

    if isinstance(feature, tfds.features.FeaturesDict):
        for child, inner in feature.items():
            yield from _labels(inner, convert_feature_name_to_filename(child, name))
    elif isinstance(feature, tfds.features.Sequence):
        yield from _labels(feature.feature, name)
    elif isinstance(feature, tfds.features.ClassLabel):
        yield feature, name
