"""A run as a SavedModel that needs stock TensorFlow alone."""

import shutil
from pathlib import Path

from keras_rnn_zoo.errors import ExportError
from keras_rnn_zoo.files import whole_folder
from keras_rnn_zoo.lazy import keras
from keras_rnn_zoo.loading import LoadedRun, load_run
from keras_rnn_zoo.runs import Run


def export(run: Run | str | LoadedRun | None = None, *, models_dir: str | None = None) -> Path:
    """Writes the next version of a run's SavedModel, with the vocabulary and all steps from raw input to answer in it.

    Args:
        run: the run or its name, or what `zoo.load` returned; `None` for the only run there is.
        models_dir: the folder of the runs; `$ZOO_MODELS_DIR` or `./saved_models` by default.

    Returns:
        The path of the version's folder, `saved_models/<run>/<version>`; its default endpoint is `serving_default`.

    Raises:
        RunError: no such run, or a damaged one.
        ExportError: Keras does not run on TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            f"A SavedModel is written by TensorFlow, but Keras runs on {keras.backend.backend()!r}. Runs do not depend "
            "on the backend: set KERAS_BACKEND=tensorflow and export again."
        )
    loaded = run if isinstance(run, LoadedRun) else load_run(run, models_dir=models_dir)
    path = loaded.run.path / str(max(loaded.run.versions(), default=0) + 1)
    archive = keras.export.ExportArchive()
    archive.track(loaded.model)
    for resource in loaded.task.resources():
        archive.track(resource)
    archive.add_endpoint("serve", loaded.answer)
    with whole_folder(path) as folder:
        archive.write_out(str(folder), verbose=False)
        for file in loaded.run.task_path.iterdir():
            shutil.copy(file, folder / "assets")
    return path
