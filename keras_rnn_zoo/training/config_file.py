"""Trainings written down as YAML: one key an option, by the words of the command line. Imports no framework."""

import csv
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.atomic_files import is_written_in_place, output_file, user_path
from keras_rnn_zoo.errors import OptionError, ZooError, name_hint
from keras_rnn_zoo.options import Option
from keras_rnn_zoo.printing import json_printable, short_repr
from keras_rnn_zoo.training.plain_yaml import read_plain_yaml
from keras_rnn_zoo.training.plan import SETTINGS as SETTINGS
from keras_rnn_zoo.training.small_data import ADAPTED

PLACES = {
    "architecture": "the architecture to train",
    "dataset": "the dataset by name, or files as FORM:PATH",
    "data_dir": "folder of prepared TFDS data sets",
    "run": "name of the run",
    "models_dir": "folder of the runs",
}
"""Keys beside the settings and options; all are texts."""


def read_config(path: str) -> dict[str, str]:
    """Returns the keys and values of a YAML file, values as the texts that stand there.

    Raises:
        ZooError: the file cannot be read, is not YAML, or holds something other than keys and plain values.
    """
    file = user_path(path)
    try:
        document = read_plain_yaml(file)
    except OSError as error:
        raise ZooError(f"The configuration {file} cannot be read: {error.strerror}. Make one: zoo init NAME.") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ZooError(f"{file}: keys and values are expected, such as 'units: 64'; received {short_repr(document)}.")
    values = {}
    for key, value in document.items():
        if key == "columns" and isinstance(value, dict) and not any(isinstance(v, dict | list) for v in value.values()):
            value = _joined(value)
        if isinstance(value, dict | list):
            raise OptionError(f"{file}: {short_repr(key)} expects one plain value; received {short_repr(value)}.")
        if value is not None:
            values[key] = value
    return values


def _joined(columns: Mapping[str, Any]) -> str:
    """Returns columns written as a mapping in the form of the option, `text=review,label=stars`."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([f"{word}={column or ''}" for word, column in columns.items()])
    return line.getvalue()


def split_config(values: Mapping[str, Any], options: Mapping[str, Option], path: str) -> dict[str, Any]:
    """Returns the settings and options of a configuration in their types, without its places.

    Args:
        values: what `read_config` returned.
        options: the options of the architecture, task and data set.
        path: the file, for messages.

    Raises:
        OptionError: an unknown key, or a value that it does not accept.
    """
    known = {**options, **SETTINGS}
    checked = {}
    for key, value in values.items():
        if key in PLACES:
            continue
        if key not in known:
            raise OptionError(f"{path}: there is no option {short_repr(key)}. {name_hint(key, [*known, *PLACES])}")
        option = known[key]
        checked[key] = option.parse(value) if isinstance(value, str) else option.check(value)
    return checked


def settings_of(dataset: registry.Dataset) -> list[tuple[Option, Any, str]]:
    """Returns each setting of a training with its default for a data set, and the default in words.

    Of files, the number of examples is known only in training, which adapts some of the defaults to it.
    """
    rows = []
    for option in SETTINGS.values():
        default = dataset.default_of(option)
        adapted = dataset.by_address and option.name in ADAPTED
        rows.append((option, default, json.dumps(default) + (f" or {ADAPTED[option.name]}" if adapted else "")))
    return rows


def default_of(option: Option, dataset: registry.Dataset) -> str:
    """Returns the default of an option of the model, the task or the data for a data set, in words."""
    if option.from_data:
        return "from data"
    default = json.dumps(dataset.default_of(option))
    by_length = option.name == "subsampling" and dataset.by_address and dataset.model_options["input"] == "series"
    return f"{default} or more" if by_length else default


def template(
    architecture: registry.Architecture, dataset: registry.Dataset, chosen: Mapping[str, Any] | None = None
) -> str:
    """Returns a configuration with every option and its default, commented out.

    Args:
        architecture: the architecture.
        dataset: the data set whose defaults are shown.
        chosen: values of options and places that the configuration sets.
    """
    chosen = chosen or {}

    def line(name: str, default: str, comment: str) -> str:
        if name in chosen:
            return f"{name}: {_quoted(chosen[name])}  # {comment}"
        return f"# {name}:{default and ' '}{default}  # {comment}"

    lines = [
        f"# {architecture.summary}",
        "# Every option stands here with its default. Take away the # to change one, then: zoo train --config FILE",
        "",
        f"architecture: {architecture.name}",
        f"dataset: {_quoted(dataset.name)}",
        *(line(key, "", PLACES[key]) for key in ("data_dir", "run", "models_dir")),
    ]
    groups = {"Training": SETTINGS, "Model, task and data": registry.options_of(architecture, dataset)}
    for title, options in groups.items():
        lines += ["", f"# {title}"]
        for option in options.values():
            if not option.from_data:
                value = _quoted(dataset.default_of(option))
                lines.append(line(option.name, value, f"{option.help.rstrip('.')}. Accepts {option.accepts}."))
    return "\n".join(lines) + "\n"


def _quoted(value: Any) -> str:
    """Returns a plain value as JSON, which YAML reads as the same value on one line."""
    return json_printable(json.dumps(value, ensure_ascii=False))


def write_template(path: str, text: str) -> Path | None:
    """Writes a configuration to a new file, or to a device or pipe.

    Returns:
        The path of the file; `None` where no file was made.

    Raises:
        ZooError: there is such a file already.
    """
    file = user_path(path)
    in_place = is_written_in_place(file)
    if os.path.lexists(file) and not in_place:
        raise ZooError(f"{file} is there already. Name another file with --output, or delete it.")
    with output_file(file) as output:
        output.write(text.encode())
    return None if in_place else file
