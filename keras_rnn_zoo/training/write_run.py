"""The last step of a training: evaluation of the best weights, and the run's folder."""

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo.artifacts.publish_run import atomic_run
from keras_rnn_zoo.batching.batches import make_batches
from keras_rnn_zoo.building import build_again
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.inference.evaluate import BATCH_SIZE, score
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.training.cost import cost_since
from keras_rnn_zoo.training.fine_tuning import NOTHING
from keras_rnn_zoo.training.further_metrics import further_metrics
from keras_rnn_zoo.training.progress import Progress
from keras_rnn_zoo.training.write_measured import write_measured

if TYPE_CHECKING:
    from keras_rnn_zoo.training.callbacks import BestCheckpoint


def write_run(
    progress: Progress, task: Task, model: Any, keeper: "BestCheckpoint", split: str, examples: Examples
) -> None:
    """Writes the run's folder, with the best weights and their metrics on the given split."""
    from keras_rnn_zoo.artifacts.weights import write_model

    plan = progress.plan
    # Mixed precision and frozen layers are for training only, and so are weights that lie in several processes.
    alone = progress.peers.count == 1
    if not alone or (progress.config.training.dtype_policy, progress.config.training.freeze) != ("float32", NOTHING):
        model = build_again(progress.config, task.model_options())
    loaded = LoadedRun(Run(plan.unfinished), task, model)
    keeper.load_best(model)
    if task.calibrates:
        validation = make_batches(examples.split("validation"), task, BATCH_SIZE)
        task.calibrate((targets, loaded.to_logits(inputs)) for inputs, targets in validation.data)
    batches = make_batches(examples.split(split), task, BATCH_SIZE, references=True)
    further = further_metrics(progress.config.training.metrics, progress.objects.metrics, task, model)
    metrics, report = score(task, loaded.to_logits, loaded.outputs, batches, further)
    config = replace(
        progress.config,
        finished=split == "test",
        epochs_trained=len(keeper.rows),
        best_epoch=int(keeper.best["epoch"]),
        cost=None if plan.resumed or not alone else cost_since(progress.started),
        processes=progress.peers.count,
    )
    with atomic_run(plan.path, again=plan.resumed) as folder:
        run = Run(folder)
        write_model(loaded.model, run.model_path)
        for name in ("task", "logs", "example"):
            if (plan.unfinished / name).is_dir():
                shutil.copytree(plan.unfinished / name, folder / name)
        if task.calibrates:
            task.save(run.task_path)
        shutil.copy(keeper.history_path, folder)
        measured = {"split": split, "examples": batches.examples, "metrics": metrics, **report}
        write_measured(run, config, measured)
