"""Configurations of trainings as YAML files, with the names of the command line's options. Imports no framework."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import is_written_in_place, output_file, user_path
from keras_rnn_zoo.display.printing import json_printable, short_repr
from keras_rnn_zoo.errors import OptionError, ZooError, option_hint
from keras_rnn_zoo.options import Option, join_pairs
from keras_rnn_zoo.training.plain_yaml import read_plain_yaml
from keras_rnn_zoo.training.settings import SETTINGS as SETTINGS
from keras_rnn_zoo.training.small_data import ADAPTED

RUN_KEYS = {
    "architecture": "the architecture to train",
    "dataset": "the dataset: its name, or your own files as FORMAT:PATH",
    "data_dir": "folder of prepared TFDS datasets",
    "from_run": "the run whose weights the training starts from",
    "run": "name of the run",
    "models_dir": "folder of the runs",
}
"""Keys that say what to train and where, in addition to the settings and options. All values are texts."""

_MAPPINGS = ("columns", "class_weight")
"""Options whose values are mappings, written as text where only text can be written."""


def read_config(path: str) -> dict[str, str]:
    """Returns the keys and values of a YAML file; values are texts, exactly as written.

    Raises:
        ZooError: the file cannot be read, is not YAML, or contains anything but keys and plain values.
    """
    file = user_path(path)
    try:
        document = read_plain_yaml(file)
    except OSError as error:
        raise ZooError(
            f"The configuration {file} cannot be read: {error.strerror}. Create one with: zoo init NAME."
        ) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ZooError(f"{file}: expected keys and values, such as 'units: 64'; received {short_repr(document)}.")
    values = {}
    for key, value in document.items():
        if not any(isinstance(item, dict | list) for item in _items(value)):
            if key in _MAPPINGS and isinstance(value, dict):
                value = join_pairs({name: item or "" for name, item in value.items()})
            elif key == "metrics" and isinstance(value, list):
                value = ",".join(map(str, value))
        if isinstance(value, dict | list):
            raise OptionError(f"{file}: {short_repr(key)} expects one plain value; received {short_repr(value)}.")
        if value is not None:
            values[key] = value
    return values


def _items(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def split_config(values: Mapping[str, Any], options: Mapping[str, Option], path: str) -> dict[str, Any]:
    """Returns the settings and options of a configuration, without `RUN_KEYS`, converted to their types.

    Args:
        values: what `read_config` returned.
        options: the options of the architecture, task and dataset.
        path: the file, for messages.

    Raises:
        OptionError: a key is unknown, or a value is invalid.
    """
    accepted = {**options, **SETTINGS}
    checked = {}
    for key, value in values.items():
        if key in RUN_KEYS:
            continue
        if key not in accepted:
            hint = option_hint(key, accepted, values.get("architecture", "NAME"), RUN_KEYS)
            raise OptionError(f"{path}: there is no option {short_repr(key)}. {hint}")
        option = accepted[key]
        checked[key] = option.parse(value) if isinstance(value, str) else option.check(value)
    return checked


def settings_of(dataset: registry.Dataset) -> list[tuple[Option, Any, str]]:
    """Returns each setting of a training, its default for a dataset, and the default in words.

    The number of examples in a user's files is known only during training, which adapts some defaults to it.
    """
    rows = []
    for option in SETTINGS.values():
        default = dataset.default_of(option)
        adapted = dataset.by_address and option.name in ADAPTED
        rows.append((option, default, json.dumps(default) + (f" or {ADAPTED[option.name]}" if adapted else "")))
    return rows


def default_of(option: Option, dataset: registry.Dataset) -> str:
    """Returns the default that an option of the model, task or dataset has for a dataset, in words."""
    if option.from_data:
        return "from data"
    default = json.dumps(dataset.default_of(option))
    by_length = option.name == "subsampling" and dataset.by_address and dataset.model_options["input"] == "series"
    return f"{default} or more" if by_length else default


def template(
    architecture: registry.Architecture, dataset: registry.Dataset, chosen: Mapping[str, Any] | None = None
) -> str:
    """Returns a configuration that lists every option with its default, commented out.

    Args:
        architecture: the architecture.
        dataset: the dataset whose defaults are shown.
        chosen: values of options, or of keys of `RUN_KEYS`, that the configuration sets.
    """
    chosen = chosen or {}

    def line(name: str, default: str, comment: str) -> str:
        if name in chosen:
            return f"{name}: {_quoted(chosen[name])}  # {comment}"
        return f"# {name}:{default and ' '}{default}  # {comment}"

    lines = [
        f"# {architecture.summary}",
        "# All options with their defaults. Uncomment a line to change it, then run: zoo train --config FILE",
        "",
        f"architecture: {architecture.name}",
        f"dataset: {_quoted(dataset.name)}",
        *(line(key, "", RUN_KEYS[key]) for key in ("data_dir", "from_run", "run", "models_dir")),
    ]
    groups = {"Training": SETTINGS, "Model, task and data": registry.relevant_options(architecture, dataset)}
    for title, options in groups.items():
        lines += ["", f"# {title}"]
        for option in options.values():
            if not option.from_data:
                value = _quoted(dataset.default_of(option))
                lines.append(line(option.name, value, f"{option.help.rstrip('.')}. Accepts {option.accepts}."))
    return "\n".join(lines) + "\n"


def _quoted(value: Any) -> str:
    """Returns a plain value as JSON, which in YAML is the same value on one line."""
    return json_printable(json.dumps(value, ensure_ascii=False))


def write_template(path: str, text: str) -> Path | None:
    """Writes a configuration to a new file, or to a device or pipe.

    Returns:
        The path of the file; `None` if it was written to a device or pipe.

    Raises:
        ZooError: the file already exists.
    """
    file = user_path(path)
    in_place = is_written_in_place(file)
    if os.path.lexists(file) and not in_place:
        raise ZooError(f"{file} already exists. Name another file with --output, or delete it.")
    with output_file(file) as output:
        output.write(text.encode())
    return None if in_place else file
