"""Trainings written down as YAML: one key an option, by the words of the command line. Imports no framework."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import OptionError, ZooError, name_hint
from keras_rnn_zoo.files import is_written_in_place, output_file, user_path
from keras_rnn_zoo.options import Option
from keras_rnn_zoo.plans import SETTINGS

PLACES = {
    "architecture": "the architecture to train",
    "dataset": "the dataset by name, or files as FORM:PATH",
    "data_dir": "folder of prepared TFDS data sets",
    "run": "name of the run",
    "models_dir": "folder of the runs",
}
"""Keys beside the settings and options; all are texts."""


def read_config(path: str) -> dict[str, Any]:
    """Returns the keys and values of a YAML file.

    Raises:
        ZooError: the file cannot be read, is no YAML, or holds something else than keys and plain values.
    """
    import yaml

    file = user_path(path)
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ZooError(f"The configuration {file} cannot be read: {error.strerror}. Make one: zoo init NAME.") from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}, line {mark.line + 1}" if mark else str(file)
        raise ZooError(f"{where}: this is not YAML: {getattr(error, 'problem', None) or error}. Correct it.") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ZooError(f"{file}: keys and values are expected, such as 'units: 64'; received {document!r:.60}.")
    values = {}
    for key, value in document.items():
        if key == "columns" and isinstance(value, dict):
            value = ",".join(f"{word}={column}" for word, column in value.items())
        if not isinstance(value, str | int | float | bool | None):
            raise OptionError(f"{file}: {key!r} expects one plain value; received {value!r:.60}.")
        if value is not None:
            values[str(key)] = value
    return values


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
            raise OptionError(f"{path}: there is no option {key!r}. {name_hint(key, [*known, *PLACES])}")
        option = known[key]
        # YAML takes 3e-3 for a text, and a column named 1 for a number.
        value = str(value) if option.type is str and not isinstance(value, bool) else value
        checked[key] = option.parse(value) if isinstance(value, str) else option.check(value)
    return checked


def template(architecture: registry.Architecture, dataset: registry.Dataset, named: str | None = None) -> str:
    """Returns a configuration with every option and its default, commented out.

    Args:
        architecture: the architecture.
        dataset: the data set whose defaults are shown.
        named: the data set as the user named it; its name by default.
    """
    lines = [
        f"# {architecture.summary}",
        "# Every option stands here with its default. Take away the # to change one, then: zoo train --config FILE",
        "",
        f"architecture: {architecture.name}",
        f"dataset: {json.dumps(named or dataset.name, ensure_ascii=False)}",
        *(f"# {key}:  # {PLACES[key]}" for key in ("data_dir", "run", "models_dir")),
    ]
    groups = {"Training": SETTINGS, "Model, task and data": registry.options_of(architecture, dataset)}
    for title, options in groups.items():
        lines += ["", f"# {title}"]
        for option in options.values():
            if not option.from_data:
                value = json.dumps(dataset.defaults.get(option.name, option.default), ensure_ascii=False)
                lines.append(f"# {option.name}: {value}  # {option.help} Accepts {option.accepts}.")
    return "\n".join(lines) + "\n"


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
