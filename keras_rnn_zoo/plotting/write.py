"""Writes plots to the folder of a run, and into its model card."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.archive import is_unpacked
from keras_rnn_zoo.artifacts.digests import with_digests
from keras_rnn_zoo.artifacts.lock import run_lock
from keras_rnn_zoo.artifacts.model_card import model_card, with_plots
from keras_rnn_zoo.artifacts.plot_files import FOLDER, FORMATS, shared_plots
from keras_rnn_zoo.artifacts.run import Run, output_folder, reopen_run
from keras_rnn_zoo.atomic_files import atomic_write, file_digest, write_json, write_text
from keras_rnn_zoo.errors import PlotError, RunError, name_hint
from keras_rnn_zoo.networks.index import is_network
from keras_rnn_zoo.plotting.style import rendered
from keras_rnn_zoo.training.command import training_command

CARD = "README.md"


def check_format(format: str) -> None:
    """Raises `PlotError` unless files of plots can have a format."""
    if format not in FORMATS:
        raise PlotError(f"Plots have no format {format!r:.40}. {name_hint(str(format), FORMATS)}")


def write_plots(run: Run, figures: Mapping[str, Any], format: str, models_dir: str | None) -> dict[str, Path]:
    """Writes figures to `plots/KIND.svg` in a run's folder; those that show no input, into its model card as well.

    Plots of a trained network are written to the folder of its name in the models folder, as its exports are, without
    a card.

    Args:
        run: the run.
        figures: the figures by kind.
        format: the format of the files.
        models_dir: the folder of the runs.

    Returns:
        The paths by kind.

    Raises:
        PlotError: the run is in an archive, or its folder of plots is a link.
        RunError: the run has been replaced since it was opened, or another process writes it.
    """
    if is_unpacked(run.path):
        raise PlotError(
            f"The run {run.name!r} is in an archive, which no plot can be written to. Unpack it into "
            "your models folder."
        )
    place = output_folder(run, models_dir)
    content = {kind: rendered(figure, format) for kind, figure in figures.items()}
    with run_lock(place):
        own = not is_network(run.path)
        if own and reopen_run(run).config.digest != run.config.digest:
            raise RunError(f"The run {run.path} was replaced since it was opened. Plot it again.")
        paths = _written(place / FOLDER, content, format)
        if own:
            _update_card(run)
    return paths


def _written(folder: Path, content: Mapping[str, bytes], format: str) -> dict[str, Path]:
    """Writes the files of plots, and removes those of the same kinds in other formats."""
    if folder.is_symlink():  # Never follow it: the target lies outside the run.
        raise PlotError(f"The folder {folder} is a symbolic link, but plots are written within their run. Remove it.")
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for kind, data in content.items():
        paths[kind] = folder / f"{kind}.{format}"
        with atomic_write(paths[kind]) as temporary:
            temporary.write_bytes(data)
        for other in set(FORMATS) - {format}:
            with contextlib.suppress(FileNotFoundError):
                (folder / f"{kind}.{other}").unlink()
    return paths


def _update_card(run: Run) -> None:
    """Writes a run's model card with its plots, and their digests to `config.json`; other digests stay as they are."""
    plots, card = shared_plots(run.path, registry.plots.entries()), run.path / CARD
    if card.is_file() and not card.is_symlink():  # The user may have edited it.
        text = with_plots(card.read_text(encoding="utf-8"), plots)
    else:
        text = model_card(run.config, run.measured, training_command(run.config), plots)
    write_text(card, text)
    kept = {name: digest for name, digest in run.config.files.items() if not name.startswith(f"{FOLDER}/")}
    new = {name: file_digest(run.path / name) for name in (CARD, *plots)}
    write_json(run.path / "config.json", with_digests(run.config.to_json(), {**kept, **new}))
    run.__dict__.pop("config", None)  # The cached description is out of date.
