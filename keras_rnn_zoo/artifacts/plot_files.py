"""The files of plots in a run's folder. Imports no framework."""

from collections.abc import Iterable
from pathlib import Path

from keras_rnn_zoo.entries.kinds import Plot

FOLDER = "plots"
"""The folder in a run that holds its plots, in files `KIND.svg` or `KIND.png`."""
FORMATS = ("svg", "png")


def shared_plots(run: Path, kinds: Iterable[Plot]) -> list[str]:
    """Returns the files of plots that a model card shows and that are shared with a run, by their paths within it.

    Plots that show an input are not among them: it is one of the user's data.

    Args:
        run: the run's folder.
        kinds: the kinds of plots that are known, in the order of the card.
    """
    folder = run / FOLDER
    names = [f"{kind.name}.{format}" for kind in kinds if not kind.shows_inputs for format in FORMATS]
    if folder.is_symlink():  # It may lead anywhere.
        return []
    return [f"{FOLDER}/{name}" for name in names if (folder / name).is_file() and not (folder / name).is_symlink()]
