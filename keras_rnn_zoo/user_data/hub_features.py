"""The features of Hugging Face `datasets`: names of classes, and numbers of few bits."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.user_data.typed_values import shortest


def converter(feature: Any) -> Callable[[Any], Any] | None:
    """Returns a function that converts the values of a feature, or `None` if they stay as they are.

    Classes get their names, also within dicts and lists.

    Args:
        feature: the feature as in `dataset_info.json`, or as returned by `Features.to_dict`.
    """
    if isinstance(feature, list):
        return converter(feature[0]) if feature else None
    if not isinstance(feature, Mapping):
        return None
    kind = feature.get("_type")
    if not isinstance(kind, str):
        inner = {name: converter(value) for name, value in feature.items()}
        changes = {name: change for name, change in inner.items() if change}
        return _each(lambda value: _with_changes(value, changes)) if changes else None
    if kind == "ClassLabel" and feature.get("names"):
        names = feature["names"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("the names of the classes are not a list of texts")
        return _each(lambda value: _class_name(value, names))
    if kind == "Value" and feature.get("dtype") in ("float32", "float16"):
        dtype = feature["dtype"]
        return lambda value: shortest(value, dtype)
    if kind == "Audio":
        return _recording
    return converter(feature.get("feature"))


def _recording(value: Any) -> Any:
    """Returns the content of the file of a recording that is not decoded, or its path if it is not embedded."""
    if not isinstance(value, Mapping) or "bytes" not in value:
        return value
    return value["bytes"] or (Path(value["path"]) if value.get("path") else None)


def _each(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Returns a function that changes a value, or each item of a list."""

    def changed(value: Any) -> Any:
        return [changed(item) for item in value] if isinstance(value, list) else change(value)

    return changed


def _with_changes(value: Any, changes: Mapping[str, Callable[[Any], Any]]) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: changes[name](item) if name in changes else item for name, item in value.items()}


def _class_name(value: Any, names: Sequence[str]) -> Any:
    """Returns the name of a class by its index; `None` for -1, with which `datasets` marks a missing label."""
    if not isinstance(value, int):
        return value
    return names[value] if 0 <= value < len(names) else None if value == -1 else value
