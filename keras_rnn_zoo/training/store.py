"""Copies of runs with their weights as float16, which take half the space: the form of the zoo's networks."""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo.artifacts.publish_run import write_config
from keras_rnn_zoo.artifacts.run import check_run_name
from keras_rnn_zoo.atomic_files import put_folder, temp_dir_beside, write_text
from keras_rnn_zoo.inference.evaluate import evaluate
from keras_rnn_zoo.inference.load import load_run
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.training.write_measured import write_measured

if TYPE_CHECKING:
    from keras_rnn_zoo.artifacts.weights import Storage

logger = logging.getLogger(__name__)

_COPIED = ("task", "example", "history.csv", "plots")
"""What a stored run has as it is. Logs are left out, since `history.csv` has the same numbers."""


def store_run(
    run: Run,
    path: Path,
    *,
    storage: "Storage" = "float16",
    data_dir: str | None = None,
    seeds: Sequence[dict[str, Any]] = (),
    example: str = "",
) -> Run:
    """Writes a copy of a run whose weights take less space, and measures it again.

    Args:
        run: the run.
        path: the folder of the copy, whose name is that of the copy; it replaces a folder that exists.
        storage: the dtype of the stored weights.
        data_dir: folder of prepared TFDS datasets; by default, the one that training used.
        seeds: the metrics of trainings with other seeds, for the model card: dicts with `"seed"` and `"metrics"`.
        example: a text for `example/`, in place of one of the data that may not be passed on.

    Returns:
        The copy. Its `metrics.json` has its own metrics, and under `"before_storage"` those of the run.

    Raises:
        RunError: the run is damaged, or a weight is too large for the dtype.
        DataError: the data to measure with cannot be read.
    """
    from keras_rnn_zoo.artifacts.weights import write_model

    before = run.measured
    loaded = load_run(run)
    # A copy that is passed on does not tell where data lies on this machine.
    data = replace(run.config.dataset, data_dir=None)
    config = replace(run.config, run=check_run_name(path.name), dataset=data, storage=storage)
    with temp_dir_beside(path) as folder:
        write_model(loaded.model, folder / "model.keras", storage)
        for name in _COPIED:
            if (run.path / name).is_dir():
                shutil.copytree(run.path / name, folder / name)
            elif (run.path / name).is_file():
                shutil.copy(run.path / name, folder / name)
        if example:
            write_text(folder / "example" / "input.txt", example)
        copy = Run(folder)
        write_config(copy, config)
        measured = {"before_storage": before["metrics"], **({"seeds": list(seeds)} if seeds else {})}
        scorecard = evaluate(load_run(copy), split=before["split"], data_dir=data_dir or run.config.dataset.data_dir)
        write_measured(copy, config, {**scorecard.measured, **measured})
        put_folder(folder, path)
    logger.info("Wrote %s, with weights as %s.", path, storage)
    return Run(path)


def state_seeds(run: Run, seeds: Sequence[dict[str, Any]]) -> Run:
    """Writes the metrics of trainings with other seeds to a stored run and its model card.

    Args:
        run: the run.
        seeds: as in `store_run`.

    Returns:
        The run. Its weights are as before.
    """
    with temp_dir_beside(run.path) as folder:
        shutil.copytree(run.path, folder, dirs_exist_ok=True)
        write_measured(Run(folder), run.config, {**run.measured, "seeds": list(seeds)})
        put_folder(folder, run.path)
    return Run(run.path)
