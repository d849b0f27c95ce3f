"""The facts about an architecture or a run, as tables. Imports no framework."""

import os

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import ARCHIVE, is_resumable, list_runs, open_run
from keras_rnn_zoo.artifacts.run import models_dir as runs_folder
from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.display.text_tables import Table, Tables
from keras_rnn_zoo.errors import UnknownNameError, name_hint
from keras_rnn_zoo.listings.run_page import show_run
from keras_rnn_zoo.networks.index import networks
from keras_rnn_zoo.training.config_file import default_of, settings_of


def show(
    name: str | os.PathLike[str], dataset: str | None = None, *, models_dir: str | os.PathLike[str] | None = None
) -> Tables:
    """Returns the facts about an architecture, a run or a trained network.

    A name that both an architecture and a run have means the architecture; the path of the run means the run.

    Args:
        name: the name of an architecture, an alias, the name of a run or a network, or the path of a run's folder.
        dataset: for an architecture, the dataset whose options are shown; by default, its default dataset.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.

    Returns:
        Tables by name. Of an architecture: `options`, `training`, `datasets`, `endpoint` and `formats`. Of a run:
        `run`, `metrics`, `settings` and `files`. They are shown one below the other, also in notebooks.

    Raises:
        UnknownNameError: there is no architecture, run or dataset of that name.
        RunError: the run is damaged.

    Example:
        >>> show("many_to_one")["options"][0]["option"]
        'input'
    """
    entry = find_architecture(name, models_dir)
    if entry is None:
        return show_run(open_run(name, models_dir))
    if dataset is None:
        return show_architecture(entry, registry.default_dataset(entry, str(name)))
    chosen = registry.find_dataset(dataset, entry.tasks)
    registry.check_pair(entry, chosen)
    return show_architecture(entry, chosen)


def find_architecture(
    name: str | os.PathLike[str], models_dir: str | os.PathLike[str] | None = None
) -> registry.Architecture | None:
    """Returns the architecture that a name means, or `None` if it means a run or a network; a path means a run.

    Raises:
        UnknownNameError: there is neither.
    """
    if os.sep in os.fspath(name) or os.fspath(name).endswith(ARCHIVE):
        return None
    try:
        return registry.architectures.get(os.fspath(name))
    except UnknownNameError:
        folder = runs_folder(models_dir)
        names = list_runs(folder)
        if name in names or name in networks() or is_resumable(folder / name):
            return None
        if name in registry.cells.names():
            raise UnknownNameError(f"{name} is a cell, which architectures have: --set cell={name}.") from None
        known = {alias for entry in registry.architectures.entries() for alias in (entry.name, *entry.aliases)}
        raise UnknownNameError(
            f"There is no architecture named {short_repr(name)}, and no run in {folder}. "
            f"{name_hint(os.fspath(name), {*known, *names, *networks()})}"
        ) from None


def show_architecture(entry: registry.Architecture, chosen: registry.Dataset) -> Tables:
    """Returns the facts about an architecture that is trained on a dataset; see `show`."""
    options = [
        {
            "option": option.name,
            "default": default_of(option, chosen),
            "accepts": option.accepts,
            "meaning": option.help,
        }
        for option in registry.relevant_options(entry, chosen).values()
    ]
    settings = [
        {"setting": option.name, "default": default, "accepts": option.accepts, "meaning": option.help}
        for option, _, default in settings_of(chosen)
    ]
    sides = registry.endpoint_of(chosen).items()
    tensors = [
        {"tensor": tensor, "side": side[:-1], "description": meaning}
        for side, tensors in sides
        for tensor, meaning in tensors.items()
    ]
    input = chosen.model_options["input"]
    formats = []
    for format in registry.export_formats.entries():
        reason = format.unsupported.get(input, "")
        contents = f"not available: {reason}" if reason else format.summary
        formats.append({"format": format.name, "contents, or why it is not available": contents})
    tables = Tables(
        options=Table(options, f"Options for {chosen.name}; set them with zoo train --set KEY=VALUE"),
        training=Table(settings, f"Training settings for {chosen.name}; set them the same way"),
        datasets=Table(_dataset_rows(entry), "Datasets and the defaults that they change"),
        endpoint=Table(tensors, f"Default endpoint of a model trained on {chosen.name}"),
        formats=Table(formats, f"Export formats of a model trained on {chosen.name}"),
    )
    tables.title = f"{entry.name} (aliases: {entry.listed_aliases or 'none'})\n{entry.summary}\n"
    return tables


def _dataset_rows(entry: registry.Architecture) -> list[dict[str, str]]:
    rows = []
    for dataset in registry.datasets_of(entry):
        defaults = ", ".join(f"{key}={value}" for key, value in registry.defaults_of(entry, dataset).items())
        rows.append({"dataset": dataset.name, "task": dataset.task, "defaults": defaults or "-"})
    return rows
