"""Training: from the name of an architecture to a trained run. Independent of particular architectures and tasks."""

import logging
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.lock import run_lock
from keras_rnn_zoo.artifacts.model_card import model_card
from keras_rnn_zoo.artifacts.publish_run import atomic_run, check_config, write_config
from keras_rnn_zoo.artifacts.run import STATE, Run, is_resumable
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.atomic_files import remove_partial, translate_os_errors, write_json, write_text
from keras_rnn_zoo.batching.batches import Batches, make_batches
from keras_rnn_zoo.datasets._prepared import translate_record_errors
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.errors import DataError, TrainingError, TrainingInterrupted
from keras_rnn_zoo.inference import rebuild
from keras_rnn_zoo.inference.evaluate import BATCH_SIZE as EVALUATION_BATCH_SIZE
from keras_rnn_zoo.inference.evaluate import score
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.tasks.task import Task
from keras_rnn_zoo.training.allocation import freed_memory_kept
from keras_rnn_zoo.training.checkpoint import write_model
from keras_rnn_zoo.training.plan import Plan, Request, make_plan
from keras_rnn_zoo.training.small_data import ADAPTED, adapted_settings, enough_examples, tie
from keras_rnn_zoo.training.subsampling import choose_subsampling

if TYPE_CHECKING:
    from keras_rnn_zoo.training.callbacks import BestCheckpoint

logger = logging.getLogger(__name__)


def train(
    name: str,
    *,
    dataset: str | registry.Dataset | None = None,
    data_dir: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    patience: int | None = None,
    seed: int | None = None,
    run: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    save_every_steps: int | None = None,
    deterministic: bool | None = None,
    models_dir: str | None = None,
    verbose: int | str = "auto",
    **options: Any,
) -> Run:
    """Trains an architecture on a dataset, evaluates it on the test split and writes the run.

    Args:
        name: the architecture's name or an alias.
        dataset: the dataset's name, the address of your own files, such as `csv:reviews.csv`, or a dataset that
            `registry.find_dataset` returned; by default, the architecture's embedded dataset.
        data_dir: folder of prepared TFDS datasets; by default, that of TFDS.
        epochs: maximum number of passes over the training split; see `patience`.
        batch_size: number of examples in a batch.
        learning_rate: the optimizer's initial learning rate, which decays to zero along a cosine.
        patience: number of epochs without improvement on the validation split after which training stops; 0 trains all
            epochs. For files with few examples, the defaults of `epochs`, `batch_size` and `patience` are adapted, so
            that there are enough optimizer steps.
        seed: seed of the weights, the order of the examples, dropout and the validation split.
        run: name of the run; by default, that of the architecture.
        resume: whether to resume an interrupted training, with its settings.
        overwrite: whether to discard an unfinished training of the same name.
        save_every_steps: number of steps between checkpoints within an epoch; by default, a checkpoint is saved only at
            the end of each epoch.
        deterministic: whether TensorFlow uses only deterministic operations, some of which are slower. This stays in
            effect until the process ends.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.
        verbose: as in `keras.Model.fit`: 0 for no output, 1 for a progress bar, 2 for a line per epoch.
        **options: options of the architecture, the task and the dataset, as listed by `zoo show NAME --dataset D`. For
            files, these include `columns`, `validation`, `test` and `skip_bad_rows`.

    Returns:
        The run. An earlier finished run of the same name is kept next to it, as `<run>.1`.

    Raises:
        UnknownNameError: the architecture or dataset is unknown.
        OptionError: an option is unknown, or its value is invalid.
        DataError: the dataset cannot be read.
        RunError: there is an unfinished training of this name, or none to resume; or another process writes the run.
        TrainingError: the loss is not finite, or a file cannot be written after a checkpoint was saved.
        TrainingInterrupted: Ctrl-C was pressed. After at least one epoch, the best weights so far are kept as the run.
            The attribute `resumable` states whether the training can be resumed.
    """
    settings = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    settings |= {"patience": patience, "save_every_steps": save_every_steps, "deterministic": deterministic}
    request = Request(name, dataset, data_dir, settings, options, run, models_dir)
    with run_lock(request.path):
        plan = make_plan(request, resume=resume, overwrite=overwrite)
        progress = _Progress(plan)
        try:
            with translate_record_errors(plan.config.dataset.name), translate_os_errors(), freed_memory_kept():
                _train(progress, verbose)
        except KeyboardInterrupt:  # Ctrl-C before the first step, or pressed again.
            kept = _resume_advice(progress, "no checkpoint of it was saved")
            raise TrainingInterrupted(
                f"The training was interrupted: {kept}.", resumable=progress.has_checkpoint
            ) from None
        except OSError as error:
            if not progress.has_checkpoint:
                raise
            raise TrainingError(
                f"The training of {plan.path.name!r} stopped: the system reported {error}. Its last checkpoint is in "
                f"{plan.unfinished}. Fix that and continue with --resume."
            ) from error
        finally:
            if not is_resumable(plan.path):
                shutil.rmtree(plan.unfinished, ignore_errors=True)
        return Run(plan.path)


@dataclass
class _Progress:
    """A training in progress.

    Attributes:
        plan: the plan.
        config: the description of the run, as far as it is known.
        begun: whether the unfinished folder on disk belongs to this training. That of an earlier training is kept until
            the data is open.
    """

    plan: Plan
    config: RunConfig = field(init=False)
    begun: bool = field(init=False)

    def __post_init__(self) -> None:
        self.config, self.begun = self.plan.config, self.plan.resumed

    @property
    def has_checkpoint(self) -> bool:
        """Whether a checkpoint of this training was saved, to resume it from."""
        return self.begun and is_resumable(self.plan.path)


def _resume_advice(progress: _Progress, otherwise: str) -> str:
    return "its checkpoint is saved; resume the training to continue" if progress.has_checkpoint else otherwise


def _train(progress: _Progress, verbose: int | str) -> None:
    # Open the data first, so that missing data is reported before a framework is loaded.
    examples = _open_examples(progress)
    _adapt_settings(progress, examples)
    if progress.config.training.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(progress.config.seed)
    task = _fitted_task(progress, examples)

    from keras_rnn_zoo.training.callbacks import BestCheckpoint
    from keras_rnn_zoo.training.fit import fit

    plan, config = progress.plan, progress.config
    training, validation = _make_batches(config, task, examples)
    architecture = registry.architectures.get(config.architecture)
    model = architecture.make(**{**config.options, **task.model_options()})
    if not plan.resumed:
        task.prepare_model(model)
    logger.info("%s: %s weights.", model.name, f"{model.count_params():,}")
    loaded = LoadedRun(Run(plan.unfinished), task, model)
    tie_margin = tie(validation.examples) if task.counts_examples else 0.0
    keeper = BestCheckpoint(plan.unfinished, task.monitor, task.monitor_mode, config.training.patience, tie_margin)
    try:
        fit(plan.unfinished, config.training, model, task, keeper, training, validation, verbose, resume=plan.resumed)
        test = make_batches(examples.split("test"), task, EVALUATION_BATCH_SIZE, references=True)
        _write_run(progress, loaded, keeper, "test", test)
    except KeyboardInterrupt:
        message = _keep_interrupted(progress, loaded, keeper, examples)
        raise TrainingInterrupted(message, resumable=progress.has_checkpoint) from None
    _remove_unfinished(plan)


def _remove_unfinished(plan: Plan) -> None:
    """Removes the checkpoint and the rest of the unfinished folder."""
    # Delete the checkpoint first: without it, `--resume` ignores whatever is left if the process is killed here.
    (plan.unfinished / STATE).unlink(missing_ok=True)
    shutil.rmtree(plan.unfinished)


def _open_examples(progress: _Progress) -> Examples:
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


def _adapt_settings(progress: _Progress, examples: Examples) -> None:
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
            "With %s training examples, the defaults are %s.",
            f"{count:,}",
            ", ".join(f"{name}={getattr(adapted, name)}" for name in ADAPTED if name in free),
        )
    progress.config = replace(progress.config, training=adapted)


def _fitted_task(progress: _Progress, examples: Examples) -> Task:
    """Returns the task, fitted on the training split, or restored if the training is resumed."""
    plan, config = progress.plan, progress.config
    task = rebuild.make_task(config.task)
    run = Run(plan.unfinished)
    if plan.resumed:
        logger.info("Resuming the training of %s.", plan.path.name)
        remove_partial(run.path)
        task.load(run.task_path)
        return task
    shutil.rmtree(run.path, ignore_errors=True)
    run.task_path.mkdir(parents=True)
    logger.info("%s: %s.", config.dataset.name, task.fit(examples.split("train")))
    task.save(run.task_path)
    if examples.report:
        examples.report(task)
    options = dict(config.options)
    if "subsampling" in plan.free:
        options["subsampling"], reason = choose_subsampling(examples, task)
        logger.info("%s", reason)
    versions = {**config.versions, "backend": keras.backend.backend()}
    progress.config = replace(config, options=options, versions=versions)
    progress.begun = True
    write_config(run, progress.config)
    return task


def _make_batches(config: RunConfig, task: Task, examples: Examples) -> tuple[Batches, Batches]:
    batch_size = config.training.batch_size
    training = make_batches(examples.split("train"), task, batch_size, shuffle_seed=config.seed)
    validation = make_batches(examples.split("validation"), task, EVALUATION_BATCH_SIZE)
    logger.info(
        "%s: %s training examples, in %s batches of up to %s with %.1f%% padding; %s validation examples.",
        config.dataset.name,
        f"{training.examples:,}",
        f"{training.count:,}",
        batch_size,
        100 * training.padding,
        f"{validation.examples:,}",
    )
    return training, validation


def _keep_interrupted(progress: _Progress, loaded: LoadedRun, keeper: "BestCheckpoint", examples: Examples) -> str:
    """Writes the best weights so far as the run, and returns a message for the user."""
    if not keeper.rows:
        return f"Interrupted before the end of the first epoch: {_resume_advice(progress, 'nothing was saved')}."
    validation = make_batches(examples.split("validation"), loaded.task, EVALUATION_BATCH_SIZE, references=True)
    _write_run(progress, loaded, keeper, "validation", validation)
    advice = "; resume the training to continue" if progress.has_checkpoint else ""
    path = progress.plan.path
    return (
        f"Interrupted after epoch {len(keeper.rows)} of {progress.config.training.epochs}. The best weights so far "
        f"are the run {path.name!r} in {path.parent}{advice}."
    )


def _write_run(progress: _Progress, loaded: LoadedRun, keeper: "BestCheckpoint", split: str, batches: Batches) -> None:
    """Writes the run's folder, with the best weights and their metrics on the given split."""
    keeper.load_best(loaded.model)
    metrics, report = score(loaded.task, loaded.to_logits, loaded.outputs, batches)
    plan = progress.plan
    config = replace(
        progress.config,
        finished=split == "test",
        epochs_trained=len(keeper.rows),
        best_epoch=int(keeper.best["epoch"]),
    )
    with atomic_run(plan.path, again=plan.resumed) as folder:
        run = Run(folder)
        write_model(loaded.model, run.model_path)
        for name in ("task", "logs"):
            shutil.copytree(plan.unfinished / name, folder / name)
        shutil.copy(keeper.history_path, folder)
        write_json(
            folder / "metrics.json", {"split": split, "examples": batches.examples, "metrics": metrics, **report}
        )
        write_text(folder / "README.md", model_card(config, run.metrics))
        write_config(run, config)
