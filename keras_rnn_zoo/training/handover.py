"""What process 0 learns from the data of a training, for the other processes: nothing is checked or counted twice."""

import io
import json
import random
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.inference import rebuild
from keras_rnn_zoo.lazy import keras, np
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.training.progress import Progress
from keras_rnn_zoo.training.word_vectors import WordVectors

_CONFIG, _RANDOM, _VECTORS, _TASK = "config.json", "random.json", "vectors.npz", "task"


def hand_over(progress: Progress) -> bytes:
    """Returns the description of the run, the fitted task, and the word vectors, for `take_over` in other processes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(_CONFIG, json.dumps(progress.config.to_json()))
        # Keras draws seeds of layers from it, and fitting a task may do so, too.
        archive.writestr(_RANDOM, json.dumps(random.getstate()))
        if progress.vectors:
            with archive.open(_VECTORS, "w") as file:
                np.savez(file, values=progress.vectors.values, found=progress.vectors.found)
        folder = Run(progress.plan.unfinished).task_path
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, f"{_TASK}/{path.relative_to(folder).as_posix()}")
    return packed.getvalue()


def take_over(progress: Progress, packed: bytes) -> tuple[Examples, Task]:
    """Opens the data without checking its rows again, unless they differ from those of process 0.

    Args:
        progress: the training, whose description becomes that of process 0, except for what this process finds itself:
            the checksum of the data, and the versions of packages.
        packed: the result of `hand_over`.

    Returns:
        The dataset, and the task as process 0 fitted it.
    """
    own = progress.config
    with tempfile.TemporaryDirectory(prefix="zoo-task-") as unpacked, zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(unpacked)
        folder = Path(unpacked)
        config = RunConfig.from_json(json.loads((folder / _CONFIG).read_text()))
        config = replace(config, dataset=replace(config.dataset, data_dir=own.dataset.data_dir))
        plan = progress.plan
        dataset = registry.dataset_of(config, plan.data) if plan.dataset.source == "files" else plan.dataset
        examples = rebuild.open_examples(config, config.dataset.data_dir, dataset)
        opened = replace(
            config.dataset, version=examples.version, checksum=examples.checksum, recorded=examples.recorded
        )
        versions = own.versions if plan.resumed else {**own.versions, "backend": keras.backend.backend()}
        progress.config = replace(config, dataset=opened, versions=versions)
        task = rebuild.make_task(progress.config.task)
        task.load(folder / _TASK)
        if (path := folder / _VECTORS).exists():
            with np.load(path) as arrays:
                progress.vectors = WordVectors(arrays["values"], arrays["found"])
        version, numbers, gauss = json.loads((folder / _RANDOM).read_text())
    random.setstate((version, tuple(numbers), gauss))
    progress.begun = True
    return examples, task
