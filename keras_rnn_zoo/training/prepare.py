"""The steps of a training before the first epoch: data, settings that depend on it, task, batches, model."""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.example_input import write_example
from keras_rnn_zoo.artifacts.publish_run import check_config, write_config
from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.atomic_files import remove_partial
from keras_rnn_zoo.batching.batches import Batches, make_batches
from keras_rnn_zoo.batching.share import Share
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.display.printing import quantity
from keras_rnn_zoo.display.spelling import spelled
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.inference import rebuild
from keras_rnn_zoo.inference.evaluate import BATCH_SIZE as EVALUATION_BATCH_SIZE
from keras_rnn_zoo.inference.load import LoadedRun, load_run
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks.task import Task, raw_alone
from keras_rnn_zoo.training.handover import hand_over, take_over
from keras_rnn_zoo.training.progress import Progress
from keras_rnn_zoo.training.small_data import ADAPTED, adapted_settings, enough_examples
from keras_rnn_zoo.training.subsampling import choose_subsampling
from keras_rnn_zoo.training.word_vectors import read_vectors

logger = logging.getLogger(__name__)


def open_data(progress: Progress) -> tuple[Examples, Task, LoadedRun | None]:
    """Returns the dataset, the fitted task, and the run that the training starts from.

    Of several processes, process 0 checks the data and fits the task, and tells the others what it found.
    """
    peers, plan = progress.peers, progress.plan
    peers.require_equal("settings", progress.fingerprint)
    with peers.together("data of process 0"):
        if peers.chief:
            # Open the data first, so that missing data is reported before a framework is loaded.
            examples = open_examples(progress)
            adapt_settings(progress, examples)
            peers.check_batch_size(progress.config.training.batch_size)
        _set_up(progress.config)
        source = load_run(plan.source) if plan.source else None
        if peers.chief:
            task = fitted_task(progress, examples, source)
    if peers.count > 1:
        packed = peers.from_chief(hand_over(progress) if peers.chief else b"")
        with peers.together("data"):
            if not peers.chief:
                examples, task = take_over(progress, packed)
        peers.require_equal("data and settings", progress.fingerprint)
    return examples, task, source


def _set_up(config: RunConfig) -> None:
    if config.training.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(config.seed)


def open_examples(progress: Progress) -> Examples:
    """Opens the dataset; raises `DataError` if it differs from the one that a resumed training began with."""
    config = progress.config
    examples = rebuild.open_examples(config, config.dataset.data_dir, progress.plan.dataset)
    opened = replace(config.dataset, version=examples.version, checksum=examples.checksum, recorded=examples.recorded)
    if progress.plan.resumed and opened != config.dataset:
        raise DataError(
            f"The dataset {config.dataset.name!r} differs from the one this training began with (SHA-256 "
            f"{examples.checksum}; then {config.dataset.checksum}). Restore that data, or start again with --overwrite."
        )
    progress.config = replace(config, dataset=opened, task=replace(config.task, classes=examples.classes))
    check_config(progress.config)
    return examples


def adapt_settings(progress: Progress, examples: Examples) -> None:
    """Adapts the settings that the user did not set to the number of training examples."""
    settings = progress.config.training
    free = progress.plan.free & ADAPTED.keys()
    if not free:
        return
    training, enough = examples.split("train"), enough_examples(settings)
    count = int(training.cardinality())
    if count < 0:
        count = int(training.take(enough).reduce(np.int64(0), lambda total, *_: total + 1))
    adapted = adapted_settings(count, settings, free)
    if adapted != settings:
        logger.info(
            "With %s, the defaults are %s.",
            quantity(count, "training example"),
            ", ".join(f"{name}={getattr(adapted, name)}" for name in ADAPTED if name in free),
        )
    progress.config = replace(progress.config, training=adapted)


def fitted_task(progress: Progress, examples: Examples, source: LoadedRun | None = None) -> Task:
    """Returns the task, fitted on the training split, or restored if the training is resumed.

    Args:
        progress: the training.
        examples: the dataset.
        source: the run that the training starts from, whose vocabularies the task takes over, if any.
    """
    plan, config = progress.plan, progress.config
    task = rebuild.make_task(config.task)
    run = Run(plan.unfinished)
    if plan.resumed:
        logger.info("Resuming the training of %s.", plan.path.name)
        if progress.peers.chief:
            remove_partial(run.path)
        task.load(run.task_path)
        return task
    if progress.peers.chief:
        shutil.rmtree(run.path, ignore_errors=True)
        run.task_path.mkdir(parents=True)
    if source:
        _check_options(config, source)
    logger.info("%s: %s.", config.dataset.name, task.fit(examples.split("train")))
    if source:
        _take_vocabularies(task, source, config)
    progress.vectors = read_vectors(task.reader)
    if examples.report and plan.reports:
        examples.report(task)
    options = dict(config.options)
    if "subsampling" in plan.free:
        options["subsampling"], reason = choose_subsampling(examples, task)
        logger.info("%s", spelled(reason))
    versions = {**config.versions, "backend": keras.backend.backend()}
    progress.config = replace(config, options=options, versions=versions)
    progress.begun = True
    if progress.peers.chief:
        task.save(run.task_path)
        write_example(run.path, task.reader.as_file, raw_alone(examples.split("test")).as_numpy_iterator())
        write_config(run, progress.config)
    return task


def _check_options(config: RunConfig, source: LoadedRun) -> None:
    from keras_rnn_zoo.training.fine_tuning import check_options

    check_options(config, source)


def _take_vocabularies(task: Task, source: LoadedRun, config: RunConfig) -> None:
    from keras_rnn_zoo.training.fine_tuning import take_vocabularies

    if taken := take_vocabularies(task, source.task, config.training):
        logger.info("With the vocabulary of the run %s: %s.", source.run.name, taken)


def split_batches(
    config: RunConfig, task: Task, examples: Examples, share: Share | None = None
) -> tuple[Batches, Batches]:
    """Returns the batches of the training split and those of the validation split; see `make_batches` for `share`."""
    batch_size = config.training.batch_size
    training = make_batches(examples.split("train"), task, batch_size, shuffle_seed=config.seed, share=share)
    validation = make_batches(examples.split("validation"), task, EVALUATION_BATCH_SIZE, share=share)
    logger.info(
        "%s: %s, in %s of up to %s with %.1f%% padding; %s.",
        config.dataset.name,
        quantity(training.examples, "training example"),
        quantity(training.count, "batch", "batches"),
        batch_size,
        100 * training.padding,
        quantity(validation.examples, "validation example"),
    )
    return training, validation


def make_model(config: RunConfig, task: Task) -> Any:
    """Builds the untrained model of a training, which computes by its dtype policy."""
    architecture = registry.architectures.get(config.architecture)
    with _global_policy(config.training.dtype_policy):
        return architecture.make(**{**config.options, **task.model_options()})


@contextlib.contextmanager
def _global_policy(name: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
