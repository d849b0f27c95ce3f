"""What the page says of a model before it is asked: what it reads, its card, its plots, and an example."""

import base64
import logging
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.example_input import example_path
from keras_rnn_zoo.artifacts.plot_files import FOLDER
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.inference.ensemble import LoadedEnsemble
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.serving.page.inputs import FORMS, columns_of, features_of, table_of
from keras_rnn_zoo.serving.sampling import samples
from keras_rnn_zoo.serving.served_models import ServedModel
from keras_rnn_zoo.tasks._numbers import NumbersTask

logger = logging.getLogger(__name__)

PLOT_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
MAX_BYTES = 4 * 2**20
"""Maximum size of a file of a run that the page shows."""


def facts_of(model: ServedModel) -> dict[str, Any]:
    """Returns the facts about a model, as plain values."""
    loaded, run = model.loaded, model.run
    task = loaded.task
    entry = next(entry for entry in registry.tasks.entries() if entry.make is type(task))
    return {
        "name": model.name,
        "version": model.version,
        "task": entry.name.replace("_", " "),
        "input": task.reader.input,
        "architecture": run.config.architecture if run else "",
        "dataset": _without_folder(run.config.dataset.name) if run else "",
        "result": _result(model),
        "targets": list(task.target_names) if isinstance(task, NumbersTask) else [],
        "options": [_option(option) for option in task.prediction_options.values()],
        "reads": _reads(loaded),
        "example": example_of(loaded),
        "inspects": inspects(loaded),
        "samples": inspects(loaded) and samples(task),
        "card": _card(model),
        "plots": sorted(plots_of(model)),
    }


def _without_folder(address: str) -> str:
    """Returns the address of a dataset without the folder of the server that a file lies in."""
    prefix, colon, location = address.partition(":")
    return f"{prefix}:{Path(location).name}" if colon else address


def inspects(loaded: Any) -> bool:
    """Whether a model returns what its layers do; exports and ensembles only predict."""
    return isinstance(loaded, LoadedRun) and not isinstance(loaded, LoadedEnsemble)


def plots_of(model: ServedModel) -> dict[str, Path]:
    """Returns the files with plots of a run by name; links, which may lead anywhere, are left out."""
    folder = None if model.run is None else model.run.path / FOLDER
    if folder is None or folder.is_symlink() or not folder.is_dir():
        return {}
    return {path.name: path for path in folder.iterdir() if path.suffix in PLOT_TYPES and is_small_file(path)}


def is_small_file(path: Path) -> bool:
    """Whether a path is a regular file that is not too large to be shown."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size <= MAX_BYTES


def _result(model: ServedModel) -> str:
    if model.run is None:
        return ""
    try:
        return model.run.result
    except ZooError as error:
        logger.warning("The scores of %s are not shown: %s", model.name, error)
        return ""


def _card(model: ServedModel) -> str:
    """Returns the model card without its metadata; "" if there is none."""
    path = None if model.run is None else model.run.path / "README.md"
    if path is None or not is_small_file(path):
        return ""
    text = path.read_text(encoding="utf-8", errors="replace")
    if text.startswith("---\n"):
        text = text[4:].partition("\n---\n")[2]
    return text.strip()


def _option(option: Any) -> dict[str, Any]:
    return {
        "name": option.name,
        "type": option.type.__name__,
        "default": option.default,
        "minimum": option.bounds.minimum,
        "maximum": option.bounds.maximum,
        "help": option.help,
    }


def _reads(loaded: Any) -> dict[str, Any]:
    """Returns what the form for an input has to know."""
    reader = loaded.task.reader
    options = reader.model_options()
    if reader.input == "image":
        width = options.get("image_width", 0)  # Lines vary in width.
        return {"height": options["image_height"], "width": width, "channels": options["channels"]}
    if reader.input == "audio":
        return {"rate": reader.sample_rate, "seconds": reader.max_samples / reader.sample_rate}
    if reader.input == "series":
        features = features_of(loaded)
        return {"features": features, "hint": f"{quantity(features, 'number')} in each line, separated by commas."}
    if reader.input == "window":
        return {"hint": _hint_of_window(loaded)}
    return {}


def _hint_of_window(loaded: Any) -> str:
    columns, reader = columns_of(loaded), loaded.task.reader
    names = [columns.time, *([columns.id] if columns.id else []), *columns.targets, *columns.known]
    hint = f"Columns: {', '.join(names)}. A forecast reads {reader.history:,} rows and adds {reader.horizon:,}"
    known = f", for which {' and '.join(columns.known)} must be given" if columns.known else ""
    return f"{hint}{known}."


def example_of(loaded: Any) -> dict[str, str] | None:
    """Returns an input to try, as the page's forms send it: that of the run, or one of its dataset; else `None`."""
    key = FORMS.get(loaded.task.reader.input, ("", None))[0]
    path = example_path(loaded.run.path) if isinstance(loaded, LoadedRun) and loaded.run else None
    if path is not None and is_small_file(path):
        return {key: _as_form(key, path.read_bytes())}
    if key == "table" and isinstance(loaded, LoadedRun):
        return _example_table(loaded)
    return None


def _as_form(key: str, content: bytes) -> str:
    if key == "base64":
        return base64.b64encode(content).decode()
    text = content.decode("utf-8", "replace")
    return text.replace("], [", "],\n [") if key == "rows" else text.strip()


def _example_table(loaded: LoadedRun) -> dict[str, str] | None:
    """Returns the first window of the test split of a dataset that the package holds; `None` for other data."""
    data = loaded.run.config.dataset
    entries: Mapping[str, Any] = {entry.name: entry for entry in registry.datasets.entries()}
    entry = entries.get(data.name)
    if entry is None or not entry.embedded:
        return None
    examples = entry.make(None, loaded.run.config.seed, **data.options)
    raw, _ = next(iter(examples.split("test").take(1).as_numpy_iterator()))
    return {"table": table_of(loaded, raw)}
